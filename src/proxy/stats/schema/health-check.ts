// Active health checks; only for clusters that have them.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  attempt: "counter",
  degraded: "gauge",
  failure: "counter",
  healthy: "gauge",
  network_failure: "counter",
  passive_failure: "counter",
  success: "counter",
  verify_cluster: "counter",
} as const;

/** `cluster.<stat name>.health_check.*` */
export const HEALTH_CHECK: StatsSchema<"healthCheck", keyof typeof STATS> = defineStats(
  "healthCheck",
  STATS,
);
