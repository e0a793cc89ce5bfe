// How often a new configuration took effect, and when it last did; beside XDS for clusters and routes.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  config_reload: "counter",
  config_reload_time_ms: "gauge",
} as const;

/** `cluster_manager.cds.*`, `http.<stat_prefix>.rds.<route name>.*` */
export const CONFIG_RELOAD: StatsSchema<"configReload", keyof typeof STATS> = defineStats(
  "configReload",
  STATS,
);
