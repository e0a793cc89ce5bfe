// The fault filter's counters.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  aborts_injected: "counter",
  active_faults: "gauge",
  delays_injected: "counter",
  faults_overflow: "counter",
  response_rl_injected: "counter",
} as const;

/** `http.<stat_prefix>.fault.*` */
export const FAULT: StatsSchema<"fault", keyof typeof STATS> = defineStats("fault", STATS);
