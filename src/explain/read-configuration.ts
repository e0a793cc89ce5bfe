// A proxy's configuration compiled by the proxy's own parsers and tables, each resource when first asked for and once.

import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import type { ClusterConfig, EndpointsConfig } from "#proxy/config/cluster-config.ts";
import { Field } from "#proxy/config/field.ts";
import type { ListenerConfig } from "#proxy/config/listener-config.ts";
import { readCluster } from "#proxy/config/parse-cluster.ts";
import { readEndpoints } from "#proxy/config/parse-endpoints.ts";
import { readListener } from "#proxy/config/parse-listener.ts";
import { readRouteConfiguration } from "#proxy/config/parse-route-configuration.ts";
import { formatRejected } from "#proxy/config/parsed.ts";
import type { RouteConfig } from "#proxy/config/route-config.ts";
import { RouteTable } from "#proxy/route/route-table.ts";
import type { HostStatus, ProxyConfiguration } from "./proxy-configuration.ts";

/** One resource, with what our own proxy would refuse it for: a real Envoy has more than ours. */
export interface Read<T> {
  readonly value: T;
  readonly refusal: string | undefined;
}

export interface ReadConfiguration {
  /** Without those that cannot be read at all. */
  readonly listeners: readonly Read<ListenerConfig>[];
  route(name: string): Read<RouteTable> | undefined;
  cluster(name: string): Read<ClusterConfig> | undefined;
  /** Of discovery, or inline; undefined: none came. */
  endpoints(cluster: ClusterConfig): EndpointsConfig | undefined;
  /** undefined: nobody asked the proxy. */
  hosts(cluster: string): readonly HostStatus[] | undefined;
  readonly clusterNames: readonly string[];
}

const known = new WeakMap<ProxyConfiguration, ReadConfiguration>();

export function readConfiguration(configuration: ProxyConfiguration): ReadConfiguration {
  let read = known.get(configuration);
  if (read === undefined) {
    read = create(configuration);
    known.set(configuration, read);
  }
  return read;
}

function create(configuration: ProxyConfiguration): ReadConfiguration {
  const routes = new Map(configuration.routes.map((message) => [message.name, message]));
  const clusters = new Map(configuration.clusters.map((message) => [message.name, message]));
  const endpoints = new Map(
    configuration.endpoints.map((message) => [message.clusterName, message]),
  );
  let listeners: readonly Read<ListenerConfig>[] | undefined;
  return {
    get listeners() {
      listeners ??= configuration.listeners.flatMap((message) => listenerOf(message) ?? []);
      return listeners;
    },
    route: (name) => tableOf(routes.get(name)),
    cluster: (name) => clusterOf(clusters.get(name)),
    endpoints: (cluster) => {
      const { discovery } = cluster;
      if (discovery.kind !== "eds") {
        return endpointsOf(cluster.message.loadAssignment ?? endpoints.get(cluster.name));
      }
      return endpointsOf(endpoints.get(discovery.serviceName) ?? endpoints.get(cluster.name));
    },
    hosts: (name) => configuration.hosts.get(name),
    clusterNames: [...clusters.keys()],
  };
}

/** Reads what some proxy has accepted. Ours may know no such thing: then what it does know counts, and the refusal is kept. */
function lenient<M extends object, T>(
  read: (at: Field, message: M) => T,
): (message: M | undefined) => Read<T> | undefined {
  const done = new WeakMap<M, Read<T> | undefined>();
  return (message) => {
    if (message === undefined) return undefined;
    if (done.has(message)) return done.get(message);
    let result: Read<T> | undefined;
    try {
      const at = Field.root();
      const value = read(at, message);
      result = { value, refusal: at.isRejected ? formatRejected(at.refusal()) : undefined };
    } catch {
      // The readers trust what the check before them lets pass. This did not pass it; a part that they cannot read is missing.
    }
    done.set(message, result);
    return result;
  };
}

const listenerOf = lenient<Listener, ListenerConfig>((at, message) =>
  readListener(at, message, { addedViaApi: true }),
);
const tableOf = lenient<RouteConfiguration, RouteTable>(
  (at, message) => new RouteTable(readRouteConfiguration(at, message)),
);
const clusterOf = lenient<Cluster, ClusterConfig>((at, message) =>
  readCluster(at, message, { addedViaApi: true }),
);
const assignmentOf = lenient<ClusterLoadAssignment, EndpointsConfig>((at, message) =>
  readEndpoints(at, message, "name"),
);
const endpointsOf = (message: ClusterLoadAssignment | undefined): EndpointsConfig | undefined =>
  assignmentOf(message)?.value;

const inline = new WeakMap<RouteConfig, RouteTable>();

/** The table of a configuration that stands inside a listener. */
export function inlineTable(config: RouteConfig): RouteTable {
  let table = inline.get(config);
  if (table === undefined) {
    table = new RouteTable(config);
    inline.set(config, table);
  }
  return table;
}
