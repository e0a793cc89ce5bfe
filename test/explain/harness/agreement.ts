// One (configuration, request) pair: what `explain` says of it, against what the proxy then does.
import { type ExplainedRequest, explain, type Outcome } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { chiSquare, type Fit } from "./chi-square.ts";
import { EARLY_MS, expectedOdds, missingChanges, type Seen, seenKey } from "./seen.ts";

/** How origins answer. */
export type OriginMode = "echo" | "fail" | "hang";

/** A proxy that runs, with an origin behind every endpoint. */
export interface Subject {
  /**
   * Sends it so many times, and tells each with its response flags. Odds of hosts are those of an idle proxy: one request at a time,
   * but for `isSlow`, where waiting for each in turn would take minutes.
   */
  sendMany(request: ExplainedRequest, count: number, isSlow: boolean): Promise<readonly Seen[]>;
  setMode(mode: OriginMode): void;
  /** Requests that reached each origin since the last call: those of the client, and copies of them. */
  takeArrived(): ReadonlyMap<string, number>;
  /** How much later than meant an answer may come. */
  readonly slackMs: number;
}

export interface Agreement {
  readonly fit: Fit;
  /** Everything that was not as explained. */
  readonly problems: readonly string[];
  readonly outcomes: readonly Outcome[];
  readonly requestCount: number;
}

export interface Effort {
  /** Of a request whose way is certain. */
  readonly certain: number;
  /** Of a request that dice decide. */
  readonly random: number;
}

const SUM_TOLERANCE = 1e-9;

export async function checkAgreement(
  subject: Subject,
  configuration: ProxyConfiguration,
  request: ExplainedRequest,
  effort: Effort,
): Promise<Agreement> {
  const { outcomes } = explain(configuration, request);
  const problems: string[] = [];
  const sum = outcomes.reduce((total, { odds }) => total + odds, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) problems.push(`the odds sum to ${sum}`);
  const odds = expectedOdds(outcomes, request);
  const requestCount = odds.size > 1 ? effort.random : effort.certain;
  subject.setMode("echo");
  subject.takeArrived();
  const isSlow = delaysOf(outcomes).some((delay) => delay > 0);
  const seen = await subject.sendMany(request, requestCount, isSlow);
  const shadows = shadowsOf(subject.takeArrived(), seen);
  const counts = countKeys(seen, outcomes, subject.slackMs);
  for (const [key, count] of counts) {
    if (!odds.has(key)) problems.push(`seen ${count} of ${requestCount}, not explained: ${key}`);
  }
  if (problems.length > 0)
    problems.push(
      `explained: ${[...odds].map(([key, share]) => `${(share * 100).toFixed(1)} % ${key}`).join(" | ")}`,
    );
  problems.push(...checkHeaders(seen, outcomes, request, subject.slackMs));
  problems.push(...checkShadows(shadows, outcomes, configuration));
  const forwards = outcomes.filter(({ kind }) => kind === "forward");
  if (problems.length === 0 && forwards.length > 0) {
    problems.push(...(await checkTimeout(subject, request, forwards)));
    problems.push(...(await checkRetries(subject, request, forwards)));
  }
  return { fit: chiSquare(odds, counts), problems, outcomes, requestCount };
}

const delaysOf = (outcomes: readonly Outcome[]): number[] =>
  [...new Set(outcomes.map(({ delayMs = 0 }) => delayMs))].sort((a, b) => a - b);

function countKeys(
  seen: readonly Seen[],
  outcomes: readonly Outcome[],
  slackMs: number,
): Map<string, number> {
  const delays = delaysOf(outcomes);
  const counts = new Map<string, number>();
  for (const one of seen) {
    const key = seenKey(one, delays, slackMs);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Every forwarded request shows the header changes of one of the outcomes that end at its host. */
function checkHeaders(
  seen: readonly Seen[],
  outcomes: readonly Outcome[],
  request: ExplainedRequest,
  slackMs: number,
): string[] {
  const delays = delaysOf(outcomes);
  const byKey = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    for (const key of expectedOdds([{ ...outcome, odds: 1 }], request).keys()) {
      byKey.set(key, [...(byKey.get(key) ?? []), outcome]);
    }
  }
  for (const one of seen) {
    if (one.origin === undefined) continue;
    const missing = (byKey.get(seenKey(one, delays, slackMs)) ?? []).map((outcome) =>
      missingChanges(outcome, one),
    );
    if (missing.length > 0 && missing.every((list) => list.length > 0)) return missing[0] ?? [];
  }
  return [];
}

/** What an origin saw beyond the requests that it answered was copies. */
function shadowsOf(
  arrived: ReadonlyMap<string, number>,
  seen: readonly Seen[],
): ReadonlyMap<string, number> {
  const shadows = new Map(arrived);
  for (const { origin } of seen) {
    if (origin !== undefined) shadows.set(origin, (shadows.get(origin) ?? 0) - 1);
  }
  return new Map([...shadows].filter(([, count]) => count !== 0));
}

/** Copies reach hosts of the mirrors, and no others; some do when there are hosts. */
function checkShadows(
  shadows: ReadonlyMap<string, number>,
  outcomes: readonly Outcome[],
  { endpoints }: ProxyConfiguration,
): string[] {
  const mirrors = new Set(outcomes.flatMap((outcome) => outcome.mirrors ?? []));
  const allowed = new Set<string>();
  for (const assignment of endpoints) {
    if (!mirrors.has(assignment.clusterName)) continue;
    for (const { lbEndpoints } of assignment.endpoints) {
      for (const { hostIdentifier } of lbEndpoints) {
        if (hostIdentifier.case !== "endpoint") continue;
        const address = hostIdentifier.value.address?.address;
        if (address?.case !== "socketAddress") continue;
        allowed.add(`${address.value.address}:${address.value.portSpecifier.value ?? 0}`);
      }
    }
  }
  return [...shadows.keys()]
    .filter((origin) => !allowed.has(origin))
    .map((origin) => `a copy went to ${origin}, mirrors explained: ${[...mirrors].join(", ")}`);
}

/** `on` of a retry policy that a 503 of the upstream is in. */
const RETRIES_503 = ["5xx", "gateway-error", "503"];
/** With which a timeout of one try is tried again. */
const RETRIES_504 = ["5xx", "gateway-error"];
/** All pauses between three retries together, at most: 25, 75 and 175 ms. */
const BACK_OFF_MS = 300;

/** Nobody answers: the proxy does, when its timeout is over. */
async function checkTimeout(
  subject: Subject,
  request: ExplainedRequest,
  forwards: readonly Outcome[],
): Promise<string[]> {
  const [first] = forwards;
  if (
    first?.timeoutMs === undefined ||
    !forwards.every((one) => one.timeoutMs === first.timeoutMs)
  ) {
    return [];
  }
  const { timeoutMs, retries } = first;
  const perTryMs = retries?.perTryTimeoutMs ?? Number.POSITIVE_INFINITY;
  const tries = RETRIES_504.some((word) => retries?.on.includes(word))
    ? 1 + (retries?.attempts ?? 0)
    : 1;
  const leastMs = Math.min(timeoutMs, perTryMs * tries);
  const mostMs = Math.min(timeoutMs, perTryMs * tries + BACK_OFF_MS) + subject.slackMs;
  subject.setMode("hang");
  const [seen] = await subject.sendMany(request, 1, false);
  subject.takeArrived();
  // A fault may have struck: then it never came as far as an origin.
  if (seen === undefined || seen.status !== 504) {
    return forwards.reduce((sum, { odds }) => sum + odds, 0) > 1 - SUM_TOLERANCE
      ? [
          `no origin answers, and the proxy says ${seen?.status} instead of 504 after ${timeoutMs} ms`,
        ]
      : [];
  }
  const isInTime = delaysOf(forwards).some(
    (delay) => seen.delayMs >= delay + leastMs - EARLY_MS && seen.delayMs <= delay + mostMs,
  );
  return isInTime ? [] : [`504 after ${seen.delayMs} ms, explained: ${leastMs} to ${mostMs} ms`];
}

/** Every answer is 503: the proxy tries as often as explained. */
async function checkRetries(
  subject: Subject,
  request: ExplainedRequest,
  forwards: readonly Outcome[],
): Promise<string[]> {
  const [first] = forwards;
  const { retries, timeoutMs } = first ?? {};
  const mayBeCut = timeoutMs !== undefined && timeoutMs < BACK_OFF_MS + subject.slackMs;
  if (mayBeCut) return [];
  const isRetried = RETRIES_503.some((word) => retries?.on.includes(word));
  const wanted = 1 + (isRetried ? (retries?.attempts ?? 0) : 0);
  subject.setMode("fail");
  await subject.sendMany(request, 1, false);
  const requests = [...subject.takeArrived().values()].reduce((sum, count) => sum + count, 0);
  const copies = Math.max(...forwards.map(({ mirrors = [] }) => mirrors.length));
  // None: a fault struck before.
  return requests === 0 || (requests >= wanted && requests <= wanted + copies)
    ? []
    : [
        `an upstream that fails was tried ${requests} times, explained: ${wanted} (${retries?.on.join(",")})`,
      ];
}
