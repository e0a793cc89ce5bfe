// What the router writes into messages about its attempts: how long one may take, the how-manieth it is, why it failed.
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import {
  decimalBytes,
  X_ENVOY_ATTEMPT_COUNT,
  X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
} from "../../http/header-names.ts";
import { RESET, type ResetReason } from "../../http/reset-reason.ts";

/**
 * Writes the time that the upstream has: one try's, or what is left of the whole request's (`globalMs`), whichever is shorter.
 * `elapsedMs`: since the request was complete; undefined: it is not.
 */
export function setExpectedTimeout(
  head: RequestHead,
  perTryMs: number | undefined,
  globalMs: number | undefined,
  elapsedMs: number | undefined,
): void {
  let expectedMs = perTryMs ?? globalMs;
  if (expectedMs === undefined) return;
  if (globalMs !== undefined && elapsedMs !== undefined) {
    const leftMs = globalMs - Math.floor(elapsedMs);
    // 0 would mean for ever; our own timer is about to fire.
    expectedMs = leftMs <= 0 ? 1 : Math.min(expectedMs, leftMs);
  }
  head.set(X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, decimalBytes(Math.ceil(expectedMs)));
}

export function setAttemptCount(head: HeaderBlock, attemptCount: number): void {
  head.set(X_ENVOY_ATTEMPT_COUNT, decimalBytes(attemptCount));
}

/** "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}". */
export function resetDetails(
  when: "before" | "after",
  reason: ResetReason,
  failure: string | undefined,
): string {
  const cause = failure === undefined ? "" : `|${failure.replaceAll(" ", "_")}`;
  return `upstream_reset_${when}_response_started{${RESET[reason].details}${cause}}`;
}
