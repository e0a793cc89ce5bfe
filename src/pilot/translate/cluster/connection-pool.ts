// DestinationRule connectionPool and retryBudget -> circuit breakers, connect timeout, TCP keep-alive.
// What of it lives in HttpProtocolOptions is in upstream-protocol.ts.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CircuitBreakers,
  type CircuitBreakers_ThresholdsSchema,
  CircuitBreakersSchema,
} from "#api/envoy/config/cluster/v3/circuit_breaker_pb.ts";
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type UpstreamConnectionOptions,
  UpstreamConnectionOptionsSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type {
  ConnectionPoolSettings,
  ConnectionPoolSettings_TCPSettings,
  TrafficPolicy_RetryBudget,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { EffectivePolicy } from "./traffic-policy.ts";

/** Istio's default limit: no limit. Envoy's own (1024; 3 retries) trip on pod churn before new endpoints arrive. */
const UNLIMITED = 4_294_967_295;

export const UNLIMITED_BREAKERS: CircuitBreakers = create(CircuitBreakersSchema, {
  thresholds: [
    {
      maxConnections: UNLIMITED,
      maxPendingRequests: UNLIMITED,
      maxRequests: UNLIMITED,
      maxRetries: UNLIMITED,
    },
  ],
});

/** Sets what the policy says on `cluster`; breakers and connect timeout have their defaults already. */
export function applyConnectionPool(cluster: Cluster, policy: EffectivePolicy): void {
  const { connectionPool: pool, retryBudget } = policy;
  if (pool === undefined && retryBudget === undefined) return;
  cluster.circuitBreakers = create(CircuitBreakersSchema, {
    thresholds: [thresholds(pool, retryBudget)],
  });
  const connectTimeout = pool?.tcp?.connectTimeout;
  if (connectTimeout !== undefined) cluster.connectTimeout = connectTimeout;
  const keepalive = upstreamConnectionOptions(pool?.tcp);
  if (keepalive !== undefined) cluster.upstreamConnectionOptions = keepalive;
}

function thresholds(
  pool: ConnectionPoolSettings | undefined,
  retryBudget: TrafficPolicy_RetryBudget | undefined,
): MessageInitShape<typeof CircuitBreakers_ThresholdsSchema> {
  const limits: MessageInitShape<typeof CircuitBreakers_ThresholdsSchema> = {
    maxConnections: limit(pool?.tcp?.maxConnections),
    maxPendingRequests: limit(pool?.http?.http1MaxPendingRequests),
    maxRequests: limit(pool?.http?.http2MaxRequests),
    maxRetries: limit(pool?.http?.maxRetries),
  };
  if (retryBudget === undefined) return limits;
  return {
    ...limits,
    retryBudget: {
      budgetPercent: { value: retryBudget.percent ?? DEFAULT_BUDGET_PERCENT },
      minRetryConcurrency:
        retryBudget.minRetryConcurrency > 0
          ? retryBudget.minRetryConcurrency
          : DEFAULT_BUDGET_CONCURRENCY,
      budgetInterval: retryBudget.budgetInterval,
    },
  };
}

/** Envoy's defaults, written out as Istio does. */
const DEFAULT_BUDGET_PERCENT = 20;
const DEFAULT_BUDGET_CONCURRENCY = 3;

/** In Istio's messages 0 cannot be told from "not there": it means no limit. */
function limit(value: number | undefined): number {
  return value === undefined || value <= 0 ? UNLIMITED : value;
}

function upstreamConnectionOptions(
  tcp: ConnectionPoolSettings_TCPSettings | undefined,
): UpstreamConnectionOptions | undefined {
  const keepalive = tcp?.tcpKeepalive;
  if (keepalive === undefined) return undefined;
  const { probes, time, interval } = keepalive;
  return create(UpstreamConnectionOptionsSchema, {
    tcpKeepalive: {
      keepaliveProbes: probes > 0 ? probes : undefined,
      keepaliveTime: time === undefined ? undefined : Number(time.seconds),
      keepaliveInterval: interval === undefined ? undefined : Number(interval.seconds),
    },
  });
}
