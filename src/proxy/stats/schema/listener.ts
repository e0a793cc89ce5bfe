// A listener's counters and gauges.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  downstream_cx_active: "gauge",
  downstream_cx_destroy: "counter",
  downstream_cx_overflow: "counter",
  downstream_cx_overload_reject: "counter",
  downstream_cx_total: "counter",
  downstream_cx_transport_socket_connect_timeout: "counter",
  downstream_global_cx_overflow: "counter",
  downstream_listener_filter_error: "counter",
  downstream_listener_filter_remote_close: "counter",
  downstream_pre_cx_active: "gauge",
  downstream_pre_cx_timeout: "counter",
  extension_config_missing: "counter",
  network_extension_config_missing: "counter",
  no_filter_chain_match: "counter",
} as const;

/** `listener.<stat name>.*` */
export const LISTENER: StatsSchema<"listener", keyof typeof STATS> = defineStats("listener", STATS);
