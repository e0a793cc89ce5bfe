// envoy.config.cluster.v3.CircuitBreakers -> limits of the two priorities, Envoy's defaults filled in.
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
} from "#api/envoy/config/cluster/v3/circuit_breaker_pb.ts";
import { RoutingPriority } from "#api/envoy/config/core/v3/base_pb.ts";
import type { ClusterConfig, ThresholdsConfig } from "./cluster-config.ts";
import type { Field } from "./field.ts";

export function readCircuitBreakers(
  at: Field,
  message: CircuitBreakers | undefined,
): ClusterConfig["thresholds"] {
  const perHost = readPerHost(at.child("per_host_thresholds"), message?.perHostThresholds ?? []);
  // The first entry of a priority wins, as in Envoy; the others are silently without effect there too.
  const first = (priority: RoutingPriority): CircuitBreakers_Thresholds | undefined =>
    message?.thresholds.find((thresholds) => thresholds.priority === priority);
  return {
    default: readThresholds(first(RoutingPriority.DEFAULT), perHost),
    high: readThresholds(first(RoutingPriority.HIGH), undefined),
  };
}

function readThresholds(
  message: CircuitBreakers_Thresholds | undefined,
  perHostMaxConnections: number | undefined,
): ThresholdsConfig {
  const budget = message?.retryBudget;
  return {
    maxConnections: message?.maxConnections ?? 1024,
    maxPendingRequests: message?.maxPendingRequests ?? 1024,
    maxRequests: message?.maxRequests ?? 1024,
    maxRetries: message?.maxRetries ?? 3,
    retryBudget: budget && {
      percent: budget.budgetPercent?.value ?? 20,
      minConcurrency: budget.minRetryConcurrency ?? 3,
    },
    trackRemaining: message?.trackRemaining ?? false,
    perHostMaxConnections,
  };
}

/** Envoy takes max_connections of priority DEFAULT, and nothing else. */
function readPerHost(at: Field, list: readonly CircuitBreakers_Thresholds[]): number | undefined {
  let limit: number | undefined;
  for (const [i, message] of list.entries()) {
    const inside = at.item(i);
    if (message.maxPendingRequests !== undefined)
      inside.child("max_pending_requests").reject(PER_HOST);
    if (message.maxRequests !== undefined) inside.child("max_requests").reject(PER_HOST);
    if (message.maxRetries !== undefined) inside.child("max_retries").reject(PER_HOST);
    if (message.retryBudget !== undefined) inside.child("retry_budget").reject(PER_HOST);
    if (message.trackRemaining) inside.child("track_remaining").reject(PER_HOST);
    if (message.priority === RoutingPriority.DEFAULT) limit ??= message.maxConnections;
  }
  return limit;
}

const PER_HOST = "not supported: per host, only max_connections can be limited";
