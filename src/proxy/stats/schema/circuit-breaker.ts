// Which limits of one priority are reached: 1 while they are.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  cx_open: "gauge",
  cx_pool_open: "gauge",
  rq_open: "gauge",
  rq_pending_open: "gauge",
  rq_retry_open: "gauge",
} as const;

/** `cluster.<stat name>.circuit_breakers.{default,high}.*` */
export const CIRCUIT_BREAKER: StatsSchema<"circuitBreaker", keyof typeof STATS> = defineStats(
  "circuitBreaker",
  STATS,
);
