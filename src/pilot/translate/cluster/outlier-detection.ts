// DestinationRule outlierDetection -> Envoy's outlier detection and panic threshold.
import { create } from "@bufbuild/protobuf";
import {
  type OutlierDetection as EnvoyOutlierDetection,
  OutlierDetectionSchema,
} from "#api/envoy/config/cluster/v3/outlier_detection_pb.ts";
import type { OutlierDetection } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";

/** Envoy's field names; what Istio leaves unset stays Envoy's default (interval 10 s, base 30 s, 10 %). */
export function outlierDetection(settings: OutlierDetection): EnvoyOutlierDetection {
  const {
    consecutive5xxErrors,
    consecutiveGatewayErrors,
    interval,
    baseEjectionTime,
    maxEjectionPercent,
  } = settings;
  const detection = create(OutlierDetectionSchema, {
    interval,
    baseEjectionTime,
    maxEjectionPercent: maxEjectionPercent > 0 ? maxEjectionPercent : undefined,
    // Istio has no words for success rates, and Envoy would enforce them unasked.
    enforcingSuccessRate: 0,
  });
  if (consecutive5xxErrors !== undefined) {
    detection.consecutive5xx = consecutive5xxErrors;
    detection.enforcingConsecutive5xx = enforcing(consecutive5xxErrors);
  }
  if (consecutiveGatewayErrors !== undefined) {
    detection.consecutiveGatewayFailure = consecutiveGatewayErrors;
    detection.enforcingConsecutiveGatewayFailure = enforcing(consecutiveGatewayErrors);
  }
  if (settings.splitExternalLocalOriginErrors) {
    detection.splitExternalLocalOriginErrors = true;
    detection.enforcingLocalOriginSuccessRate = 0;
    const failures = settings.consecutiveLocalOriginFailures ?? 0;
    if (failures > 0) {
      detection.consecutiveLocalOriginFailure = failures;
      detection.enforcingConsecutiveLocalOriginFailure = 100;
    }
  }
  return detection;
}

/** 0 errors switch a detector off: Envoy would read 0 as "at the first". */
function enforcing(errors: number): number {
  return errors > 0 ? 100 : 0;
}

/** Percent of healthy hosts below which Envoy panics; 0 turns panic off, which is Istio's choice wherever nobody says otherwise. */
export function panicThreshold(settings: OutlierDetection | undefined): number {
  return Math.max(settings?.minHealthPercent ?? 0, 0);
}
