// envoy.extensions.filters.http.fault.v3.HTTPFault -> FaultConfig, for a filter or for a route.
import type { FaultDelay } from "#api/envoy/extensions/filters/common/fault/v3/fault_pb.ts";
import type {
  FaultAbort,
  HTTPFault,
} from "#api/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type { FractionalPercent as FractionalPercentMessage } from "#api/envoy/type/v3/percent_pb.ts";
import type { FaultConfig, FractionalPercent } from "./fault-config.ts";
import type { Field } from "./field.ts";
import { readHeaderMatchers } from "./parse-matchers.ts";
import { durationMs, fractionalPercent } from "./values.ts";

export function readFault(at: Field, message: HTTPFault): FaultConfig {
  return {
    delay: message.delay && readDelay(at.child("delay"), message.delay),
    abort: message.abort && readAbort(message.abort),
    upstreamCluster: message.upstreamCluster,
    downstreamNodes: message.downstreamNodes,
    headers: readHeaderMatchers(at.child("headers"), message.headers),
    maxActiveFaults: message.maxActiveFaults,
  };
}

/** A percentage that is not there never strikes: Envoy's default, and the trap of Istio's `fault` without `percentage`. */
function percentageOf(message: FractionalPercentMessage | undefined): FractionalPercent {
  return message === undefined ? { numerator: 0, denominator: 100 } : fractionalPercent(message);
}

function readDelay(at: Field, message: FaultDelay): FaultConfig["delay"] {
  const percentage = percentageOf(message.percentage);
  const { faultDelaySecifier: specifier } = message;
  if (specifier.case !== "fixedDelay") return { kind: "header", percentage };
  const delayMs = durationMs(at.child("fixed_delay"), specifier.value, 0);
  return { kind: "fixed", delayMs, percentage };
}

function readAbort(message: FaultAbort): FaultConfig["abort"] {
  const percentage = percentageOf(message.percentage);
  const { errorType } = message;
  switch (errorType.case) {
    case "httpStatus":
      return { kind: "http", status: errorType.value, percentage };
    case "grpcStatus":
      return { kind: "grpc", status: errorType.value, percentage };
    default:
      return { kind: "header", percentage };
  }
}
