// One request of a test case as its proxy meets it: by which door, which is decided by the port that is called.
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import type { Entrance, ExplainedRequest } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { parseOutboundCluster } from "#pilot/translate/names.ts";
import { isHost } from "../client/destination-name.ts";
import type { TestedProxy } from "./configuration-source.ts";
import type { TestRequest } from "./test-case.ts";

/** What tells the requests of a case apart. */
export interface TestInput {
  readonly authority: string;
  readonly method: string;
  readonly uri: string;
}

export function inputsOf({ authority, method, uri }: TestRequest): TestInput[] {
  return uri.flatMap((path) =>
    authority.flatMap((host) =>
      method.map((verb) => ({ authority: host, method: verb, uri: path })),
    ),
  );
}

export function toRequest(
  input: TestInput,
  { headers, scheme, port }: TestRequest,
  proxy: TestedProxy,
): ExplainedRequest {
  const { method, uri, authority } = input;
  return {
    method,
    scheme,
    authority,
    path: uri,
    headers,
    entrance: entranceOf(authority, port, scheme, proxy),
  };
}

function entranceOf(
  authority: string,
  port: number | undefined,
  scheme: "http" | "https",
  proxy: TestedProxy,
): Entrance {
  const { configuration, namespace } = proxy;
  const [, host = authority, written] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  const called = port ?? (written === undefined ? undefined : Number(written));
  const wanted =
    called ?? onlyPortOf(host, configuration, namespace) ?? (scheme === "https" ? 443 : 80);
  const listening = outsidePorts(configuration);
  if (listening.has(wanted)) return { kind: "listener", name: listening.get(wanted) ?? "" };
  // A gateway with one door has no other.
  if (called === undefined && listening.size === 1) {
    return { kind: "listener", name: [...listening.values()][0] ?? "" };
  }
  return { kind: "httpProxy" };
}

/** The port of the service, if it has one only. */
function onlyPortOf(
  host: string,
  { clusters }: ProxyConfiguration,
  namespace: string,
): number | undefined {
  const ports = new Set<number>();
  for (const { name } of clusters) {
    const outbound = parseOutboundCluster(name);
    if (outbound === undefined || !isHost(host, outbound.hostname, [namespace])) continue;
    ports.add(outbound.port);
  }
  return ports.size === 1 ? [...ports][0] : undefined;
}

/** Port -> listener by which requests leave a sidecar or enter a gateway; the first of several. */
function outsidePorts({ listeners }: ProxyConfiguration): ReadonlyMap<number, string> {
  const ports = new Map<number, string>();
  for (const { name, address, trafficDirection } of listeners) {
    const at = address?.address;
    if (trafficDirection === TrafficDirection.INBOUND || at?.case !== "socketAddress") continue;
    const { portSpecifier } = at.value;
    if (portSpecifier.case !== "portValue" || ports.has(portSpecifier.value)) continue;
    ports.set(portSpecifier.value, name);
  }
  return ports;
}
