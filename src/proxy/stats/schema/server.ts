// The process.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  "compilation_settings.fips_mode": "gauge",
  concurrency: "gauge",
  days_until_first_cert_expiring: "gauge",
  debug_assertion_failures: "counter",
  dropped_stat_flushes: "counter",
  dynamic_unknown_fields: "counter",
  envoy_bug_failures: "counter",
  envoy_notifications: "counter",
  hot_restart_epoch: "gauge",
  hot_restart_generation: "gauge",
  live: "gauge",
  memory_allocated: "gauge",
  memory_heap_size: "gauge",
  memory_physical_size: "gauge",
  parent_connections: "gauge",
  seconds_until_first_ocsp_response_expiring: "gauge",
  state: "gauge",
  static_unknown_fields: "counter",
  stats_recent_lookups: "gauge",
  total_connections: "gauge",
  uptime: "gauge",
  version: "gauge",
  wip_protos: "counter",
} as const;

/** `server.*` */
export const SERVER: StatsSchema<"server", keyof typeof STATS> = defineStats("server", STATS);
