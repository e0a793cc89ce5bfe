// envoy.config.cluster.v3.OutlierDetection -> OutlierDetectionConfig, Envoy's defaults filled in.
import type { OutlierDetection } from "#api/envoy/config/cluster/v3/outlier_detection_pb.ts";
import type { OutlierDetectionConfig } from "./cluster-config.ts";
import type { Field } from "./field.ts";
import { durationMs } from "./values.ts";

const DEFAULT_MAX_EJECTION_TIME_MS = 300_000;

export function readOutlierDetection(at: Field, message: OutlierDetection): OutlierDetectionConfig {
  const baseMs = durationMs(at.child("base_ejection_time"), message.baseEjectionTime, 30_000);
  const maxMs = durationMs(
    at.child("max_ejection_time"),
    message.maxEjectionTime,
    Math.max(baseMs, DEFAULT_MAX_EJECTION_TIME_MS),
  );
  if (maxMs < baseMs) {
    const message = "cannot be smaller than base_ejection_time";
    at.child("max_ejection_time").reject(`${message}: got ${maxMs} ms, base is ${baseMs} ms`);
  }
  return {
    consecutive5xx: message.consecutive5xx ?? 5,
    enforcingConsecutive5xxPercent: message.enforcingConsecutive5xx ?? 100,
    consecutiveGatewayFailure: message.consecutiveGatewayFailure ?? 5,
    enforcingConsecutiveGatewayFailurePercent: message.enforcingConsecutiveGatewayFailure ?? 0,
    consecutiveLocalOriginFailure: message.consecutiveLocalOriginFailure ?? 5,
    enforcingConsecutiveLocalOriginFailurePercent:
      message.enforcingConsecutiveLocalOriginFailure ?? 100,
    splitExternalLocalOriginErrors: message.splitExternalLocalOriginErrors,
    intervalMs: durationMs(at.child("interval"), message.interval, 10_000),
    baseEjectionTimeMs: baseMs,
    maxEjectionTimeMs: maxMs,
    maxEjectionTimeJitterMs: durationMs(
      at.child("max_ejection_time_jitter"),
      message.maxEjectionTimeJitter,
      0,
    ),
    maxEjectionPercent: message.maxEjectionPercent ?? 10,
    alwaysEjectOneHost: message.alwaysEjectOneHost ?? false,
    enforcingSuccessRatePercent: message.enforcingSuccessRate ?? 100,
    enforcingLocalOriginSuccessRatePercent: message.enforcingLocalOriginSuccessRate ?? 100,
    enforcingFailurePercentagePercent: message.enforcingFailurePercentage ?? 0,
    enforcingFailurePercentageLocalOriginPercent:
      message.enforcingFailurePercentageLocalOrigin ?? 0,
    successRate: {
      successRateMinimumHosts: message.successRateMinimumHosts ?? 5,
      successRateRequestVolume: message.successRateRequestVolume ?? 100,
      successRateStdevFactor: message.successRateStdevFactor ?? 1900,
      failurePercentageThreshold: message.failurePercentageThreshold ?? 85,
      failurePercentageMinimumHosts: message.failurePercentageMinimumHosts ?? 5,
      failurePercentageRequestVolume: message.failurePercentageRequestVolume ?? 50,
    },
  };
}
