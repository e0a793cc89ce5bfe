// How much of each limit is left; only where the thresholds say track_remaining.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  remaining_cx: "gauge",
  remaining_cx_pools: "gauge",
  remaining_pending: "gauge",
  remaining_retries: "gauge",
  remaining_rq: "gauge",
} as const;

/** `cluster.<stat name>.circuit_breakers.{default,high}.remaining_*` */
export const CIRCUIT_BREAKER_REMAINING: StatsSchema<"circuitBreakerRemaining", keyof typeof STATS> =
  defineStats("circuitBreakerRemaining", STATS);
