// Configuration for proxyless gRPC clients: they ask for listeners by the target that the program dials ("host:port"),
// and follow from there to routes, clusters and endpoints (istio pilot/pkg/networking/grpcgen; xds.md section 1).
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { CircuitBreakersSchema } from "#api/envoy/config/cluster/v3/circuit_breaker_pb.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_EdsClusterConfigSchema,
  Cluster_LbPolicy,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { Subset } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Service, ServicePort } from "../model/service.ts";
import type { MergedDestinationRule, Snapshot } from "../model/snapshot.ts";
import { applyConsistentHash } from "./cluster/load-balancer.ts";
import { effectivePolicy } from "./cluster/traffic-policy.ts";
import { FAULT_FILTER, ROUTER_FILTER } from "./listener/http-connection-manager.ts";
import { ADS, address } from "./messages.ts";
import {
  hostWithPort,
  outboundCluster,
  parseOutboundCluster,
  parsePort,
  WILDCARD_ADDRESS,
} from "./names.ts";
import { VirtualHosts } from "./route/outbound.ts";
import { relativeNames } from "./route/virtual-host.ts";
import { ruleFor, scopeOf } from "./scope.ts";
import { Sources, type Translated } from "./translated.ts";

/** A listener for every service port, by full name; other names of a service come from `grpcListener`. */
export function grpcListeners(proxy: Proxy, snapshot: Snapshot): readonly Translated<Listener>[] {
  return scopeOf(proxy, snapshot).services.flatMap(({ service, ports }) =>
    ports
      .filter(({ protocol }) => protocol !== "UDP")
      .map((port) => apiListener(hostWithPort(service.hostname, port.number), service, port)),
  );
}

/** The listener `name` ("reviews:9080", "reviews.default:9080", …): any name by which the program may dial the service. */
export function grpcListener(
  proxy: Proxy,
  snapshot: Snapshot,
  name: string,
): Translated<Listener> | undefined {
  const colon = name.lastIndexOf(":");
  const port = parsePort(name.slice(colon + 1));
  if (colon === -1 || port === undefined) return undefined;
  const host = name.slice(0, colon).replace(/\.$/, "").toLowerCase();
  const { byHost, services } = scopeOf(proxy, snapshot);
  const scoped =
    byHost.get(host) ??
    services.find(({ service }) => relativeNames(service.hostname, proxy.dnsDomain).includes(host));
  const found = scoped?.ports.find(({ number }) => number === port);
  return scoped === undefined || found === undefined
    ? undefined
    : apiListener(name, scoped.service, found);
}

function apiListener(name: string, service: Service, port: ServicePort): Translated<Listener> {
  const manager = create(HttpConnectionManagerSchema, {
    httpFilters: [FAULT_FILTER, ROUTER_FILTER],
    routeSpecifier: {
      case: "rds",
      value: {
        configSource: ADS,
        routeConfigName: outboundCluster(port.number, "", service.hostname),
      },
    },
  });
  const bind = service.addresses.find((one) => !one.includes("/")) ?? WILDCARD_ADDRESS;
  const message = create(ListenerSchema, {
    name,
    address: address(bind, port.number),
    apiListener: { apiListener: anyPack(HttpConnectionManagerSchema, manager) },
  });
  const sources = new Sources();
  sources.service(service);
  return { name, message, sources: sources.list() };
}

/** `outbound|9080||reviews…`: the virtual hosts of that one service on that port. */
export function grpcRoutes(
  proxy: Proxy,
  snapshot: Snapshot,
  routeName: string,
): Translated<RouteConfiguration> {
  const sources = new Sources();
  const name = parseOutboundCluster(routeName);
  const message = create(RouteConfigurationSchema, { name: routeName });
  if (name !== undefined) {
    const route = { name: routeName, port: name.port, onlyHost: undefined };
    const scope = scopeOf(proxy, snapshot);
    const wanted = hostWithPort(name.hostname, name.port);
    message.virtualHosts = new VirtualHosts(route, scope, proxy, snapshot, sources)
      .build()
      .filter((host) => host.domains.includes(wanted));
  }
  return { name: routeName, message, sources: sources.list() };
}

/** All clusters are EDS, and hold only what gRPC libraries read. */
export function grpcClusters(proxy: Proxy, snapshot: Snapshot): readonly Translated<Cluster>[] {
  return scopeOf(proxy, snapshot).services.flatMap(({ service, ports }) => {
    const rule = ruleFor(service, proxy, snapshot);
    const sources = new Sources();
    sources.service(service);
    sources.destinationRule(rule);
    const keys = sources.list();
    return ports
      .filter(({ protocol }) => protocol !== "UDP")
      .flatMap((port) =>
        [undefined, ...(rule?.spec.subsets ?? [])].map((subset) => {
          const message = grpcCluster(service, port, rule, subset);
          return { name: message.name, message, sources: keys };
        }),
      );
  });
}

function grpcCluster(
  service: Service,
  port: ServicePort,
  rule: MergedDestinationRule | undefined,
  subset: Subset | undefined,
): Cluster {
  const name = outboundCluster(port.number, subset?.name ?? "", service.hostname);
  const { loadBalancer, connectionPool } = effectivePolicy(rule, port.number, subset);
  // Not every library knows LEAST_REQUEST; they pick round robin unless told otherwise, and so does Istio for them.
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: create(Cluster_EdsClusterConfigSchema, { edsConfig: ADS, serviceName: name }),
    lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
  });
  if (loadBalancer?.lbPolicy.case === "consistentHash") {
    applyConsistentHash(cluster, loadBalancer.lbPolicy.value);
  }
  const maxRequests = connectionPool?.http?.http2MaxRequests ?? 0;
  if (maxRequests > 0) {
    cluster.circuitBreakers = create(CircuitBreakersSchema, { thresholds: [{ maxRequests }] });
  }
  return cluster;
}
