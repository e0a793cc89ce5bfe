// What an endpoint subscription counts beside the update_* counters of CLUSTER.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  init_fetch_timeout: "counter",
  update_rejected: "counter",
  update_time: "gauge",
} as const;

/** `cluster.<stat name>.*`, for clusters whose endpoints come by EDS */
export const EDS: StatsSchema<"eds", keyof typeof STATS> = defineStats("eds", STATS);
