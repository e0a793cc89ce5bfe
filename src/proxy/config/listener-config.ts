// A listener as the proxy trusts it: address, filter chains, and in each one network filter that ends the chain.
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { SocketAddress } from "#base/net.ts";
import type { AccessLogConfig } from "./access-log-config.ts";
import type { FaultConfig } from "./fault-config.ts";
import type { RouteConfig } from "./route-config.ts";

export interface ListenerConfig {
  readonly name: string;
  readonly address: SocketAddress;
  /** `stat_prefix`, or address with `:` replaced, as Envoy names `listener.<address>.` statistics. */
  readonly statName: string;
  readonly trafficDirection: "unspecified" | "inbound" | "outbound";
  /** false: other listeners hand connections over (use_original_dst); such a listener opens no socket. */
  readonly bindToPort: boolean;
  readonly reusePort: boolean;
  readonly bufferLimitBytes: number;
  /** undefined: none. */
  readonly maxConnections: number | undefined;
  readonly listenerFilters: ListenerFilters;
  /** How long inspectors wait for the first bytes; default 15,000; undefined: for ever (0s). */
  readonly listenerFiltersTimeoutMs: number | undefined;
  /** After that time: go on with what is known (true), or close the connection (default). */
  readonly continueOnListenerFiltersTimeout: boolean;
  /** Looked at in Envoy's order of specificity; the first that matches serves the connection. */
  readonly filterChains: readonly FilterChainConfig[];
  readonly defaultFilterChain: FilterChainConfig | undefined;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly message: Listener;
  readonly hash: string;
  readonly addedViaApi: boolean;
}

/** Which of Envoy's listener filters look at a connection before its filter chain is chosen. */
export interface ListenerFilters {
  /** Without it, `applicationProtocols` never match plain text. */
  readonly httpInspector: boolean;
  /** Without it, `serverNames` and `transportProtocol: "tls"` never match. */
  readonly tlsInspector: boolean;
  readonly originalDst: boolean;
}

export interface FilterChainMatch {
  /** Destination port that the connection was meant for (REDIRECT); undefined matches any. */
  readonly destinationPort: number | undefined;
  readonly prefixRanges: readonly { readonly address: string; readonly length: number }[];
  /** Known only with a TLS inspector; empty matches any. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: "" | "raw_buffer" | "tls";
  /** "http/1.1", "h2c", …: set by the HTTP inspector; empty matches any. */
  readonly applicationProtocols: readonly string[];
}

export interface FilterChainConfig {
  readonly name: string;
  readonly match: FilterChainMatch;
  readonly filter: NetworkFilterConfig;
}

export type NetworkFilterConfig =
  | { readonly kind: "httpConnectionManager"; readonly config: HttpConnectionManagerConfig }
  | { readonly kind: "tcpProxy"; readonly config: TcpProxyConfig };

export interface TcpProxyConfig {
  readonly statPrefix: string;
  /** One entry of weight 1 for a single cluster. */
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  /** Default 3,600,000; undefined: off. */
  readonly idleTimeoutMs: number | undefined;
  readonly maxDownstreamConnectionDurationMs: number | undefined;
  /** Default 1. */
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLogConfig[];
}

export type HttpFilterConfig =
  | { readonly kind: "fault"; readonly name: string; readonly config: FaultConfig }
  | { readonly kind: "cors"; readonly name: string }
  /** Shows requests to those who ask the admin interface for `configId`. */
  | { readonly kind: "tap"; readonly name: string; readonly configId: string }
  /** A filter that only counts or marks (grpc_stats, Istio's telemetry): accepted, does nothing to requests. */
  | { readonly kind: "none"; readonly name: string }
  | { readonly kind: "router"; readonly name: string; readonly suppressEnvoyHeaders: boolean };

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, defaults filled in. */
export interface HttpConnectionManagerConfig {
  readonly statPrefix: string;
  readonly codec: "auto" | "http1" | "http2";
  readonly route:
    | { readonly kind: "inline"; readonly config: RouteConfig }
    | { readonly kind: "rds"; readonly name: string; readonly initialFetchTimeoutMs: number };
  /** In order; the last is the router. */
  readonly httpFilters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly AccessLogConfig[];
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  /** Default "envoy". */
  readonly serverName: string;
  readonly serverHeader: "overwrite" | "appendIfAbsent" | "passThrough";
  readonly via: string;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly stripMatchingHostPort: boolean;
  readonly stripAnyHostPort: boolean;
  readonly acceptHttp10: boolean;
  readonly enableTrailers: boolean;
  readonly allowAbsoluteUrl: boolean;
  readonly proxy100Continue: boolean;
  /** Names of upgrade_configs, lower-case ("websocket"). */
  readonly upgrades: readonly string[];
  /** Default 300,000; undefined: off (0s). */
  readonly streamIdleTimeoutMs: number | undefined;
  readonly requestTimeoutMs: number | undefined;
  readonly requestHeadersTimeoutMs: number | undefined;
  /** Default 3,600,000; undefined: off. */
  readonly idleTimeoutMs: number | undefined;
  readonly maxConnectionDurationMs: number | undefined;
  readonly maxRequestsPerConnection: number | undefined;
  readonly maxStreamDurationMs: number | undefined;
  /** Default 5,000. */
  readonly drainTimeoutMs: number;
  /** Default 1,000. */
  readonly delayedCloseTimeoutMs: number;
  /** Default 60 KiB. */
  readonly maxRequestHeadersBytes: number;
  /** Default 100. */
  readonly maxHeadersCount: number;
  /** x-forwarded-client-cert of a plain-text request: removed (Envoy's default, and all settings but one), or left as it is. */
  readonly clientCertHeader: "sanitize" | "forward";
  readonly headersWithUnderscores: "allow" | "reject" | "drop";
}
