// Support for clusters and endpoints (CDS, EDS).
import type { SupportTable } from "./support.ts";

const HASHING = "hashing load balancers are not supported";
const SLOW_START = "slow start is not supported";
const NO_HEALTH_CHECK = "takes effect with active health checks only, which are refused";
const TLS = "TLS is not supported";
/** For fields that parse-cluster.ts refuses on every other cluster. */
const MANAGEMENT_ONLY =
  "concerns the connection to the management server, which the gRPC library keeps alive";

export const CLUSTER_SUPPORT: SupportTable = {
  "envoy.config.cluster.v3.Cluster": {
    read: [
      "name",
      "alt_stat_name",
      "type",
      "eds_cluster_config",
      "connect_timeout",
      "per_connection_buffer_limit_bytes",
      "lb_policy",
      "load_assignment",
      "max_requests_per_connection",
      "circuit_breakers",
      "common_http_protocol_options",
      "http_protocol_options",
      "http2_protocol_options",
      "typed_extension_protocol_options",
      "dns_refresh_rate",
      "dns_jitter",
      "respect_dns_ttl",
      "dns_lookup_family",
      "typed_dns_resolver_config",
      "outlier_detection",
      "upstream_bind_config",
      "upstream_connection_options",
      "original_dst_lb_config",
      "least_request_lb_config",
      "round_robin_lb_config",
      "common_lb_config",
      "transport_socket",
      "metadata",
      "filters",
      "load_balancing_policy",
    ],
    ignored: {
      stats_matcher: "chooses statistics",
      track_cluster_stats: "statistics only",
      track_timeout_budgets: "statistics only",
      cleanup_interval: "hosts of an ORIGINAL_DST cluster are not kept between connections",
      ignore_health_on_host_removal: NO_HEALTH_CHECK,
      protocol_selection: "HTTP/1 is spoken downstream, so both choices give HTTP/1 upstream",
    },
    refused: {
      cluster_type: "custom cluster types are not supported",
      health_checks: "active health checks are not supported",
      transport_socket_matches: TLS,
      lb_subset_config: "subset load balancing is not supported",
      ring_hash_lb_config: HASHING,
      maglev_lb_config: HASHING,
      lrs_server: "load reports are not supported",
    },
  },
  "envoy.config.cluster.v3.Filter": { read: ["name", "typed_config"] },
  "envoy.config.cluster.v3.Cluster.EdsClusterConfig": { read: ["eds_config", "service_name"] },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig": {
    read: ["healthy_panic_threshold", "locality_weighted_lb_config"],
    ignored: {
      zone_aware_lb_config:
        "takes effect with cluster_manager.local_cluster_name only, which is refused",
      update_merge_window: "updates are applied at once, which the window only delays",
      ignore_new_hosts_until_first_hc: NO_HEALTH_CHECK,
      override_host_status: "takes effect with stateful sessions only, which are refused",
    },
    refused: { consistent_hashing_lb_config: HASHING },
  },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig": { read: [] },
  "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig": {
    read: ["choice_count", "active_request_bias"],
    refused: { slow_start_config: SLOW_START },
  },
  "envoy.config.cluster.v3.Cluster.RoundRobinLbConfig": {
    read: [],
    refused: { slow_start_config: SLOW_START },
  },
  "envoy.config.cluster.v3.Cluster.OriginalDstLbConfig": { read: [] },
  "envoy.config.cluster.v3.CircuitBreakers": {
    read: ["thresholds", "per_host_thresholds"],
  },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds": {
    read: [
      "priority",
      "max_connections",
      "max_pending_requests",
      "max_requests",
      "max_retries",
      "retry_budget",
      "track_remaining",
    ],
  },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget": {
    read: ["budget_percent", "min_retry_concurrency"],
  },
  "envoy.config.cluster.v3.OutlierDetection": {
    read: [
      "consecutive_5xx",
      "interval",
      "base_ejection_time",
      "max_ejection_percent",
      "enforcing_consecutive_5xx",
      "enforcing_success_rate",
      "success_rate_minimum_hosts",
      "success_rate_request_volume",
      "success_rate_stdev_factor",
      "consecutive_gateway_failure",
      "enforcing_consecutive_gateway_failure",
      "split_external_local_origin_errors",
      "consecutive_local_origin_failure",
      "enforcing_consecutive_local_origin_failure",
      "enforcing_local_origin_success_rate",
      "failure_percentage_threshold",
      "enforcing_failure_percentage",
      "enforcing_failure_percentage_local_origin",
      "failure_percentage_minimum_hosts",
      "failure_percentage_request_volume",
      "max_ejection_time",
      "max_ejection_time_jitter",
      "always_eject_one_host",
    ],
    ignored: { successful_active_health_check_uneject_host: NO_HEALTH_CHECK },
  },
  "envoy.config.cluster.v3.LoadBalancingPolicy": { read: ["policies"] },
  "envoy.config.cluster.v3.LoadBalancingPolicy.Policy": { read: ["typed_extension_config"] },
  "envoy.config.cluster.v3.UpstreamConnectionOptions": { read: ["tcp_keepalive"] },
  "envoy.config.core.v3.TcpKeepalive": {
    read: [],
    ignored: {
      keepalive_probes: MANAGEMENT_ONLY,
      keepalive_time: MANAGEMENT_ONLY,
      keepalive_interval: MANAGEMENT_ONLY,
    },
  },
  "envoy.config.core.v3.BindConfig": { read: ["source_address"] },
  "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin": {
    read: ["locality_lb_config"],
    refused: { slow_start_config: SLOW_START },
  },
  "envoy.extensions.load_balancing_policies.random.v3.Random": { read: ["locality_lb_config"] },
  "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest": {
    read: ["choice_count", "active_request_bias", "locality_lb_config"],
    refused: {
      slow_start_config: SLOW_START,
      enable_full_scan: "only the default, N random choices, is supported",
      selection_method: "only the default, N random choices, is supported",
    },
  },
  "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality": {
    read: ["endpoint_picking_policy"],
  },
  "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig": {
    read: ["locality_weighted_lb_config"],
    ignored: {
      zone_aware_lb_config:
        "takes effect with cluster_manager.local_cluster_name only, which is refused",
    },
  },
  "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig": {
    read: [],
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    read: [
      "common_http_protocol_options",
      "explicit_http_config",
      "use_downstream_protocol_config",
    ],
    ignored: {
      upstream_http_protocol_options: "server names for TLS: no effect on plain-text connections",
    },
    refused: { auto_config: "the protocol cannot be negotiated without TLS" },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig": {
    read: ["http_protocol_options", "http2_protocol_options"],
    refused: { http3_protocol_options: "HTTP/3 is not supported" },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig": {
    read: ["http_protocol_options"],
    ignored: {
      http2_protocol_options: "HTTP/1 is spoken downstream, and so upstream",
      http3_protocol_options: "HTTP/1 is spoken downstream, and so upstream",
    },
  },
  "envoy.config.core.v3.Http2ProtocolOptions": {
    read: [],
    ignored: {
      hpack_table_size: MANAGEMENT_ONLY,
      max_concurrent_streams: MANAGEMENT_ONLY,
      initial_stream_window_size: MANAGEMENT_ONLY,
      initial_connection_window_size: MANAGEMENT_ONLY,
      connection_keepalive: MANAGEMENT_ONLY,
    },
  },
  "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig": {
    read: [],
    ignored: {
      udp_max_queries: "tunes Envoy's own resolver; names are resolved by the runtime",
      dns_resolver_options: "tunes Envoy's own resolver; names are resolved by the runtime",
      filter_unroutable_families: "tunes Envoy's own resolver; names are resolved by the runtime",
    },
    refused: { resolvers: "names are resolved by the runtime, by the system's configuration" },
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment": {
    read: ["cluster_name", "endpoints", "policy"],
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy": { read: ["overprovisioning_factor"] },
  "envoy.config.endpoint.v3.LocalityLbEndpoints": {
    read: ["locality", "lb_endpoints", "load_balancing_weight", "priority"],
    ignored: {
      metadata: "read by matchers that are refused",
      proximity: "not used by Envoy either",
    },
  },
  "envoy.config.endpoint.v3.LbEndpoint": {
    read: ["endpoint", "health_status", "metadata", "load_balancing_weight"],
  },
  "envoy.config.endpoint.v3.Endpoint": {
    read: ["address", "hostname"],
    ignored: {
      health_check_config: NO_HEALTH_CHECK,
      observability_name: "statistics only",
    },
    refused: { additional_addresses: "several addresses per endpoint are not supported" },
  },
};
