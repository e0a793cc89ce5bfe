// Response classes of a connection manager, kept for each listener that has it.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  downstream_rq_1xx: "counter",
  downstream_rq_2xx: "counter",
  downstream_rq_3xx: "counter",
  downstream_rq_4xx: "counter",
  downstream_rq_5xx: "counter",
  downstream_rq_completed: "counter",
} as const;

/** `listener.<stat name>.http.<stat_prefix>.*` */
export const LISTENER_HTTP: StatsSchema<"listenerHttp", keyof typeof STATS> = defineStats(
  "listenerHttp",
  STATS,
);
