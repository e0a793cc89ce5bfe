// Clusters of the services that a proxy may call: one for each service port, and one more for each subset.
import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_EdsClusterConfigSchema,
  Cluster_OriginalDstLbConfigSchema,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { type Metadata, MetadataSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type { Subset } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";
import type { Service, ServicePort } from "../../model/service.ts";
import type { MergedDestinationRule } from "../../model/snapshot.ts";
import type { ClusterEndpoints } from "../endpoint/assignment.ts";
import { ADS, configPath, duration, fieldMetadata, SAMPAN_METADATA } from "../messages.ts";
import { outboundCluster } from "../names.ts";
import { Sources, type Translated } from "../translated.ts";
import { applyConnectionPool, UNLIMITED_BREAKERS } from "./connection-pool.ts";
import { applyLoadBalancer } from "./load-balancer.ts";
import { outlierDetection } from "./outlier-detection.ts";
import { type EffectivePolicy, effectivePolicy } from "./traffic-policy.ts";
import { applyUpstreamProtocol, speaksHttp2 } from "./upstream-protocol.ts";
import { originatesTls, requiredNames, upstreamTls } from "./upstream-tls.ts";

/** Everything that decides about the clusters of one service port; nothing else may be looked at. */
export interface OutboundInputs {
  readonly service: Service;
  readonly port: ServicePort;
  readonly rule: MergedDestinationRule | undefined;
  readonly mesh: MeshSettings;
  readonly isGateway: boolean;
  /** Endpoints that stand in the cluster itself (DNS resolutions), as this proxy sees them. */
  readonly inline: (subset: Subset | undefined, policy: EffectivePolicy) => ClusterEndpoints;
}

/** Spreads the questions of many proxies over time, so that a name server is not asked by all at once (Istio: 100 ms). */
const DNS_JITTER = duration(100);

/** The cluster of the whole service port first, then its subsets in the rule's order. */
export function outboundClusters(inputs: OutboundInputs): readonly Translated<Cluster>[] {
  const sources = new Sources();
  sources.service(inputs.service);
  sources.destinationRule(inputs.rule);
  const keys = sources.list();
  const subsets = [undefined, ...(inputs.rule?.spec.subsets ?? [])];
  return subsets
    .map((subset) => outboundClusterOf(inputs, subset))
    .filter((cluster) => cluster !== undefined)
    .map((message) => ({ name: message.name, message, sources: keys }));
}

/** undefined: a DNS cluster without any endpoint, which Envoy would refuse. */
function outboundClusterOf(
  inputs: OutboundInputs,
  subset: Subset | undefined,
): Cluster | undefined {
  const { service, port, rule, mesh, isGateway } = inputs;
  const policy = effectivePolicy(rule, port.number, subset);
  const name = outboundCluster(port.number, subset?.name ?? "", service.hostname);
  const type = discoveryType(service, isGateway);
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: type },
    connectTimeout: duration(mesh.connectTimeoutMs),
    circuitBreakers: UNLIMITED_BREAKERS,
    metadata: clusterMetadata(service, rule, subset),
  });
  if (type === Cluster_DiscoveryType.STRICT_DNS) {
    const inline = inputs.inline(subset, policy);
    if (inline.isEmpty) return undefined;
    cluster.loadAssignment = inline.assignment(name);
    cluster.dnsLookupFamily = Cluster_DnsLookupFamily.V4_ONLY;
    cluster.dnsRefreshRate = duration(mesh.dnsRefreshRateMs);
    cluster.dnsJitter = DNS_JITTER;
    cluster.respectDnsTtl = true;
  }
  if (type === Cluster_DiscoveryType.ORIGINAL_DST && port.targetPort !== port.number) {
    const value = create(Cluster_OriginalDstLbConfigSchema, {
      upstreamPortOverride: port.targetPort,
    });
    cluster.lbConfig = { case: "originalDstLbConfig", value };
  }
  applyPolicy(cluster, inputs, policy);
  return cluster;
}

function applyPolicy(cluster: Cluster, inputs: OutboundInputs, policy: EffectivePolicy): void {
  const { service, port, mesh, isGateway } = inputs;
  applyConnectionPool(cluster, policy);
  const tls = originatesTls(policy.tls) ? policy.tls : undefined;
  const automatic =
    tls === undefined
      ? undefined
      : {
          sni: tls.sni === "",
          subjectAltNames:
            tls.insecureSkipVerify !== true && requiredNames(tls, service).length === 0,
        };
  applyUpstreamProtocol(cluster, port.protocol, policy.connectionPool, isGateway, automatic);
  if (policy.outlierDetection !== undefined) {
    cluster.outlierDetection = outlierDetection(policy.outlierDetection);
  }
  applyLoadBalancer(cluster, policy, mesh);
  if (tls !== undefined) {
    const http2 = speaksHttp2(port.protocol, policy.connectionPool);
    cluster.transportSocket = upstreamTls(tls, service, http2);
  }
  // The balancer may have turned it into ORIGINAL_DST (PASSTHROUGH).
  if (cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.EDS) {
    cluster.edsClusterConfig = create(Cluster_EdsClusterConfigSchema, {
      edsConfig: ADS,
      serviceName: cluster.name,
    });
  }
}

function discoveryType(service: Service, isGateway: boolean): Cluster_DiscoveryType {
  switch (service.resolution) {
    case "static":
      return Cluster_DiscoveryType.EDS;
    case "dns":
    case "dnsRoundRobin":
      // LOGICAL_DNS, Istio's choice for the second, takes one name only, and not every data plane has it.
      return Cluster_DiscoveryType.STRICT_DNS;
    case "none":
      // A gateway never knows an original destination.
      return isGateway ? Cluster_DiscoveryType.EDS : Cluster_DiscoveryType.ORIGINAL_DST;
    case "dynamicDns":
      // Needs Envoy's dynamic forward proxy, which is not translated yet: no endpoints, so 503 UH.
      return Cluster_DiscoveryType.EDS;
  }
}

function clusterMetadata(
  service: Service,
  rule: MergedDestinationRule | undefined,
  subset: Subset | undefined,
): Metadata {
  const istio: JsonObject = { services: [serviceMetadata(service)] };
  const owner = rule?.sources[0];
  if (owner !== undefined) istio["config"] = configPath(owner);
  if (subset !== undefined) istio["subset"] = subset.name;
  if (service.location === "external" && subset === undefined) istio["external"] = true;
  const sampan = rule === undefined ? undefined : ruleField(rule, subset);
  const filterMetadata = sampan === undefined ? { istio } : { istio, [SAMPAN_METADATA]: sampan };
  return create(MetadataSchema, { filterMetadata });
}

/** The subset, or the policy for all, in the rule that wrote it: several may have been merged. */
function ruleField(
  { sources }: MergedDestinationRule,
  subset: Subset | undefined,
): JsonObject | undefined {
  const [owner] = sources;
  const index = (rule: (typeof sources)[number]): number =>
    rule.spec.subsets.findIndex(({ name }) => name === subset?.name);
  const writer =
    subset === undefined
      ? sources.find(({ spec }) => spec.trafficPolicy !== undefined)
      : sources.find((rule) => index(rule) !== -1);
  if (owner === undefined || writer === undefined) return undefined;
  const path =
    subset === undefined ? ["spec", "trafficPolicy"] : ["spec", "subsets", index(writer)];
  const field = fieldMetadata(writer, path);
  return writer === owner ? field : { config: configPath(writer), ...field };
}

export function serviceMetadata(service: Service): JsonObject {
  return { host: service.hostname, name: service.hostname, namespace: service.namespace };
}
