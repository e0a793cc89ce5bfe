// envoy.config.route.v3.RetryPolicy -> RetryPolicy, Envoy's defaults filled in.
import type { RetryPolicy as RetryPolicyMessage } from "#api/envoy/config/route/v3/route_components_pb.ts";
import { PreviousHostsPredicateSchema } from "#api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { quoted } from "#base/log.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { Field } from "./field.ts";
import { readHeaderMatchers } from "./parse-matchers.ts";
import { RETRY_ON, type RetryOn, type RetryPolicy } from "./route-config.ts";
import { durationMs, timeoutMs } from "./values.ts";

const DEFAULT_BACK_OFF_BASE_MS = 25;
const PREVIOUS_HOSTS = "envoy.retry_host_predicates.previous_hosts";

export function readRetryPolicy(at: Field, message: RetryPolicyMessage): RetryPolicy {
  const { baseMs, maxMs } = readBackOff(at.child("retry_back_off"), message);
  return {
    on: parseRetryOn(message.retryOn),
    numRetries: message.numRetries ?? 1,
    perTryTimeoutMs: timeoutMs(at.child("per_try_timeout"), message.perTryTimeout, undefined),
    perTryIdleTimeoutMs: timeoutMs(
      at.child("per_try_idle_timeout"),
      message.perTryIdleTimeout,
      undefined,
    ),
    retriableStatusCodes: new Set(message.retriableStatusCodes),
    retriableHeaders: readHeaderMatchers(at.child("retriable_headers"), message.retriableHeaders),
    retriableRequestHeaders: readHeaderMatchers(
      at.child("retriable_request_headers"),
      message.retriableRequestHeaders,
    ),
    backOffBaseMs: baseMs,
    backOffMaxMs: maxMs,
    hostSelectionMaxAttempts: readMaxAttempts(at, message),
    avoidPreviousHosts: readPredicates(at.child("retry_host_predicate"), message),
  };
}

const KNOWN: ReadonlySet<string> = new Set(RETRY_ON);

/** Also for x-envoy-retry-on. Words that are not known are left out, as in Envoy. */
export function parseRetryOn(text: string): ReadonlySet<RetryOn> {
  const on = new Set<RetryOn>();
  for (const word of text.split(",")) {
    const token = word.trim();
    if (KNOWN.has(token)) on.add(token as RetryOn);
  }
  return on;
}

function readBackOff(
  at: Field,
  message: RetryPolicyMessage,
): { readonly baseMs: number; readonly maxMs: number } {
  const backOff = message.retryBackOff;
  const given = durationMs(
    at.child("base_interval"),
    backOff?.baseInterval,
    DEFAULT_BACK_OFF_BASE_MS,
  );
  // Envoy's timers count milliseconds: a base below one is taken for one.
  const baseMs = Math.max(given, 1);
  const maxMs = durationMs(at.child("max_interval"), backOff?.maxInterval, baseMs * 10);
  if (maxMs < baseMs) {
    const wanted = `must be greater than or equal to the base_interval (${baseMs} ms)`;
    at.child("max_interval").reject(`${wanted}: got ${maxMs} ms`);
  }
  return { baseMs, maxMs };
}

/** A number of new picks per retry; beyond any real number of hosts more of them change nothing. */
const MAX_HOST_SELECTION_ATTEMPTS = 1000;

function readMaxAttempts(at: Field, message: RetryPolicyMessage): number {
  const attempts = Number(message.hostSelectionRetryMaxAttempts);
  if (attempts < 0) {
    at.child("host_selection_retry_max_attempts").reject(`must not be negative: got ${attempts}`);
  }
  return attempts === 0 ? 1 : Math.min(attempts, MAX_HOST_SELECTION_ATTEMPTS);
}

function readPredicates(at: Field, message: RetryPolicyMessage): boolean {
  let avoidPrevious = false;
  for (const [i, predicate] of message.retryHostPredicate.entries()) {
    const { configType } = predicate;
    const typed = configType.case === "typedConfig" ? configType.value : undefined;
    // Old configurations, and Istio's, name the predicate without a type.
    const isPrevious =
      typed === undefined || typed.typeUrl === ""
        ? predicate.name === PREVIOUS_HOSTS
        : unpackAs(PreviousHostsPredicateSchema, typed) !== undefined;
    if (!isPrevious) {
      const what = typed === undefined ? predicate.name : typeNameOf(typed);
      at.item(i).reject(`not supported: host predicate ${quoted(what)}`);
    }
    avoidPrevious ||= isPrevious;
  }
  return avoidPrevious;
}
