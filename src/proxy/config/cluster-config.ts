// A cluster and its endpoints as the proxy trusts them: parsed, complete with Envoy's defaults, never changed.
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { SocketAddress } from "#base/net.ts";

export type Discovery =
  | { readonly kind: "static"; readonly endpoints: EndpointsConfig }
  | {
      readonly kind: "strictDns";
      readonly endpoints: EndpointsConfig;
      readonly refreshMs: number;
      readonly jitterMs: number;
      readonly respectTtl: boolean;
      /** Absent: "auto" (IPv6 addresses when there are any, else IPv4). */
      readonly lookupFamily?: DnsLookupFamily;
    }
  /** `initialFetchTimeoutMs` default 15,000; 0 waits for ever. */
  | { readonly kind: "eds"; readonly serviceName: string; readonly initialFetchTimeoutMs: number }
  /** The host is the address that the downstream connection was meant for; accepted only where a listener can know it. */
  | { readonly kind: "originalDst" };

/** Cluster.DnsLookupFamily. */
export type DnsLookupFamily = "auto" | "v4Only" | "v6Only" | "v4Preferred" | "all";

export type LoadBalancerConfig =
  | { readonly kind: "roundRobin" }
  | { readonly kind: "random" }
  | {
      readonly kind: "leastRequest";
      readonly choiceCount: number;
      readonly activeRequestBias: number;
    }
  /** ORIGINAL_DST only. */
  | { readonly kind: "clusterProvided" };

/** Circuit breaker limits of one priority (envoy.config.cluster.v3.CircuitBreakers.Thresholds). */
export interface ThresholdsConfig {
  /** Default 1024. */
  readonly maxConnections: number;
  /** Default 1024. */
  readonly maxPendingRequests: number;
  /** Default 1024. */
  readonly maxRequests: number;
  /** Default 3; not used when there is a budget. */
  readonly maxRetries: number;
  readonly retryBudget: { readonly percent: number; readonly minConcurrency: number } | undefined;
  readonly trackRemaining: boolean;
  /** Connections to one host (`per_host_thresholds.max_connections`); undefined means no limit. Envoy has it for `default` only. */
  readonly perHostMaxConnections?: number | undefined;
}

/** envoy.config.cluster.v3.OutlierDetection, with Envoy's defaults filled in. */
export interface OutlierDetectionConfig {
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xxPercent: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailurePercent: number;
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailurePercent: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  /** Default 100. */
  readonly enforcingSuccessRatePercent: number;
  /** Default 100. */
  readonly enforcingLocalOriginSuccessRatePercent?: number;
  /** Default 0. */
  readonly enforcingFailurePercentagePercent: number;
  /** Default 0. */
  readonly enforcingFailurePercentageLocalOriginPercent?: number;
  /** When to judge by the success rate; absent means Envoy's defaults. */
  readonly successRate?: SuccessRateConfig;
}

/** envoy.config.cluster.v3.OutlierDetection: the fields that judge by the share of successes in an interval. */
export interface SuccessRateConfig {
  /** Default 5. */
  readonly successRateMinimumHosts: number;
  /** Default 100. */
  readonly successRateRequestVolume: number;
  /** Thousandths of a standard deviation; default 1900. */
  readonly successRateStdevFactor: number;
  /** Percent; default 85. */
  readonly failurePercentageThreshold: number;
  /** Default 5. */
  readonly failurePercentageMinimumHosts: number;
  /** Default 50. */
  readonly failurePercentageRequestVolume: number;
}

export interface ClusterConfig {
  readonly name: string;
  /** `alt_stat_name` or the name; what statistics are kept under. */
  readonly statName: string;
  readonly discovery: Discovery;
  readonly loadBalancer: LoadBalancerConfig;
  /** Default 5,000. */
  readonly connectTimeoutMs: number;
  /** Default 1 MiB (per_connection_buffer_limit_bytes). */
  readonly bufferLimitBytes: number;
  readonly thresholds: { readonly default: ThresholdsConfig; readonly high: ThresholdsConfig };
  readonly outlierDetection: OutlierDetectionConfig | undefined;
  /** 0 … 100, default 50; 0 turns panic off. */
  readonly healthyPanicPercent: number;
  readonly localityWeighted: boolean;
  /** Default 3,600,000; undefined means no limit. */
  readonly idleTimeoutMs: number | undefined;
  /** undefined means no limit. */
  readonly maxRequestsPerConnection: number | undefined;
  readonly maxConnectionDurationMs: number | undefined;
  /** Trailers pass to and from the hosts; default false. A listener has to let them pass too. */
  readonly enableTrailers: boolean;
  /** `metadata.filter_metadata` as plain JSON, for status pages; never used to route. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The message it was parsed from, for /config_dump, and its hash, to tell a changed cluster from a repeated one. */
  readonly message: Cluster;
  readonly hash: string;
  readonly addedViaApi: boolean;
}

export type HealthStatus =
  | "unknown"
  | "healthy"
  | "unhealthy"
  | "draining"
  | "timeout"
  | "degraded";

export interface EndpointConfig {
  /** A literal IP for static and EDS; a host name only under strictDns. */
  readonly address: SocketAddress;
  readonly hostname: string;
  /** 1 … 2^32-1, default 1. */
  readonly weight: number;
  readonly health: HealthStatus;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface LocalityConfig {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** 0 … 2^32-1; undefined when EDS says none. */
  readonly weight: number | undefined;
  /** 0 is the first to be used. */
  readonly priority: number;
  readonly endpoints: readonly EndpointConfig[];
}

export interface EndpointsConfig {
  readonly clusterName: string;
  readonly localities: readonly LocalityConfig[];
  /** Percent, default 140. */
  readonly overprovisioningFactor: number;
}
