// VirtualService retries -> RetryPolicy; Istio retries connection failures twice unless a route says otherwise.
import { create } from "@bufbuild/protobuf";
import {
  type RetryPolicy,
  type RetryPolicy_RetryHostPredicate,
  RetryPolicy_RetryHostPredicateSchema,
  type RetryPolicy_RetryPriority,
  RetryPolicy_RetryPrioritySchema,
  RetryPolicySchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import { PreviousHostsPredicateSchema } from "#api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { PreviousPrioritiesConfigSchema } from "#api/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts";
import type { HTTPRetry } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { packed } from "../messages.ts";

const DEFAULT_RETRY_ON =
  "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const DEFAULT_RETRIES = 2;
/** Picks before Envoy takes a host that was tried already. */
const HOST_SELECTION_ATTEMPTS = 5n;

const PREVIOUS_HOSTS: RetryPolicy_RetryHostPredicate = create(
  RetryPolicy_RetryHostPredicateSchema,
  {
    name: "envoy.retry_host_predicates.previous_hosts",
    configType: { case: "typedConfig", value: packed(PreviousHostsPredicateSchema) },
  },
);

const PREVIOUS_PRIORITIES: RetryPolicy_RetryPriority = create(RetryPolicy_RetryPrioritySchema, {
  name: "envoy.retry_priorities.previous_priorities",
  configType: {
    case: "typedConfig",
    value: packed(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }),
  },
});

/** What every route without `retries` does. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = create(RetryPolicySchema, {
  retryOn: DEFAULT_RETRY_ON,
  numRetries: DEFAULT_RETRIES,
  retryHostPredicate: [PREVIOUS_HOSTS],
  hostSelectionRetryMaxAttempts: HOST_SELECTION_ATTEMPTS,
});

/** Inbound: the program closed an idle connection just as the request came; nothing of it was read. */
export const INBOUND_RETRY_POLICY: RetryPolicy = create(RetryPolicySchema, {
  retryOn: "reset-before-request",
  numRetries: 2,
});

const CONSISTENT_DEFAULT: RetryPolicy = create(RetryPolicySchema, {
  retryOn: DEFAULT_RETRY_ON,
  numRetries: DEFAULT_RETRIES,
  hostSelectionRetryMaxAttempts: HOST_SELECTION_ATTEMPTS,
});

/** undefined: `attempts: 0` switches retries off. A hashed route keeps to its host also when it retries. */
export function retryPolicy(
  retries: HTTPRetry | undefined,
  isHashed: boolean,
): RetryPolicy | undefined {
  if (retries === undefined) return isHashed ? CONSISTENT_DEFAULT : DEFAULT_RETRY_POLICY;
  if (retries.attempts <= 0) return undefined;
  const { retryOn, statusCodes } = conditions(retries.retryOn);
  const avoidsPrevious = retries.retryIgnorePreviousHosts ?? !isHashed;
  return create(RetryPolicySchema, {
    retryOn,
    numRetries: retries.attempts,
    retriableStatusCodes: statusCodes,
    perTryTimeout: retries.perTryTimeout,
    retryHostPredicate: avoidsPrevious ? [PREVIOUS_HOSTS] : [],
    hostSelectionRetryMaxAttempts: HOST_SELECTION_ATTEMPTS,
    retryPriority: retries.retryRemoteLocalities === true ? PREVIOUS_PRIORITIES : undefined,
    retryBackOff: retries.backoff === undefined ? undefined : { baseInterval: retries.backoff },
  });
}

/** "5xx,503,reset": numbers are status codes, which Envoy takes in a list of their own. */
function conditions(text: string): { retryOn: string; statusCodes: number[] } {
  if (text === "") return { retryOn: DEFAULT_RETRY_ON, statusCodes: [] };
  const words: string[] = [];
  const statusCodes: number[] = [];
  for (const part of text.split(",").map((word) => word.trim())) {
    if (/^[1-5]\d\d$/.test(part)) statusCodes.push(Number(part));
    else if (part !== "") words.push(part);
  }
  if (statusCodes.length > 0 && !words.includes("retriable-status-codes")) {
    words.push("retriable-status-codes");
  }
  return { retryOn: words.join(","), statusCodes };
}
