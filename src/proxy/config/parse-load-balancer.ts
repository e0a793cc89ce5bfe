// Which load balancer a cluster uses: the enum with its companions, or the newer list of typed policies.
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  type LoadBalancingPolicy,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { LocalityLbConfig } from "#api/envoy/extensions/load_balancing_policies/common/v3/common_pb.ts";
import { LeastRequestSchema } from "#api/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.ts";
import { RandomSchema } from "#api/envoy/extensions/load_balancing_policies/random/v3/random_pb.ts";
import { RoundRobinSchema } from "#api/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.ts";
import { WrrLocalitySchema } from "#api/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.ts";
import { quoted } from "#base/log.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { LoadBalancerConfig } from "./cluster-config.ts";
import type { Field } from "./field.ts";

export interface LoadBalancing {
  readonly loadBalancer: LoadBalancerConfig;
  readonly localityWeighted: boolean;
}

const ROUND_ROBIN: LoadBalancerConfig = { kind: "roundRobin" };
const DEFAULT_CHOICE_COUNT = 2;
const DEFAULT_ACTIVE_REQUEST_BIAS = 1;

export function readLoadBalancing(at: Field, cluster: Cluster): LoadBalancing {
  const locality = cluster.commonLbConfig?.localityConfigSpecifier;
  const localityWeighted = locality?.case === "localityWeightedLbConfig";
  if (cluster.loadBalancingPolicy !== undefined) {
    if (locality?.case !== undefined) {
      const message = "cannot be combined with locality settings of common_lb_config";
      at.child("load_balancing_policy").reject(message);
    }
    return readPolicies(at.child("load_balancing_policy"), cluster.loadBalancingPolicy, 0);
  }
  return { loadBalancer: readEnum(at, cluster), localityWeighted };
}

function readEnum(at: Field, cluster: Cluster): LoadBalancerConfig {
  const field = at.child("lb_policy");
  const isOriginalDst =
    cluster.clusterDiscoveryType.case === "type" &&
    cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.ORIGINAL_DST;
  if (isOriginalDst !== (cluster.lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED)) {
    field.reject("CLUSTER_PROVIDED and cluster type ORIGINAL_DST go only together");
  }
  switch (cluster.lbPolicy) {
    case Cluster_LbPolicy.ROUND_ROBIN:
      return ROUND_ROBIN;
    case Cluster_LbPolicy.RANDOM:
      return { kind: "random" };
    case Cluster_LbPolicy.LEAST_REQUEST:
      return readLeastRequest(cluster);
    case Cluster_LbPolicy.CLUSTER_PROVIDED:
      return { kind: "clusterProvided" };
    case Cluster_LbPolicy.LOAD_BALANCING_POLICY_CONFIG:
      field.reject("load_balancing_policy needs to be set");
      return ROUND_ROBIN;
    default:
      field.reject(
        "not supported: hashing load balancers: use ROUND_ROBIN, LEAST_REQUEST or RANDOM",
      );
      return ROUND_ROBIN;
  }
}

function readLeastRequest(cluster: Cluster): LoadBalancerConfig {
  const config =
    cluster.lbConfig.case === "leastRequestLbConfig" ? cluster.lbConfig.value : undefined;
  return {
    kind: "leastRequest",
    choiceCount: config?.choiceCount ?? DEFAULT_CHOICE_COUNT,
    activeRequestBias: config?.activeRequestBias?.defaultValue ?? DEFAULT_ACTIVE_REQUEST_BIAS,
  };
}

/** A policy may hold others (WrrLocality); Envoy's own nesting is two deep. */
const MAX_POLICY_DEPTH = 4;

function readPolicies(at: Field, message: LoadBalancingPolicy, depth: number): LoadBalancing {
  const list = at.child("policies");
  const first = message.policies[0]?.typedExtensionConfig;
  const field = list.item(0).child("typed_extension_config").child("typed_config");
  const any = first?.typedConfig;
  const nothing: LoadBalancing = { loadBalancer: ROUND_ROBIN, localityWeighted: false };
  if (any === undefined || depth > MAX_POLICY_DEPTH) {
    list.reject("a typed load balancing policy is required");
    return nothing;
  }
  const roundRobin = unpackAs(RoundRobinSchema, any);
  if (roundRobin !== undefined) {
    return { loadBalancer: ROUND_ROBIN, localityWeighted: isWeighted(roundRobin.localityLbConfig) };
  }
  const random = unpackAs(RandomSchema, any);
  if (random !== undefined) {
    return {
      loadBalancer: { kind: "random" },
      localityWeighted: isWeighted(random.localityLbConfig),
    };
  }
  const leastRequest = unpackAs(LeastRequestSchema, any);
  if (leastRequest !== undefined) {
    const loadBalancer: LoadBalancerConfig = {
      kind: "leastRequest",
      choiceCount: leastRequest.choiceCount ?? DEFAULT_CHOICE_COUNT,
      activeRequestBias:
        leastRequest.activeRequestBias?.defaultValue ?? DEFAULT_ACTIVE_REQUEST_BIAS,
    };
    return { loadBalancer, localityWeighted: isWeighted(leastRequest.localityLbConfig) };
  }
  const wrrLocality = unpackAs(WrrLocalitySchema, any);
  if (wrrLocality?.endpointPickingPolicy !== undefined) {
    const inside = field.child("endpoint_picking_policy");
    const endpoint = readPolicies(inside, wrrLocality.endpointPickingPolicy, depth + 1);
    return { ...endpoint, localityWeighted: true };
  }
  field.reject(`not supported: ${quoted(typeNameOf(any))}`);
  return nothing;
}

function isWeighted(config: LocalityLbConfig | undefined): boolean {
  return config?.localityConfigSpecifier.case === "localityWeightedLbConfig";
}
