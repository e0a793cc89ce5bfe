// A subscription to one type of resource.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  init_fetch_timeout: "counter",
  update_attempt: "counter",
  update_failure: "counter",
  update_rejected: "counter",
  update_success: "counter",
  update_time: "gauge",
  version: "gauge",
} as const;

/** `cluster_manager.cds.*`, `listener_manager.lds.*`, `http.<stat_prefix>.rds.<route name>.*` */
export const XDS: StatsSchema<"xds", keyof typeof STATS> = defineStats("xds", STATS);
