// What a route subscription counts beside XDS and CONFIG_RELOAD.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  update_empty: "counter",
} as const;

/** `http.<stat_prefix>.rds.<route name>.*` */
export const RDS: StatsSchema<"rds", keyof typeof STATS> = defineStats("rds", STATS);
