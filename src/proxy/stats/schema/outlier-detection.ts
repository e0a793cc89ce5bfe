// Ejections; only for clusters with outlier detection.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  ejections_active: "gauge",
  ejections_consecutive_5xx: "counter",
  ejections_detected_consecutive_5xx: "counter",
  ejections_detected_consecutive_gateway_failure: "counter",
  ejections_detected_consecutive_local_origin_failure: "counter",
  ejections_detected_degradation: "counter",
  ejections_detected_failure_percentage: "counter",
  ejections_detected_local_origin_failure_percentage: "counter",
  ejections_detected_local_origin_success_rate: "counter",
  ejections_detected_success_rate: "counter",
  ejections_enforced_consecutive_5xx: "counter",
  ejections_enforced_consecutive_gateway_failure: "counter",
  ejections_enforced_consecutive_local_origin_failure: "counter",
  ejections_enforced_failure_percentage: "counter",
  ejections_enforced_local_origin_failure_percentage: "counter",
  ejections_enforced_local_origin_success_rate: "counter",
  ejections_enforced_success_rate: "counter",
  ejections_enforced_total: "counter",
  ejections_overflow: "counter",
  ejections_success_rate: "counter",
  ejections_total: "counter",
} as const;

/** `cluster.<stat name>.outlier_detection.*` */
export const OUTLIER_DETECTION: StatsSchema<"outlierDetection", keyof typeof STATS> = defineStats(
  "outlierDetection",
  STATS,
);
