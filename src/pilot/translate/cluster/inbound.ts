// Clusters of the program behind a sidecar: `inbound|<port>||`.
import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_CommonLbConfigSchema,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Address } from "#api/envoy/config/core/v3/address_pb.ts";
import { type Metadata, MetadataSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import {
  type ConnectionPoolSettings,
  ConnectionPoolSettings_HTTPSettings_H2UpgradePolicy as H2UpgradePolicy,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { MergedDestinationRule, Snapshot } from "../../model/snapshot.ts";
import { type InboundPort, inboundPortsOf } from "../inbound-port.ts";
import { meshOf } from "../mesh.ts";
import { address, configPath, duration } from "../messages.ts";
import { inboundCluster } from "../names.ts";
import { Sources, type Translated } from "../translated.ts";
import { applyConnectionPool, UNLIMITED_BREAKERS } from "./connection-pool.ts";
import { INBOUND_BIND } from "./fixed.ts";
import { serviceMetadata } from "./outbound.ts";
import { effectivePolicy } from "./traffic-policy.ts";
import { applyUpstreamProtocol } from "./upstream-protocol.ts";

/** Envoy's largest: the one host of such a cluster is always the program, so it need not be forgotten. */
const NEVER_MS = 9_223_372_035_000;

export function inboundClusters(proxy: Proxy, snapshot: Snapshot): readonly Translated<Cluster>[] {
  const clusters = new Map<string, Translated<Cluster>>();
  for (const port of inboundPortsOf(proxy, snapshot)) {
    const translated = inboundClusterOf(port, proxy, snapshot);
    if (!clusters.has(translated.name)) clusters.set(translated.name, translated);
  }
  return [...clusters.values()];
}

function inboundClusterOf(
  port: InboundPort,
  proxy: Proxy,
  snapshot: Snapshot,
): Translated<Cluster> {
  const rule =
    port.service === undefined
      ? undefined
      : snapshot.destinationRuleFor(port.service, proxy.namespace);
  const name = inboundCluster(port.clusterPort);
  const cluster = create(ClusterSchema, {
    name,
    connectTimeout: duration(meshOf(snapshot).connectTimeoutMs),
    circuitBreakers: UNLIMITED_BREAKERS,
    commonLbConfig: create(Cluster_CommonLbConfigSchema),
    metadata: metadata(port, rule),
  });
  applyTarget(cluster, port, proxy);
  // Only the connection pool counts on this side: the server must admit what its clients are allowed to send.
  const { connectionPool } = effectivePolicy(rule, port.servicePort);
  const pool = sidecarPool(port) ?? connectionPool;
  applyConnectionPool(cluster, {
    connectionPool: pool,
    outlierDetection: undefined,
    loadBalancer: undefined,
    tls: undefined,
    retryBudget: undefined,
  });
  applyUpstreamProtocol(cluster, port.protocol, withoutUpgrade(pool), false, undefined);
  return { name, message: cluster, sources: sourcesOf(port, rule) };
}

function applyTarget(cluster: Cluster, port: InboundPort, proxy: Proxy): void {
  const { workload } = port;
  const isIntercepted = proxy.interceptionMode !== "NONE";
  if (workload === undefined) {
    cluster.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.ORIGINAL_DST };
    cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
    cluster.cleanupInterval = duration(NEVER_MS);
  } else {
    cluster.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.STATIC };
    const target = { address: address(workload.address, workload.port) };
    cluster.loadAssignment = assignment(cluster.name, target);
  }
  if (isIntercepted && workload?.address !== "127.0.0.1") cluster.upstreamBindConfig = INBOUND_BIND;
}

function assignment(
  clusterName: string,
  endpoint: { readonly address: Address },
): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: "endpoint", value: endpoint } }] }],
  });
}

/** The entry's own, else the Sidecar's for all of them. */
function sidecarPool(port: InboundPort): ConnectionPoolSettings | undefined {
  return port.ingress?.connectionPool ?? port.sidecar?.spec.inboundConnectionPool;
}

/** h2UpgradePolicy is about the way to the server's proxy; the program behind it speaks what its port says. */
function withoutUpgrade(
  pool: ConnectionPoolSettings | undefined,
): ConnectionPoolSettings | undefined {
  if (pool?.http === undefined || pool.http.h2UpgradePolicy === H2UpgradePolicy.DEFAULT)
    return pool;
  return { ...pool, http: { ...pool.http, h2UpgradePolicy: H2UpgradePolicy.DEFAULT } };
}

function metadata(
  port: InboundPort,
  rule: MergedDestinationRule | undefined,
): Metadata | undefined {
  if (port.service === undefined) return undefined;
  const istio: JsonObject = { services: [serviceMetadata(port.service)] };
  const owner = rule?.sources[0];
  if (owner !== undefined) istio["config"] = configPath(owner);
  return create(MetadataSchema, { filterMetadata: { istio } });
}

function sourcesOf(port: InboundPort, rule: MergedDestinationRule | undefined): readonly string[] {
  const sources = new Sources();
  if (port.service !== undefined) sources.service(port.service);
  if (port.sidecar !== undefined) sources.object(port.sidecar);
  sources.destinationRule(rule);
  return sources.list();
}
