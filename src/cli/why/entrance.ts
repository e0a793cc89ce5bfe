// By which door of a proxy a request of the command line comes in.
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import type { Entrance, ExplainedRequest } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import type { WantedRequest } from "./wanted-request.ts";

/** A sidecar's program asks through the HTTP proxy, where there is one; whoever asks a gateway, or without a sidecar, by address. */
export function toExplained(
  wanted: WantedRequest,
  configuration: ProxyConfiguration,
): ExplainedRequest {
  const { method, scheme, path, headers } = wanted;
  const target = wanted.target ?? firstDoor(configuration);
  const written = target === undefined ? "" : `${target.host}:${target.port}`;
  const authority = wanted.authority === "" ? written : wanted.authority;
  return { method, scheme, authority, path, headers, entrance: entranceOf(configuration, target) };
}

function entranceOf(configuration: ProxyConfiguration, target: WantedRequest["target"]): Entrance {
  if (target === undefined) return { kind: "httpProxy" };
  const host = target.host === "localhost" ? "127.0.0.1" : target.host;
  const { port } = target;
  if (hasHttpProxy(configuration) && !hasListener(configuration, host, port)) {
    return { kind: "httpProxy" };
  }
  return { kind: "address", host, port };
}

/** Somebody who names just this address goes there, and asks no HTTP proxy. */
function hasListener({ listeners }: ProxyConfiguration, host: string, port: number): boolean {
  return listeners.some(({ address }) => {
    const at = address?.address;
    if (at?.case !== "socketAddress" || at.value.address !== host) return false;
    return at.value.portSpecifier.case === "portValue" && at.value.portSpecifier.value === port;
  });
}

/** By Istio's name of the routes that only this listener asks for. */
function hasHttpProxy({ routes }: ProxyConfiguration): boolean {
  return routes.some(({ name }) => name === "http_proxy");
}

/** Where a path alone is asked for: the first address that the proxy serves others at. */
function firstDoor({ listeners }: ProxyConfiguration): WantedRequest["target"] {
  for (const { address, trafficDirection } of listeners) {
    const at = address?.address;
    if (at?.case !== "socketAddress" || trafficDirection === TrafficDirection.INBOUND) continue;
    const { portSpecifier } = at.value;
    if (portSpecifier.case !== "portValue") continue;
    const host = at.value.address === "0.0.0.0" ? "127.0.0.1" : at.value.address;
    return { host, port: portSpecifier.value };
  }
  return undefined;
}
