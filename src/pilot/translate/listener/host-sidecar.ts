// Listeners of the host sidecar: each service on its own virtual address and port, for programs that have no sidecar.
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { hostsMatch } from "../../model/hostname.ts";
import { isTls, listenerProtocol } from "../../model/protocol.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Service, ServicePort } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { meshOf } from "../mesh.ts";
import { hostWithPort, listenerName, MESH_GATEWAY, outboundCluster } from "../names.ts";
import { ruleFor, type Scope } from "../scope.ts";
import { Sources, type Translated } from "../translated.ts";
import { accessLogs } from "./access-log.ts";
import { isLoopback } from "./bind.ts";
import { buildListener } from "./build.ts";
import { type Chain, chain, withoutOverlaps } from "./chain.ts";
import { httpConnectionManager } from "./http-connection-manager.ts";
import { observationOf } from "./observation.ts";
import { tcpProxy } from "./tcp-proxy.ts";
import { type ConnectionContext, tcpChains } from "./tcp-route.ts";

/** Services without a loopback address are left out: this machine cannot listen for them. */
export function hostSidecarListeners(
  scope: Scope,
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Listener>[] {
  const listeners = new Map<string, Translated<Listener>>();
  for (const { service, ports } of scope.services) {
    const address = virtualAddress(service);
    if (address === undefined) continue;
    for (const port of ports) {
      const name = listenerName(address, port.number);
      if (listenerProtocol(port.protocol) === "none" || listeners.has(name)) continue;
      listeners.set(
        name,
        serviceListener(name, address, service, port, { scope, proxy, snapshot }),
      );
    }
  }
  return [...listeners.values()];
}

export function virtualAddress(service: Service): string | undefined {
  const [first] = service.addresses;
  return first !== undefined && isLoopback(first) && !first.includes("/")
    ? first
    : service.autoAddress;
}

interface World {
  readonly scope: Scope;
  readonly proxy: Proxy;
  readonly snapshot: Snapshot;
}

function serviceListener(
  name: string,
  address: string,
  service: Service,
  port: ServicePort,
  world: World,
): Translated<Listener> {
  const sources = new Sources();
  sources.service(service);
  const kind = listenerProtocol(port.protocol);
  const chains: Chain[] = [];
  if (kind !== "http") chains.push(...connectionChains(service, port, world, sources));
  if (kind !== "tcp") chains.push(httpChain(name, service, port, kind === "auto", world));
  const message = buildListener({
    name,
    bind: address,
    port: port.number,
    direction: "outbound",
    bindsPort: true,
    chains: withoutOverlaps(chains),
    fallthrough: undefined,
  });
  return { name, message, sources: sources.list() };
}

/** Nothing but this service can be meant by its address, so the route configuration is its own and takes every Host. */
function httpChain(
  name: string,
  service: Service,
  port: ServicePort,
  onlyHttp: boolean,
  { proxy, snapshot }: World,
): Chain {
  const filter = httpConnectionManager({
    statPrefix: `outbound_${name}`,
    route: { kind: "rds", name: hostWithPort(service.hostname, port.number) },
    useRemoteAddress: false,
    isHttpProxy: false,
    observation: observationOf(proxy, meshOf(snapshot), "outbound"),
  });
  return chain(filter, { onlyHttp });
}

function connectionChains(
  service: Service,
  port: ServicePort,
  { scope, proxy, snapshot }: World,
  sources: Sources,
): readonly Chain[] {
  const logs = accessLogs(proxy, meshOf(snapshot));
  const context: ConnectionContext = {
    proxy,
    snapshot,
    listenerPort: port.number,
    gateway: MESH_GATEWAY,
    accessLogs: logs,
    sources,
  };
  const virtualServices = scope.egress
    .flatMap((egress) => egress.virtualServices)
    .filter(({ hosts }) => hosts.some((host) => hostsMatch(host, service.hostname)));
  const routed = isTls(port.protocol)
    ? { chains: [], isComplete: false }
    : tcpChains(virtualServices, [], context);
  if (routed.isComplete) return routed.chains;
  const rule = ruleFor(service, proxy, snapshot);
  sources.destinationRule(rule);
  const cluster = outboundCluster(port.number, "", service.hostname);
  const targets = [{ cluster, weight: 1 }];
  const filter = tcpProxy({ statPrefix: cluster, targets, rule, subset: "", accessLogs: logs });
  return [...routed.chains, chain(filter)];
}
