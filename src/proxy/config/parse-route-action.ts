// envoy.config.route.v3.RouteAction -> ForwardAction: to which cluster, rewritten how, for how long, retried when.
import { RoutingPriority } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type WeightedCluster_ClusterWeight as ClusterWeightMessage,
  type RouteAction_RequestMirrorPolicy as MirrorMessage,
  RouteAction_ClusterNotFoundResponseCode as NotFoundCode,
  type RouteAction as RouteActionMessage,
  type WeightedCluster as WeightedClusterMessage,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import { quoted } from "#base/log.ts";
import { headerName } from "#codec/header-name.ts";
import type { Field } from "./field.ts";
import { readHeaderOperations } from "./parse-header-operations.ts";
import { readRegexSubstitution } from "./parse-matchers.ts";
import { readFaultOverride } from "./parse-per-filter.ts";
import { readRetryPolicy } from "./parse-retry-policy.ts";
import type {
  ClusterSpecifier,
  ForwardAction,
  MirrorPolicy,
  WeightedCluster,
} from "./route-config.ts";
import { byteText, fractionalPercent, timeoutMs } from "./values.ts";

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_WEIGHT_SUM = 0xffff_ffff;

/** `inheritedMirrors`: those of the virtual host or route configuration, for a route without its own. */
export function readRouteAction(
  at: Field,
  message: RouteActionMessage,
  inheritedMirrors: readonly MirrorPolicy[],
): ForwardAction {
  const { regexRewrite, prefixRewrite } = message;
  if (regexRewrite !== undefined && prefixRewrite !== "") {
    at.child("regex_rewrite").reject("Specify only one of prefix_rewrite, regex_rewrite");
  }
  const mirrors = at.child("request_mirror_policies");
  const retry = message.retryPolicy;
  return {
    kind: "forward",
    cluster: readCluster(at, message),
    clusterNotFoundStatus: notFoundStatus(message.clusterNotFoundResponseCode),
    timeoutMs: timeoutMs(at.child("timeout"), message.timeout, DEFAULT_TIMEOUT_MS),
    idleTimeoutMs: timeoutMs(at.child("idle_timeout"), message.idleTimeout, "inherit" as const),
    maxStreamDurationMs: timeoutMs(
      at.child("max_stream_duration").child("max_stream_duration"),
      message.maxStreamDuration?.maxStreamDuration,
      "inherit" as const,
    ),
    prefixRewrite: prefixRewrite === "" ? undefined : byteText(prefixRewrite),
    regexRewrite: regexRewrite && readRegexSubstitution(at.child("regex_rewrite"), regexRewrite),
    hostRewrite: readHostRewrite(message),
    appendXForwardedHost: message.appendXForwardedHost,
    retryPolicy: retry && readRetryPolicy(at.child("retry_policy"), retry),
    mirrors:
      message.requestMirrorPolicies.length > 0
        ? readMirrors(mirrors, message.requestMirrorPolicies)
        : inheritedMirrors,
    priority: message.priority === RoutingPriority.HIGH ? "high" : "default",
    upgrades: readUpgrades(at.child("upgrade_configs"), message),
  };
}

function notFoundStatus(code: NotFoundCode): number {
  switch (code) {
    case NotFoundCode.NOT_FOUND:
      return 404;
    case NotFoundCode.INTERNAL_SERVER_ERROR:
      return 500;
    default:
      return 503;
  }
}

function readCluster(at: Field, message: RouteActionMessage): ClusterSpecifier {
  const { clusterSpecifier } = message;
  switch (clusterSpecifier.case) {
    case "cluster":
      return { kind: "cluster", name: clusterSpecifier.value };
    case "clusterHeader":
      return { kind: "header", name: headerName(clusterSpecifier.value) };
    case "weightedClusters":
      return readWeighted(at.child("weighted_clusters"), clusterSpecifier.value);
    default:
      at.reject("one of cluster, cluster_header, weighted_clusters is required");
      return { kind: "cluster", name: "" };
  }
}

function readWeighted(at: Field, message: WeightedClusterMessage): ClusterSpecifier {
  const list = at.child("clusters");
  const clusters = message.clusters.map((cluster, i) => readWeight(list.item(i), cluster));
  const totalWeight = clusters.reduce((sum, cluster) => sum + cluster.weight, 0);
  if (totalWeight === 0) {
    list.reject("Sum of weights in the weighted_cluster must be greater than 0");
  } else if (totalWeight > MAX_WEIGHT_SUM) {
    list.reject(
      `The sum of weights of all weighted clusters exceeds ${MAX_WEIGHT_SUM}: got ${totalWeight}`,
    );
  }
  return { kind: "weighted", clusters, totalWeight };
}

function readWeight(at: Field, message: ClusterWeightMessage): WeightedCluster {
  if (message.name === "") at.child("name").reject("value is required");
  const rewrite = message.hostRewriteSpecifier;
  return {
    name: message.name,
    weight: message.weight ?? 0,
    headers: readHeaderOperations(at, message),
    hostRewrite:
      rewrite.case === "hostRewriteLiteral" && rewrite.value !== ""
        ? byteText(rewrite.value)
        : undefined,
    fault: readFaultOverride(at.child("typed_per_filter_config"), message.typedPerFilterConfig),
  };
}

function readHostRewrite(message: RouteActionMessage): ForwardAction["hostRewrite"] {
  const specifier = message.hostRewriteSpecifier;
  switch (specifier.case) {
    case "hostRewriteLiteral":
      return specifier.value === ""
        ? undefined
        : { kind: "literal", host: byteText(specifier.value) };
    case "hostRewriteHeader":
      return specifier.value === ""
        ? undefined
        : { kind: "header", name: headerName(specifier.value) };
    case "autoHostRewrite":
      return specifier.value ? { kind: "auto" } : undefined;
    default:
      return undefined;
  }
}

export function readMirrors(at: Field, list: readonly MirrorMessage[]): MirrorPolicy[] {
  return list.map((message, i) => {
    if (message.cluster === "") at.item(i).child("cluster").reject("value is required");
    const fraction = message.runtimeFraction?.defaultValue;
    return {
      cluster: message.cluster,
      fraction: fraction && fractionalPercent(fraction),
      shadowHostSuffix: !message.disableShadowHostSuffixAppend,
    };
  });
}

function readUpgrades(at: Field, message: RouteActionMessage): ForwardAction["upgrades"] {
  const seen = new Set<string>();
  return message.upgradeConfigs.map((config, i) => {
    const type = config.upgradeType.toLowerCase();
    if (seen.has(type)) at.item(i).reject(`Duplicate upgrade ${quoted(config.upgradeType)}`);
    if (type === "connect") at.item(i).child("upgrade_type").reject("not supported: CONNECT");
    seen.add(type);
    return { type, enabled: config.enabled ?? true };
  });
}
