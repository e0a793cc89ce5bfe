// A VirtualService's destination as a cluster name, and the consistent hash that its DestinationRule asks for.
import type { LoadBalancerSettings_ConsistentHashLB } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Destination } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { resolveHost } from "../../model/hostname.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Service } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { outboundCluster } from "../names.ts";
import { ruleFor } from "../scope.ts";
import type { Sources } from "../translated.ts";
import type { ResolvedVirtualService } from "../virtual-service.ts";
import { consistentHash } from "./hash-policy.ts";

export interface DestinationLookup {
  clusterOf(destination: Destination | undefined): string;
  hashOf(destination: Destination): LoadBalancerSettings_ConsistentHashLB | undefined;
  serviceOf(destination: Destination): Service | undefined;
}

/** Destinations of one VirtualService as `proxy` reaches them through a listener on `listenerPort`. */
export function destinationLookup(
  { object }: ResolvedVirtualService,
  snapshot: Snapshot,
  proxy: Proxy,
  listenerPort: number,
  sources: Sources,
): DestinationLookup {
  const serviceOf = ({ host }: Destination): Service | undefined =>
    snapshot.service(resolveHost(host, object.namespace), proxy.namespace);
  return {
    serviceOf,
    clusterOf(destination) {
      // The validator lets no destination be missing; Istio sends such traffic here.
      if (destination === undefined) return "UnknownService";
      const host = resolveHost(destination.host, object.namespace);
      const port = destination.port?.number ?? impliedPort(serviceOf(destination), listenerPort);
      return outboundCluster(port, destination.subset, host);
    },
    hashOf(destination) {
      const service = serviceOf(destination);
      if (service === undefined) return undefined;
      const rule = ruleFor(service, proxy, snapshot);
      const hash = consistentHash(rule, destination.subset, destination.port?.number);
      if (hash !== undefined) sources.destinationRule(rule);
      return hash;
    },
  };
}

/** The only port of the service, else the one that the request came in by. */
function impliedPort(service: Service | undefined, listenerPort: number): number {
  const [only, ...more] = service?.ports ?? [];
  return only !== undefined && more.length === 0 ? only.number : listenerPort;
}
