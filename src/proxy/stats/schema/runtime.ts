// The runtime layers; all 0 but the layers' number, since there is no override here.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  admin_overrides_active: "gauge",
  deprecated_feature_seen_since_process_start: "gauge",
  deprecated_feature_use: "counter",
  load_error: "counter",
  load_success: "counter",
  num_keys: "gauge",
  num_layers: "gauge",
  override_dir_exists: "counter",
  override_dir_not_exists: "counter",
} as const;

/** `runtime.*` */
export const RUNTIME: StatsSchema<"runtime", keyof typeof STATS> = defineStats("runtime", STATS);
