// CDS: the clusters a proxy holds. Outbound clusters are built once for all proxies of a scope, and those of a service
// once for as long as the service and its DestinationRule stay the same objects; only inbound ones are a proxy's own.
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Proxy } from "../model/proxy.ts";
import type { ServicePort } from "../model/service.ts";
import type { MergedDestinationRule, Snapshot } from "../model/snapshot.ts";
import { SharedResults } from "./cache.ts";
import { fixedClusters } from "./cluster/fixed.ts";
import { inboundClusters } from "./cluster/inbound.ts";
import { outboundClusters } from "./cluster/outbound.ts";
import { effectivePolicy } from "./cluster/traffic-policy.ts";
import { clusterEndpoints, viewerKey } from "./endpoint.ts";
import { grpcClusters } from "./grpc.ts";
import { meshOf } from "./mesh.ts";
import { callerKey, endpointsOf, ruleFor, type ScopedService, scopeOf } from "./scope.ts";
import type { Translated } from "./translated.ts";

const OF_SCOPE = new SharedResults<readonly Translated<Cluster>[]>();
const OF_PORT = new SharedResults<readonly Translated<Cluster>[]>();

/** Every cluster of `proxy`, in a stable order; names are unique. */
export function clusters(proxy: Proxy, snapshot: Snapshot): readonly Translated<Cluster>[] {
  if (proxy.type === "grpc") return grpcClusters(proxy, snapshot);
  const fixed = fixedClusters(meshOf(snapshot));
  const outbound = outboundOf(proxy, snapshot);
  // Gateways have no original destination to pass through to.
  if (proxy.type === "router") return [...outbound, fixed.blackHole];
  return [
    ...outbound,
    fixed.blackHole,
    fixed.passthrough,
    ...inboundClusters(proxy, snapshot),
    fixed.inboundPassthrough,
  ];
}

function outboundOf(proxy: Proxy, snapshot: Snapshot): readonly Translated<Cluster>[] {
  const scope = scopeOf(proxy, snapshot);
  // DNS clusters carry their endpoints, which are ordered by the proxy's place: those are not shared across places.
  const place = scope.services.some(({ service }) => isDns(service.resolution))
    ? JSON.stringify([proxy.locality, Object.entries(proxy.labels).sort()])
    : callerKey(proxy, scope, snapshot);
  return OF_SCOPE.get(scope, [endpointsOf(scope, snapshot)], `${proxy.type} ${place}`, () =>
    scope.services.flatMap((scoped) => clustersOfService(scoped, proxy, snapshot)),
  );
}

function isDns(resolution: string): boolean {
  return resolution === "dns" || resolution === "dnsRoundRobin";
}

function clustersOfService(
  { service, ports }: ScopedService,
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Cluster>[] {
  const rule = ruleFor(service, proxy, snapshot);
  return ports
    .filter(({ protocol }) => protocol !== "UDP")
    .flatMap((port) => clustersOfPort({ service, ports }, port, rule, proxy, snapshot));
}

function clustersOfPort(
  { service }: ScopedService,
  port: ServicePort,
  rule: MergedDestinationRule | undefined,
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Cluster>[] {
  const mesh = meshOf(snapshot);
  const isGateway = proxy.type === "router";
  const hasInline = isDns(service.resolution);
  const all = hasInline ? snapshot.endpoints(service, port) : undefined;
  const policies = [undefined, ...(rule?.spec.subsets ?? [])].map((subset) =>
    effectivePolicy(rule, port.number, subset),
  );
  const viewers = hasInline ? policies.map((policy) => viewerKey(proxy, policy, mesh)) : [];
  return OF_PORT.get(port, [service, rule, mesh, all], `${isGateway} ${viewers.join()}`, () =>
    outboundClusters({
      service,
      port,
      rule,
      mesh,
      isGateway,
      inline: (subset, policy) => clusterEndpoints(all ?? [], port, subset, policy, mesh, proxy),
    }),
  );
}
