// The TCP proxy filter, with what the DestinationRule says about connections.
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { AccessLog } from "#api/envoy/config/accesslog/v3/accesslog_pb.ts";
import { type Filter, FilterSchema } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import {
  type TcpProxy,
  TcpProxy_WeightedCluster_ClusterWeightSchema,
  TcpProxy_WeightedClusterSchema,
  TcpProxySchema,
} from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import type { TrafficPolicy } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MergedDestinationRule } from "../../model/snapshot.ts";
import { subsetNamed } from "../cluster/traffic-policy.ts";
import { FILTER } from "../names.ts";

export interface TcpTarget {
  readonly cluster: string;
  readonly weight: number;
}

export interface TcpProxySpec {
  readonly statPrefix: string;
  /** One target takes everything, whatever its weight. */
  readonly targets: readonly TcpTarget[];
  readonly rule: MergedDestinationRule | undefined;
  /** "" unless the one target is a subset. */
  readonly subset: string;
  readonly accessLogs: readonly AccessLog[];
}

export function tcpProxy(spec: TcpProxySpec): Filter {
  const { statPrefix, targets, rule, subset, accessLogs } = spec;
  const tcp = rule?.spec.trafficPolicy?.connectionPool?.tcp;
  const proxy = create(TcpProxySchema, {
    statPrefix,
    clusterSpecifier: clusterSpecifier(targets),
    idleTimeout: tcp?.idleTimeout,
    maxDownstreamConnectionDuration: tcp?.maxConnectionDuration,
    hashPolicy: hashesSourceIp(rule, subset)
      ? [{ policySpecifier: { case: "sourceIp", value: {} } }]
      : [],
    accessLog: [...accessLogs],
  });
  return create(FilterSchema, {
    name: FILTER.tcpProxy,
    configType: { case: "typedConfig", value: anyPack(TcpProxySchema, proxy) },
  });
}

/** A cluster that is always there, under its own name in the statistics. */
export function tcpProxyTo(cluster: string, accessLogs: readonly AccessLog[]): Filter {
  const targets = [{ cluster, weight: 1 }];
  return tcpProxy({ statPrefix: cluster, targets, rule: undefined, subset: "", accessLogs });
}

function clusterSpecifier(targets: readonly TcpTarget[]): TcpProxy["clusterSpecifier"] {
  const [only, ...more] = targets;
  if (only !== undefined && more.length === 0) return { case: "cluster", value: only.cluster };
  const clusters = targets
    .filter(({ weight }) => weight > 0)
    .map(({ cluster, weight }) =>
      create(TcpProxy_WeightedCluster_ClusterWeightSchema, { name: cluster, weight }),
    );
  return {
    case: "weightedClusters",
    value: create(TcpProxy_WeightedClusterSchema, { clusters }),
  };
}

/** The only thing of a TCP connection that can be hashed; a subset's balancer takes the place of the rule's. */
function hashesSourceIp(rule: MergedDestinationRule | undefined, subset: string): boolean {
  const own = subset === "" ? undefined : subsetNamed(rule, subset)?.trafficPolicy;
  const policy: TrafficPolicy | undefined =
    own?.loadBalancer === undefined ? rule?.spec.trafficPolicy : own;
  const lbPolicy = policy?.loadBalancer?.lbPolicy;
  if (lbPolicy?.case !== "consistentHash") return false;
  const { hashKey } = lbPolicy.value;
  return hashKey.case === "useSourceIp" && hashKey.value;
}
