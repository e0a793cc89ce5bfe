// The listener that serves as an HTTP proxy for the program beside the sidecar (HTTP_PROXY=http://…:15001).
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { meshOf } from "../mesh.ts";
import { HTTP_PROXY_ROUTE, LOCALHOST, listenerName } from "../names.ts";
import type { Translated } from "../translated.ts";
import { bindAddress, httpProxyPort } from "./bind.ts";
import { buildListener } from "./build.ts";
import { chain } from "./chain.ts";
import { httpConnectionManager } from "./http-connection-manager.ts";
import { observationOf } from "./observation.ts";

export function httpProxyListener(
  proxy: Proxy,
  snapshot: Snapshot,
): Translated<Listener> | undefined {
  const mesh = meshOf(snapshot);
  const port = httpProxyPort(proxy, mesh.proxyHttpPort);
  if (port === 0) return undefined;
  const name = listenerName(LOCALHOST, port);
  const filter = httpConnectionManager({
    statPrefix: `outbound_${name}`,
    route: { kind: "rds", name: HTTP_PROXY_ROUTE },
    useRemoteAddress: false,
    isHttpProxy: true,
    observation: observationOf(proxy, mesh, "outbound"),
  });
  const message = buildListener({
    name,
    bind: bindAddress(proxy, LOCALHOST),
    port,
    direction: "outbound",
    bindsPort: true,
    chains: [chain(filter)],
    fallthrough: undefined,
  });
  return { name, message, sources: [] };
}
