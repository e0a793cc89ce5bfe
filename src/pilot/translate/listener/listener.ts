// LDS: the listeners a proxy holds.
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { SharedResults } from "../cache.ts";
import { grpcListeners } from "../grpc.ts";
import { meshOf } from "../mesh.ts";
import { callerKey, endpointsOf, type Scope, scopeOf } from "../scope.ts";
import type { Translated } from "../translated.ts";
import { accessLogFile } from "./access-log.ts";
import { routerListeners } from "./gateway.ts";
import { hostSidecarListeners } from "./host-sidecar.ts";
import { httpProxyListener } from "./http-proxy.ts";
import { inboundListeners } from "./inbound.ts";
import { outboundListeners } from "./outbound.ts";
import { virtualOutbound } from "./virtual-outbound.ts";

/** Every listener of `proxy`, in a stable order; names are unique. */
export function listeners(proxy: Proxy, snapshot: Snapshot): readonly Translated<Listener>[] {
  switch (proxy.type) {
    case "grpc":
      return grpcListeners(proxy, snapshot);
    case "router":
      return routerListeners(proxy, snapshot);
    case "sidecar":
      return sidecarListeners(proxy, snapshot);
  }
}

function sidecarListeners(proxy: Proxy, snapshot: Snapshot): readonly Translated<Listener>[] {
  const scope = scopeOf(proxy, snapshot);
  const httpProxy = httpProxyListener(proxy, snapshot);
  const all = [
    ...inboundListeners(proxy, snapshot),
    ...(proxy.isHostSidecar
      ? hostSidecarListeners(scope, proxy, snapshot)
      : sharedOutbound(scope, proxy, snapshot)),
    ...(httpProxy === undefined ? [] : [httpProxy]),
    ...(proxy.interceptionMode === "NONE" ? [] : [virtualOutbound(scope, proxy, snapshot)]),
  ];
  return unique(all);
}

const OUTBOUND = new SharedResults<readonly Translated<Listener>[]>();

/** Sidecars of one scope differ in their outbound listeners only by address, own ports and log file. */
function sharedOutbound(
  scope: Scope,
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Listener>[] {
  const key = JSON.stringify([
    proxy.interceptionMode,
    proxy.ipAddresses,
    proxy.workloadPorts,
    proxy.autoRegisterGroup !== undefined,
    proxy.metadata["HTTP_PROXY_PORT"] ?? null,
    proxy.metadata["UNPRIVILEGED_POD"] ?? null,
    accessLogFile(proxy, meshOf(snapshot)),
    callerKey(proxy, scope, snapshot),
  ]);
  return OUTBOUND.get(scope, [endpointsOf(scope, snapshot)], key, () =>
    outboundListeners(scope, proxy, snapshot),
  );
}

/** A Sidecar's ingress and egress may name the same place: Envoy would refuse the second listener, and all others with it. */
function unique(all: readonly Translated<Listener>[]): readonly Translated<Listener>[] {
  const byName = new Map<string, Translated<Listener>>();
  for (const listener of all) if (!byName.has(listener.name)) byName.set(listener.name, listener);
  return [...byName.values()];
}
