// Files written, which are the access logs.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  flushed_by_timer: "counter",
  reopen_failed: "counter",
  write_buffered: "counter",
  write_completed: "counter",
  write_failed: "counter",
  write_total_buffered: "gauge",
} as const;

/** `filesystem.*` */
export const FILESYSTEM: StatsSchema<"filesystem", keyof typeof STATS> = defineStats(
  "filesystem",
  STATS,
);
