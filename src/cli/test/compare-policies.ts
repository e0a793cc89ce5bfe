// What may befall a request, against what a test expects: faults, answers of the proxy itself, timeouts, retries.
import { formatDuration } from "#base/duration.ts";
import {
  compareEach,
  type Evaluated,
  forwardsOf,
  list,
  mismatch,
  percent,
  showCalm,
  showOutcomes,
  TOLERANCE,
} from "./evaluated.ts";
import type { Expected } from "./test-case.ts";

/** Percentages of a fault: of all requests. Istio's default of a percentage that is not there is all. */
export function compareFault(expected: Expected["fault"], got: Evaluated): string | undefined {
  const { abort, delay } = expected ?? {};
  if (abort !== undefined) {
    const wanted = (abort.percentage?.value ?? 100) / 100;
    const status = abort.errorType.case === "httpStatus" ? abort.errorType.value : undefined;
    const aborted = got.outcomes.filter((one) =>
      (one.responseFlags ?? "").split(",").includes("FI"),
    );
    const share = aborted.reduce((sum, { odds }) => sum + odds, 0);
    const isStatus = status === undefined || aborted.every((one) => one.status === status);
    if (Math.abs(share - wanted) > TOLERANCE || !isStatus) {
      const seen =
        aborted.length === 0
          ? "no abort"
          : `${percent(share)} aborted with ${list([...new Set(aborted.map((one) => String(one.status)))])}`;
      return mismatch(`${percent(wanted)} aborted with ${status ?? "any status"}`, seen);
    }
  }
  if (delay === undefined) return undefined;
  const wantedMs =
    delay.httpDelayType.case === "fixedDelay" ? durationMs(delay.httpDelayType.value) : undefined;
  const wanted = (delay.percentage?.value ?? 100) / 100;
  const delayed = got.outcomes.filter(({ delayMs = 0 }) => delayMs > 0);
  const share = delayed.reduce((sum, { odds }) => sum + odds, 0);
  const isDelay = wantedMs === undefined || delayed.every(({ delayMs }) => delayMs === wantedMs);
  if (Math.abs(share - wanted) <= TOLERANCE && isDelay) return undefined;
  const seen =
    delayed.length === 0
      ? "no delay"
      : `${percent(share)} delayed by ${list([...new Set(delayed.map(({ delayMs = 0 }) => formatDuration(delayMs)))])}`;
  return mismatch(
    `${percent(wanted)} delayed${wantedMs === undefined ? "" : ` by ${formatDuration(wantedMs)}`}`,
    seen,
  );
}

const durationMs = ({ seconds, nanos }: { seconds: bigint; nanos: number }): number =>
  Number(seconds) * 1000 + nanos / 1_000_000;

export function compareStatus(status: number, got: Evaluated): string | undefined {
  const isAlways = got.outcomes.length > 0 && got.outcomes.every((one) => one.status === status);
  return isAlways
    ? undefined
    : mismatch(`the proxy to answer ${status}`, showOutcomes(got.outcomes, got.namespaces[0]));
}

export function compareTimeout(timeoutMs: number, got: Evaluated): string | undefined {
  const show = (ms: number): string => (ms === 0 ? "none" : formatDuration(ms));
  return compareEach("timeout", show(timeoutMs), got, (one) => show(one.timeoutMs ?? 0));
}

export function compareRetries(expected: Expected["retries"], got: Evaluated): string | undefined {
  const { attempts, retryOn, perTryTimeoutMs } = expected ?? {};
  const forwards = forwardsOf(got.calm);
  if (forwards.length === 0) return mismatch("retries", showCalm(got));
  for (const { retries } of forwards) {
    const seen = retries?.attempts ?? 0;
    if (attempts !== undefined && attempts !== seen)
      return mismatch(`${attempts} retries`, String(seen));
    const on = retries?.on ?? [];
    const missing = (retryOn ?? "")
      .split(",")
      .find((word) => word !== "" && !on.includes(word.trim()));
    if (missing !== undefined) return mismatch(`retries on ${missing}`, list(on));
    const perTry = retries?.perTryTimeoutMs;
    if (perTryTimeoutMs !== undefined && perTryTimeoutMs !== perTry) {
      return mismatch(
        `a timeout of ${formatDuration(perTryTimeoutMs)} for each try`,
        perTry === undefined ? "none" : formatDuration(perTry),
      );
    }
  }
  return undefined;
}
