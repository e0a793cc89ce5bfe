// The tap filter's counters.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  rq_sampled_out: "counter",
  rq_tapped: "counter",
} as const;

/** `http.<stat_prefix>.tap.*` */
export const TAP: StatsSchema<"tap", keyof typeof STATS> = defineStats("tap", STATS);
