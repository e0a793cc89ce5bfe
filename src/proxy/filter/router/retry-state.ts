// Whether an attempt that failed is followed by another, and how long after: Envoy's retry policy for one request.
// Knows no sockets and no timers; the router asks, and does what it is told.
import { below, type Random } from "#base/random.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { RetryOn, RetryPolicy } from "../../config/route-config.ts";
import { GRPC_STATUS, X_ENVOY_RATELIMITED } from "../../http/header-names.ts";
import { RESET, type ResetReason } from "../../http/reset-reason.ts";
import { matchesHeader } from "../../route/header-matcher.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import type { CircuitBreaker } from "../../upstream/circuit-breaker.ts";
import type { Cluster } from "../../upstream/cluster.ts";

/**
 * "retry": another attempt after `backOffMs`. "no": the policy does not name this outcome. "limit": it does, but all retries
 * are used up (URX). "overflow": it does, but too many retries are active in the cluster (UO).
 */
export type RetryVerdict = "retry" | "no" | "limit" | "overflow";

const GRPC_TOKENS: readonly (readonly [number, RetryOn])[] = [
  [1, "cancelled"],
  [4, "deadline-exceeded"],
  [8, "resource-exhausted"],
  [13, "internal"],
  [14, "unavailable"],
];

/** 425 Too Early asks for the same request again at once. */
const TOO_EARLY = 425;

export class RetryState {
  /** Milliseconds before the next attempt, after a verdict "retry". */
  backOffMs = 0;
  readonly policy: RetryPolicy;
  readonly #cluster: Cluster;
  readonly #breaker: CircuitBreaker;
  readonly #random: Random;
  #retriesLeft: number;
  #nextRangeMs: number;
  /** A place among the cluster's active retries is ours: from the verdict until the retried attempt has its outcome. */
  #holdsRetry = false;
  #backsOff = false;

  constructor(policy: RetryPolicy, cluster: Cluster, breaker: CircuitBreaker, random: Random) {
    this.policy = policy;
    this.#cluster = cluster;
    this.#breaker = breaker;
    this.#random = random;
    this.#retriesLeft = policy.numRetries;
    this.#nextRangeMs = policy.backOffBaseMs;
  }

  /** A response's head came. */
  afterResponse(head: ResponseHead): RetryVerdict {
    return this.#decide(this.#wantsRetryOfResponse(head), head.status !== TOO_EARLY);
  }

  /** The attempt ended without a response; `wasStarted`: bytes of the request had been sent. */
  afterReset(reason: ResetReason, wasStarted: boolean): RetryVerdict {
    return this.#decide(this.#wantsRetryOfReset(reason, wasStarted), true);
  }

  /** The request is over: gives back what is held. */
  release(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
    this.#breaker.retries.release();
  }

  #decide(wantsRetry: boolean, backsOff: boolean): RetryVerdict {
    const { stats } = this.#cluster;
    // Not asked for another time after a retry: the retry was a success.
    if (this.#holdsRetry && !wantsRetry) stats.inc(CLUSTER.upstream_rq_retry_success);
    this.release();
    if (!wantsRetry) return "no";
    if (this.#retriesLeft === 0) {
      stats.inc(CLUSTER.upstream_rq_retry_limit_exceeded);
      return "limit";
    }
    this.#retriesLeft -= 1;
    if (!this.#breaker.retries.tryAcquire()) {
      stats.inc(CLUSTER.upstream_rq_retry_overflow);
      return "overflow";
    }
    this.#holdsRetry = true;
    this.#backsOff = backsOff;
    this.backOffMs = backsOff ? this.#nextBackOffMs() : 0;
    return "retry";
  }

  /** The back-off is over: the retry really happens. */
  started(): void {
    const { stats } = this.#cluster;
    stats.inc(CLUSTER.upstream_rq_retry);
    if (this.#backsOff) stats.inc(CLUSTER.upstream_rq_retry_backoff_exponential);
  }

  /** Full jitter: anything below a range that doubles up to the maximum. */
  #nextBackOffMs(): number {
    const rangeMs = Math.max(1, Math.floor(this.#nextRangeMs));
    this.#nextRangeMs = Math.min(this.#nextRangeMs * 2, this.policy.backOffMaxMs);
    return below(this.#random, rangeMs);
  }

  #wantsRetryOfResponse(head: ResponseHead): boolean {
    const { on, retriableStatusCodes, retriableHeaders } = this.policy;
    const { status } = head;
    // Who says "you are too fast" is only asked again by who said that this is fine.
    if (head.has(X_ENVOY_RATELIMITED)) return on.has("envoy-ratelimited");
    if (on.has("5xx") && status >= 500) return true;
    if (on.has("gateway-error") && status >= 502 && status <= 504) return true;
    if (on.has("retriable-4xx") && status === 409) return true;
    if (on.has("retriable-status-codes") && retriableStatusCodes.has(status)) return true;
    if (on.has("retriable-headers")) {
      for (const matcher of retriableHeaders) if (matchesHeader(matcher, head)) return true;
    }
    return this.#wantsRetryOfGrpc(head);
  }

  #wantsRetryOfGrpc(head: ResponseHead): boolean {
    const text = head.value(GRPC_STATUS);
    if (text === undefined) return false;
    for (const [status, token] of GRPC_TOKENS) {
      if (text === String(status)) return this.policy.on.has(token);
    }
    return false;
  }

  #wantsRetryOfReset(reason: ResetReason, wasStarted: boolean): boolean {
    const { on } = this.policy;
    // Trying again is what an overloaded cluster needs least.
    if (reason === "overflow") return false;
    if (on.has("reset") || on.has("5xx") || on.has("gateway-error")) return true;
    if (on.has("reset-before-request") && !wasStarted) return true;
    return on.has("connect-failure") && RESET[reason].isConnectFailure;
  }
}

/** Whether the policy covers this request at all (retriable_request_headers). */
export function isRetriable(policy: RetryPolicy, head: RequestHead): boolean {
  const { retriableRequestHeaders } = policy;
  if (policy.numRetries === 0 && policy.on.size === 0) return false;
  if (retriableRequestHeaders.length === 0) return true;
  return retriableRequestHeaders.some((matcher) => matchesHeader(matcher, head));
}
