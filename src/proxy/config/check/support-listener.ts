// Support for listeners, network filters, the HTTP connection manager and HTTP filters (LDS).
import type { SupportTable } from "./support.ts";

const TRACING = "concerns tracing, which needs a provider; providers are refused";
const NO_OVERLOAD = "there is no overload manager and no global connection limit";
const STATISTICS = "statistics only";

export const LISTENER_SUPPORT: SupportTable = {
  "envoy.config.listener.v3.Listener": {
    read: [
      "name",
      "address",
      "stat_prefix",
      "filter_chains",
      "use_original_dst",
      "default_filter_chain",
      "per_connection_buffer_limit_bytes",
      "deprecated_v1",
      "listener_filters",
      "listener_filters_timeout",
      "continue_on_listener_filters_timeout",
      "transparent",
      "freebind",
      "traffic_direction",
      "reuse_port",
      "enable_reuse_port",
      "access_log",
      "bind_to_port",
    ],
    ignored: {
      stats_matcher: "chooses statistics",
      metadata: "for people and for filters that are refused",
      drain_type: "the difference is /healthcheck/fail, which drains nothing here",
      tcp_fast_open_queue_length: "saves a round trip where the kernel can",
      tcp_backlog_size: "the runtime's own backlog is used",
      max_connections_to_accept_per_socket_event: "order of work inside one worker",
      connection_balance_config: "order of work between workers",
      ignore_global_conn_limit: NO_OVERLOAD,
      bypass_overload_manager: NO_OVERLOAD,
    },
    refused: {
      additional_addresses: "one address per listener is supported",
      filter_chain_matcher: "only filter_chain_match is supported",
      socket_options: "socket options are not supported",
      tcp_keepalive: "TCP keepalive is not supported",
      udp_listener_config: "UDP is not supported",
      api_listener: "API listeners are not supported",
      internal_listener: "internal listeners are not supported",
    },
  },
  "envoy.config.listener.v3.Listener.DeprecatedV1": { read: ["bind_to_port"] },
  "envoy.config.listener.v3.ListenerFilter": { read: ["name", "typed_config"] },
  "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector": { read: [] },
  "envoy.extensions.filters.listener.original_dst.v3.OriginalDst": { read: [] },
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector": {
    read: [],
    ignored: { initial_read_buffer_size: "how the first bytes are read" },
  },
  "envoy.config.listener.v3.FilterChain": {
    read: ["filter_chain_match", "filters", "use_proxy_proto", "transport_socket", "name"],
    ignored: {
      metadata: "for people and for filters that are refused",
      transport_socket_connect_timeout: "a plain-text connection has no handshake",
    },
  },
  "envoy.config.listener.v3.FilterChainMatch": {
    read: [
      "destination_port",
      "prefix_ranges",
      "server_names",
      "transport_protocol",
      "application_protocols",
    ],
  },
  "envoy.config.listener.v3.Filter": {
    read: ["name", "typed_config"],
    refused: { config_discovery: "ECDS is not supported" },
  },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": {
    read: [
      "stat_prefix",
      "cluster",
      "weighted_clusters",
      "idle_timeout",
      "access_log",
      "max_connect_attempts",
      "max_downstream_connection_duration",
    ],
    ignored: { hash_policy: "used by hashing load balancers only, which are refused" },
  },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster": { read: ["clusters"] },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight": {
    read: ["name", "weight"],
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": {
    read: [
      "codec_type",
      "stat_prefix",
      "rds",
      "route_config",
      "http_filters",
      "tracing",
      "common_http_protocol_options",
      "http_protocol_options",
      "server_name",
      "server_header_transformation",
      "max_request_headers_kb",
      "stream_idle_timeout",
      "request_timeout",
      "request_headers_timeout",
      "drain_timeout",
      "delayed_close_timeout",
      "access_log",
      "use_remote_address",
      "xff_num_trusted_hops",
      "skip_xff_append",
      "via",
      "generate_request_id",
      "preserve_external_request_id",
      "always_set_request_id_in_response",
      "forward_client_cert_details",
      "proxy_100_continue",
      "upgrade_configs",
      "normalize_path",
      "merge_slashes",
      "path_with_escaped_slashes_action",
      "request_id_extension",
      "strip_matching_host_port",
      "strip_any_host_port",
    ],
    ignored: {
      http2_protocol_options: "HTTP/2 is not spoken, so there is nothing to tune",
      set_current_client_cert_details: "a plain-text connection has no client certificate",
      append_local_overload: NO_OVERLOAD,
      add_proxy_protocol_connection_state:
        "takes effect with the PROXY protocol only, which is refused",
      record_route_resolution_stats: STATISTICS,
    },
    refused: {
      scoped_routes: "scoped routes are not supported",
      http3_protocol_options: "HTTP/3 is not supported",
      local_reply_config: "local replies cannot be changed",
    },
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.Rds": {
    read: ["config_source", "route_config_name"],
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing": {
    read: [],
    ignored: {
      client_sampling: TRACING,
      random_sampling: TRACING,
      overall_sampling: TRACING,
      verbose: TRACING,
      max_path_tag_length: TRACING,
      custom_tags: TRACING,
      spawn_upstream_span: TRACING,
      operation: TRACING,
      upstream_operation: TRACING,
      no_context_propagation: TRACING,
    },
    refused: { provider: "tracing is not supported" },
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig":
    {
      read: ["upgrade_type", "enabled"],
      refused: { filters: "an upgrade goes through the same filters as every request" },
    },
  "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension": {
    read: ["typed_config"],
  },
  "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig": {
    read: [],
    ignored: { pack_trace_reason: TRACING, use_request_id_for_trace_sampling: TRACING },
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter": {
    read: ["name", "typed_config", "is_optional", "disabled"],
    refused: { config_discovery: "ECDS is not supported" },
  },
  "envoy.extensions.filters.http.router.v3.Router": {
    read: ["suppress_envoy_headers"],
    ignored: {
      dynamic_stats: STATISTICS,
      start_child_span: TRACING,
      suppress_grpc_request_failure_code_stats: STATISTICS,
      reject_connect_request_early_data: "CONNECT is not supported",
    },
    refused: { upstream_log: "upstream access logs are not supported" },
  },
  "envoy.extensions.filters.http.cors.v3.Cors": { read: [] },
  "envoy.extensions.filters.http.fault.v3.HTTPFault": {
    read: [
      "delay",
      "abort",
      "upstream_cluster",
      "headers",
      "downstream_nodes",
      "max_active_faults",
    ],
    ignored: {
      delay_percent_runtime: "there is no runtime layer",
      abort_percent_runtime: "there is no runtime layer",
      delay_duration_runtime: "there is no runtime layer",
      abort_http_status_runtime: "there is no runtime layer",
      abort_grpc_status_runtime: "there is no runtime layer",
      max_active_faults_runtime: "there is no runtime layer",
      response_rate_limit_percent_runtime: "there is no runtime layer",
      disable_downstream_cluster_stats: STATISTICS,
      filter_metadata: "read by formats that are refused",
    },
    refused: { response_rate_limit: "a limit on the rate of responses is not supported" },
  },
  "envoy.extensions.filters.common.fault.v3.FaultDelay": {
    read: ["fixed_delay", "header_delay", "percentage"],
  },
  "envoy.extensions.filters.common.fault.v3.FaultDelay.HeaderDelay": { read: [] },
  "envoy.extensions.filters.http.fault.v3.FaultAbort": {
    read: ["http_status", "grpc_status", "header_abort", "percentage"],
  },
  "envoy.extensions.filters.http.fault.v3.FaultAbort.HeaderAbort": { read: [] },
};

/** Extensions that only count, mark or describe traffic: accepted wherever a filter may stand, with nothing behind them. */
export const IGNORED_EXTENSIONS: Readonly<Record<string, string>> = {
  "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig": "counts gRPC messages",
  "stats.PluginConfig": "Istio's telemetry: counts requests",
  "io.istio.http.peer_metadata.Config": "Istio's telemetry: exchanges the peers' names",
  "envoy.tcp.metadataexchange.config.MetadataExchange":
    "Istio's telemetry: exchanges the peers' names over mTLS",
  "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig":
    "chooses ALPN for TLS upstreams, which are refused",
  "istio.envoy.config.filter.network.metadata_exchange.MetadataExchange":
    "Istio's telemetry: exchanges the peers' names over mTLS",
};
