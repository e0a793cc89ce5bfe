// Turns of the event loop that took too long.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  watchdog_mega_miss: "counter",
  watchdog_miss: "counter",
} as const;

/** `server.{main_thread,worker_<n>}.*`, `main_thread.*`, `workers.*` */
export const WATCHDOG: StatsSchema<"watchdog", keyof typeof STATS> = defineStats("watchdog", STATS);
