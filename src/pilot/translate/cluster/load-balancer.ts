// DestinationRule loadBalancer -> lb_policy and its settings, slow start, and how localities share the load.
import { create } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema,
  Cluster_CommonLbConfig_ZoneAwareLbConfigSchema,
  Cluster_CommonLbConfigSchema,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  Cluster_LeastRequestLbConfigSchema,
  Cluster_MaglevLbConfigSchema,
  Cluster_RingHashLbConfigSchema,
  Cluster_RoundRobinLbConfigSchema,
  type Cluster_SlowStartConfig,
  Cluster_SlowStartConfigSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type LoadBalancerSettings,
  type LoadBalancerSettings_ConsistentHashLB,
  LoadBalancerSettings_SimpleLB as SimpleLb,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";
import { effectiveLocality } from "../endpoint/locality-settings.ts";
import { panicThreshold } from "./outlier-detection.ts";
import type { EffectivePolicy } from "./traffic-policy.ts";

/** Sets balancer and common settings of an outbound cluster. ORIGINAL_DST clusters pick by address alone. */
export function applyLoadBalancer(
  cluster: Cluster,
  policy: EffectivePolicy,
  mesh: MeshSettings,
): void {
  cluster.commonLbConfig = create(Cluster_CommonLbConfigSchema, {
    healthyPanicThreshold: { value: panicThreshold(policy.outlierDetection) },
  });
  if (cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.ORIGINAL_DST) {
    cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
    return;
  }
  applyLocality(cluster, policy, mesh);
  applySimple(cluster, policy.loadBalancer);
  const { lbPolicy } = policy.loadBalancer ?? {};
  if (lbPolicy?.case === "consistentHash") applyConsistentHash(cluster, lbPolicy.value);
}

function applyLocality(cluster: Cluster, policy: EffectivePolicy, mesh: MeshSettings): void {
  const common = cluster.commonLbConfig;
  if (common === undefined) return;
  const settings = effectiveLocality(policy.loadBalancer, mesh);
  if (settings?.kind === "zoneAware") {
    const { minClusterSize, enabled } = settings.value;
    common.localityConfigSpecifier = {
      case: "zoneAwareLbConfig",
      value: create(Cluster_CommonLbConfig_ZoneAwareLbConfigSchema, {
        minClusterSize: minClusterSize === undefined ? undefined : BigInt(minClusterSize),
        routingEnabled: enabled === false ? { value: 0 } : undefined,
      }),
    };
  } else if (settings?.kind === "locality") {
    const { distribute, failover, failoverPriority } = settings.value;
    const failsOver = failover.length > 0 || failoverPriority.length > 0;
    if (distribute.length > 0 || (failsOver && policy.outlierDetection !== undefined)) {
      common.localityConfigSpecifier = {
        case: "localityWeightedLbConfig",
        value: create(Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema),
      };
    }
  }
}

function applySimple(cluster: Cluster, settings: LoadBalancerSettings | undefined): void {
  const simple =
    settings?.lbPolicy.case === "simple" ? settings.lbPolicy.value : SimpleLb.UNSPECIFIED;
  switch (simple) {
    case SimpleLb.RANDOM:
      cluster.lbPolicy = Cluster_LbPolicy.RANDOM;
      return;
    case SimpleLb.PASSTHROUGH:
      cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
      cluster.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.ORIGINAL_DST };
      cluster.loadAssignment = undefined;
      return;
    case SimpleLb.ROUND_ROBIN:
      cluster.lbPolicy = Cluster_LbPolicy.ROUND_ROBIN;
      break;
    default:
      // LEAST_REQUEST, its old name LEAST_CONN, and Istio's default.
      cluster.lbPolicy = Cluster_LbPolicy.LEAST_REQUEST;
  }
  const slowStartConfig = slowStart(settings);
  if (slowStartConfig === undefined) return;
  cluster.lbConfig =
    cluster.lbPolicy === Cluster_LbPolicy.ROUND_ROBIN
      ? {
          case: "roundRobinLbConfig",
          value: create(Cluster_RoundRobinLbConfigSchema, { slowStartConfig }),
        }
      : {
          case: "leastRequestLbConfig",
          value: create(Cluster_LeastRequestLbConfigSchema, { slowStartConfig }),
        };
}

function slowStart(
  settings: LoadBalancerSettings | undefined,
): Cluster_SlowStartConfig | undefined {
  const { warmup, warmupDurationSecs } = settings ?? {};
  if (warmup !== undefined) {
    return create(Cluster_SlowStartConfigSchema, {
      slowStartWindow: warmup.duration,
      // The key is Istio's; Envoy demands one, and no runtime will ever hold it.
      aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: "(" },
      minWeightPercent: { value: warmup.minimumPercent ?? 10 },
    });
  }
  if (warmupDurationSecs === undefined) return undefined;
  return create(Cluster_SlowStartConfigSchema, { slowStartWindow: warmupDurationSecs });
}

/** Envoy's default for the ring, written out as Istio does. */
const DEFAULT_RING_SIZE = 1024n;

export function applyConsistentHash(
  cluster: Cluster,
  hash: LoadBalancerSettings_ConsistentHashLB,
): void {
  const { hashAlgorithm } = hash;
  if (hashAlgorithm.case === "maglev") {
    cluster.lbPolicy = Cluster_LbPolicy.MAGLEV;
    const { tableSize } = hashAlgorithm.value;
    cluster.lbConfig =
      tableSize === 0n
        ? { case: undefined }
        : { case: "maglevLbConfig", value: create(Cluster_MaglevLbConfigSchema, { tableSize }) };
    return;
  }
  cluster.lbPolicy = Cluster_LbPolicy.RING_HASH;
  const asked =
    hashAlgorithm.case === "ringHash"
      ? hashAlgorithm.value.minimumRingSize
      : hash.minimumRingSize || DEFAULT_RING_SIZE;
  cluster.lbConfig =
    asked === 0n
      ? { case: undefined }
      : {
          case: "ringHashLbConfig",
          value: create(Cluster_RingHashLbConfigSchema, { minimumRingSize: asked }),
        };
}
