// The fault filter's counters for one downstream cluster.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  aborts_injected: "counter",
  delays_injected: "counter",
} as const;

/** `http.<stat_prefix>.fault.<downstream cluster>.*` */
export const FAULT_DOWNSTREAM_CLUSTER: StatsSchema<"faultDownstreamCluster", keyof typeof STATS> =
  defineStats("faultDownstreamCluster", STATS);
