// VirtualService fault -> the fault filter's configuration on a route.
import { create } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import {
  type FaultDelay,
  FaultDelaySchema,
} from "#api/envoy/extensions/filters/common/fault/v3/fault_pb.ts";
import {
  type FaultAbort,
  FaultAbortSchema,
  HTTPFaultSchema,
} from "#api/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type {
  HTTPFaultInjection,
  HTTPFaultInjection_Abort,
  HTTPFaultInjection_Delay,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { hundredths, millionths } from "../messages.ts";

/** undefined when nothing of it can be expressed (`exponentialDelay`, `http2Error`). */
export function fault(injection: HTTPFaultInjection): Any | undefined {
  const delay = injection.delay === undefined ? undefined : faultDelay(injection.delay);
  const abort = injection.abort === undefined ? undefined : faultAbort(injection.abort);
  if (delay === undefined && abort === undefined) return undefined;
  return anyPack(HTTPFaultSchema, create(HTTPFaultSchema, { delay, abort }));
}

/** Without a percentage the delay never strikes: Istio's `percent` is a plain number with the default 0. */
function faultDelay(delay: HTTPFaultInjection_Delay): FaultDelay | undefined {
  const { httpDelayType, percentage, percent } = delay;
  if (httpDelayType.case !== "fixedDelay") return undefined;
  return create(FaultDelaySchema, {
    faultDelaySecifier: { case: "fixedDelay", value: httpDelayType.value },
    percentage: percentage === undefined ? hundredths(percent) : millionths(percentage.value),
  });
}

function faultAbort(abort: HTTPFaultInjection_Abort): FaultAbort | undefined {
  const { errorType, percentage } = abort;
  const chosen: FaultAbort["errorType"] | undefined =
    errorType.case === "httpStatus"
      ? errorType
      : errorType.case === "grpcStatus"
        ? { case: "grpcStatus", value: GRPC_STATUS[errorType.value] ?? GRPC_UNKNOWN }
        : undefined;
  if (chosen === undefined) return undefined;
  return create(FaultAbortSchema, {
    errorType: chosen,
    percentage: percentage === undefined ? undefined : millionths(percentage.value),
  });
}

const GRPC_UNKNOWN = 2;

/** google.rpc.Code by name. */
const GRPC_STATUS: Readonly<Record<string, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};
