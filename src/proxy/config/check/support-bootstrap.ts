// Support for the bootstrap file.
import type { SupportTable } from "./support.ts";

const STATISTICS = "statistics only";
const PROCESS = "concerns Envoy's own process";

export const BOOTSTRAP_SUPPORT: SupportTable = {
  "envoy.config.bootstrap.v3.Bootstrap": {
    read: [
      "node",
      "static_resources",
      "dynamic_resources",
      "stats_flush_interval",
      "admin",
      "layered_runtime",
      "typed_dns_resolver_config",
    ],
    ignored: {
      flags_path: PROCESS,
      stats_config: "tags and buckets of statistics",
      deferred_stat_options: STATISTICS,
      stats_flush_on_admin: STATISTICS,
      stats_eviction_interval: STATISTICS,
      stats_server_version_override: STATISTICS,
      watchdog: PROCESS,
      watchdogs: PROCESS,
      enable_dispatcher_stats: STATISTICS,
      perf_tracing_file_path: PROCESS,
      inline_headers: "how Envoy stores headers",
      memory_allocator_manager: PROCESS,
      enable_worker_cpu_affinity: PROCESS,
      application_log_config: "the format of Envoy's own log",
      grpc_async_client_manager_config: "how Envoy keeps gRPC clients",
      default_socket_interface: PROCESS,
    },
    refused: {
      stats_sinks: "statistics are served on the admin address only",
      tracing: "tracing is not supported",
      overload_manager: "the overload manager is not supported",
      cluster_manager: "cluster manager settings are not supported",
      header_prefix: "the prefix is x-envoy",
      hds_config: "health discovery is not supported",
    },
  },
  "envoy.config.core.v3.Node": {
    read: [
      "id",
      "cluster",
      "metadata",
      "locality",
      "dynamic_parameters",
      "client_features",
      "listening_addresses",
    ],
    ignored: {
      user_agent_name: "ours is sent",
      user_agent_version: "ours is sent",
      user_agent_build_version: "ours is sent",
      extensions: "ours are sent",
    },
  },
  "envoy.config.bootstrap.v3.Bootstrap.StaticResources": {
    read: ["listeners", "clusters"],
    refused: { secrets: "TLS is not supported" },
  },
  "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": {
    read: ["lds_config", "cds_config", "ads_config"],
    refused: {
      lds_resources_locator: "xdstp resource names are not supported",
      cds_resources_locator: "xdstp resource names are not supported",
    },
  },
  "envoy.config.core.v3.ApiConfigSource": {
    read: ["api_type", "transport_api_version", "grpc_services"],
    ignored: {
      set_node_on_first_message_only:
        "the node is sent on the first message only, which every server takes",
    },
    refused: {
      cluster_names: "only gRPC is supported",
      refresh_delay: "only gRPC is supported",
      request_timeout: "only gRPC is supported",
    },
  },
  "envoy.config.core.v3.GrpcService": {
    read: ["envoy_grpc", "initial_metadata"],
    ignored: { timeout: "a stream of ADS has no deadline" },
    refused: { google_grpc: "only envoy_grpc is supported" },
  },
  "envoy.config.core.v3.GrpcService.EnvoyGrpc": {
    read: ["cluster_name"],
    ignored: {
      skip_envoy_headers: "none are sent to the management server",
    },
  },
  "envoy.config.bootstrap.v3.Admin": {
    read: ["access_log", "access_log_path", "address"],
    ignored: {
      profile_path: "the CPU profiler is Envoy's own",
      ignore_global_conn_limit: "there is no global connection limit",
    },
    refused: {
      socket_options: "socket options are not supported",
      allow_paths: "admin paths cannot be limited: do not set an admin address",
    },
  },
  "envoy.config.bootstrap.v3.LayeredRuntime": { read: ["layers"] },
  "envoy.config.bootstrap.v3.RuntimeLayer": {
    read: ["name", "static_layer", "admin_layer"],
    refused: {
      disk_layer: "runtime values cannot be changed while running",
      rtds_layer: "RTDS is not supported",
    },
  },
  "envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer": { read: [] },
};
