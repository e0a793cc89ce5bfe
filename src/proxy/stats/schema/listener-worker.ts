// Connections of a listener by worker.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  downstream_cx_active: "gauge",
  downstream_cx_total: "counter",
} as const;

/** `listener.<stat name>.worker_<n>.*`; `listener.admin.main_thread.*` */
export const LISTENER_WORKER: StatsSchema<"listenerWorker", keyof typeof STATS> = defineStats(
  "listenerWorker",
  STATS,
);
