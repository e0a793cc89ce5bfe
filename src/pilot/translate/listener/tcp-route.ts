// What VirtualServices say about connections: tcp and tls routes as filter chains, with what can be decided here decided.
import type { AccessLog } from "#api/envoy/config/accesslog/v3/accesslog_pb.ts";
import type { Filter } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import type {
  L4MatchAttributes,
  RouteDestination,
  TLSMatchAttributes,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { resolveGateway } from "../../model/hostname.ts";
import { selects } from "../../model/labels.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { destinationLookup } from "../route/destination.ts";
import { ruleFor } from "../scope.ts";
import type { Sources } from "../translated.ts";
import type { ResolvedVirtualService } from "../virtual-service.ts";
import { type Chain, chain } from "./chain.ts";
import { tcpProxy } from "./tcp-proxy.ts";

/** Who asks, and through what. */
export interface ConnectionContext {
  readonly proxy: Proxy;
  readonly snapshot: Snapshot;
  readonly listenerPort: number;
  /** "mesh", or "namespace/name" of a Gateway. */
  readonly gateway: string;
  readonly accessLogs: readonly AccessLog[];
  readonly sources: Sources;
}

export function isMeant(
  match: L4MatchAttributes | TLSMatchAttributes,
  { object }: ResolvedVirtualService,
  context: ConnectionContext,
): boolean {
  const { proxy, listenerPort, gateway } = context;
  return (
    (match.port === 0 || match.port === listenerPort) &&
    (match.gateways.length === 0 ||
      match.gateways.some((name) => resolveGateway(name, object.namespace) === gateway)) &&
    selects(match.sourceLabels, proxy.labels) &&
    (match.sourceNamespace === "" || match.sourceNamespace === proxy.namespace)
  );
}

/** Chains for the tcp routes of `virtualServices`, until one takes everything that `cidrs` allows. */
export function tcpChains(
  virtualServices: readonly ResolvedVirtualService[],
  cidrs: readonly string[],
  context: ConnectionContext,
): { readonly chains: readonly Chain[]; readonly isComplete: boolean } {
  const chains: Chain[] = [];
  for (const virtualService of virtualServices) {
    for (const { match, route } of virtualService.spec.tcp) {
      if (route.length === 0) continue;
      const meant = match.filter((candidate) => isMeant(candidate, virtualService, context));
      if (match.length > 0 && meant.length === 0) continue;
      context.sources.object(virtualService.object);
      const { object } = virtualService;
      const filter = routeFilter(route, virtualService, context);
      if (
        meant.length === 0 ||
        meant.some(({ destinationSubnets }) => destinationSubnets.length === 0)
      ) {
        chains.push(chain(filter, { object, cidrs }));
        return { chains, isComplete: true };
      }
      const subnets = meant.flatMap(({ destinationSubnets }) => destinationSubnets);
      chains.push(chain(filter, { object, cidrs: subnets }));
      // The service's own chain would match the same and Envoy would refuse both.
      if (sameSet(subnets, cidrs)) return { chains, isComplete: true };
    }
  }
  return { chains, isComplete: false };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

/** Chains for the tls routes, by server name. */
export function tlsChains(
  virtualServices: readonly ResolvedVirtualService[],
  cidrs: readonly string[],
  context: ConnectionContext,
): readonly Chain[] {
  const chains: Chain[] = [];
  for (const virtualService of virtualServices) {
    for (const { match, route } of virtualService.spec.tls) {
      if (route.length === 0) continue;
      for (const candidate of match) {
        if (!isMeant(candidate, virtualService, context)) continue;
        const { sniHosts, destinationSubnets } = candidate;
        context.sources.object(virtualService.object);
        chains.push(
          chain(routeFilter(route, virtualService, context), {
            object: virtualService.object,
            sniHosts,
            cidrs: destinationSubnets.length > 0 ? destinationSubnets : cidrs,
          }),
        );
      }
    }
  }
  return chains;
}

/** A TCP proxy to the route's destinations; the first one's DestinationRule sets its limits, as in Istio. */
export function routeFilter(
  route: readonly RouteDestination[],
  virtualService: ResolvedVirtualService,
  context: ConnectionContext,
): Filter {
  const { proxy, snapshot, listenerPort, sources, accessLogs } = context;
  const lookup = destinationLookup(virtualService, snapshot, proxy, listenerPort, sources);
  const [first, ...more] = route;
  const service = first?.destination && lookup.serviceOf(first.destination);
  const rule = service === undefined ? undefined : ruleFor(service, proxy, snapshot);
  sources.destinationRule(rule);
  const targets = route.map(({ destination, weight }) => ({
    cluster: lookup.clusterOf(destination),
    weight,
  }));
  const isSingle = more.length === 0;
  const { name, namespace } = virtualService.object;
  return tcpProxy({
    statPrefix: isSingle ? (targets[0]?.cluster ?? "") : `${name}.${namespace}`,
    targets,
    rule,
    subset: isSingle ? (first?.destination?.subset ?? "") : "",
    accessLogs,
  });
}
