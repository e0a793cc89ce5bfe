// Runs every check and tells the outcome of each in order; what is to be ignored is a warning, and none stops the others.
import type { Check, CheckDescription, CheckOutcome, CheckPorts, Finding } from "./check.ts";
import { type IgnoreList, isIgnored } from "./ignore-list.ts";

/** Longer than any check's own limits: what still hangs then is a bug, and must not keep anything from starting. */
const CHECK_LIMIT_MS = 10_000;

export interface CheckResult {
  readonly check: CheckDescription;
  readonly warnings: readonly Finding[];
  readonly errors: readonly Finding[];
  /** It found errors, and they count as warnings because its name is on the ignore list. */
  readonly isIgnored: boolean;
}

/** Hears each result when it and all before it are there. */
export interface ResultSink {
  onResult(result: CheckResult): void;
}

export interface Report {
  readonly results: readonly CheckResult[];
  readonly warningCount: number;
  readonly errorCount: number;
}

function resultOf(check: Check, outcome: CheckOutcome, ignored: IgnoreList): CheckResult {
  const { warnings, errors } = outcome;
  if (errors.length === 0 || !isIgnored(ignored, check.name)) {
    return { check, warnings, errors, isIgnored: false };
  }
  return { check, warnings: [...warnings, ...errors], errors: [], isIgnored: true };
}

function bug(check: Check, words: string): CheckOutcome {
  const message = `the check itself failed: ${words}`;
  const fix = `please report it; "--ignore-preflight-errors=${check.name}" does without it`;
  return { warnings: [{ message, fix }], errors: [] };
}

/** The outcome, whatever the check does: one that throws or hangs is a bug of ours, which is told and stops nobody's work. */
function outcomeOf(check: Check, ports: CheckPorts): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const limit = ports.timers.after(CHECK_LIMIT_MS, () =>
      resolve(bug(check, `no answer within ${CHECK_LIMIT_MS / 1000} s`)),
    );
    const settle = (outcome: CheckOutcome): void => {
      limit.cancel();
      resolve(outcome);
    };
    const handleThrown = (error: unknown): void =>
      settle(bug(check, error instanceof Error ? error.message : String(error)));
    try {
      const outcome = check.run(ports);
      if (outcome instanceof Promise) outcome.then(settle, handleThrown);
      else settle(outcome);
    } catch (error) {
      handleThrown(error);
    }
  });
}

/** All checks are started at once, since some wait for an answer; `sink` hears them in the order of `checks`. */
export async function runChecks(
  checks: readonly Check[],
  ports: CheckPorts,
  ignored: IgnoreList,
  sink: ResultSink,
): Promise<Report> {
  const started = checks.map((check) => outcomeOf(check, ports));
  const results: CheckResult[] = [];
  for (const [index, check] of checks.entries()) {
    const outcome = await started[index];
    if (outcome === undefined) continue;
    const result = resultOf(check, outcome, ignored);
    results.push(result);
    sink.onResult(result);
  }
  const count = (pick: (result: CheckResult) => readonly Finding[]): number =>
    results.reduce((sum, result) => sum + pick(result).length, 0);
  return {
    results,
    warningCount: count(({ warnings }) => warnings),
    errorCount: count(({ errors }) => errors),
  };
}
