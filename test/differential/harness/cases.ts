// A case: bytes of a client, a script for the origins, and what must be the same on both sides afterwards.
import { expect, test } from "bun:test";
import { Client, type ClientStep, type Exchange } from "./client.ts";
import { maskMessage } from "./mask.ts";
import type { OriginScript } from "./origin.ts";
import type { Pair, Side } from "./sides.ts";
import { changes, readStats, type Stats } from "./stats.ts";
import { isInformational, statusOf, type WireMessage } from "./wire.ts";

export interface Case {
  readonly name: string;
  /** What the client does, each on a connection of its own when there are several lists. */
  readonly send: readonly ClientStep[];
  /** Listener; default "in". */
  readonly to?: string;
  /** Scripts of the origins by name; a plain list is for origin "a". */
  readonly origin?: readonly OriginScript[] | Readonly<Record<string, readonly OriginScript[]>>;
  /** Final statuses that Envoy answers with: what the case is about, and that it is not empty. */
  readonly status: readonly number[];
  /** Methods of the requests, where they cannot be read off `send`. */
  readonly methods?: readonly string[];
  /** Access log lines to wait for; default: one a final response. */
  readonly logCount?: number;
  /** Where we answer otherwise than Envoy by decision, and why: our statuses instead; nothing else is compared then. */
  readonly departure?: { readonly status: readonly number[]; readonly why: string };
  /** Parts that differ for a reason that is written beside the case. */
  readonly except?: readonly (keyof Observation)[];
  /** Fields of different names may stand in another order: Envoy overwrites in place, we remove and append. */
  readonly anyFieldOrder?: boolean;
  /** Lines of the change in statistics that are not compared. */
  readonly exceptStats?: RegExp;
  readonly limitMs?: number;
}

/** What one side did, as text: two of these are compared. */
export interface Observation {
  readonly responses: readonly string[];
  readonly ending: string;
  /** Requests as the origins received them, by origin. */
  readonly upstream: Readonly<Record<string, readonly string[]>>;
  /** Connections that the origins accepted. */
  readonly connections: Readonly<Record<string, number>>;
  readonly log: readonly string[];
  readonly stats: readonly string[];
}

interface Outcome {
  readonly statuses: readonly number[];
  readonly observation: Observation;
}

const LIMIT_MS = 2500;
/** `delayed_close_timeout` of the listeners in config.ts, and a little more. */
const DELAYED_CLOSE_MS = 80;

function methodsOf(steps: readonly ClientStep[]): string[] {
  const text = steps.filter((step) => typeof step === "string").join("");
  return [...text.matchAll(/^([A-Z]+) \S+ HTTP\/1\.1\r$/gm)].map((match) => match[1] ?? "");
}

async function exchange(side: Side, testCase: Case): Promise<Exchange> {
  const methods = testCase.methods ?? methodsOf(testCase.send);
  const limitMs = testCase.limitMs ?? LIMIT_MS;
  const client = await Client.connect(side.place.ip, side.place.port(testCase.to ?? "in"));
  for (const step of testCase.send) await client.step(step, methods, limitMs);
  return client.finish(methods, testCase.status.length, limitMs);
}

/** Access log lines that earlier cases have seen, by side: the kernel gives the same client port again. */
const seenLines = new WeakMap<Side, number>();

/** Lines of one client connection, without its port. */
async function logOf(side: Side, port: number, count: number): Promise<string[]> {
  const firstLine = seenLines.get(side) ?? 0;
  const own = async (): Promise<string[]> => {
    const all = await side.logLines("access.log");
    seenLines.set(side, all.length);
    return all
      .slice(firstLine)
      .filter((line) => line.startsWith(`${port} `))
      .map((line) => line.slice(line.indexOf(" ") + 1).replaceAll(side.place.ip, "SIDE"));
  };
  let lines = await own();
  for (let i = 0; i < 30 && lines.length < count; i += 1) {
    await Bun.sleep(10);
    lines = await own();
  }
  return lines;
}

function scriptsOf(testCase: Case, origin: string): readonly OriginScript[] {
  const { origin: scripts } = testCase;
  if (scripts === undefined) return [];
  if (Array.isArray(scripts)) return origin === "a" ? scripts : [];
  return (scripts as Readonly<Record<string, readonly OriginScript[]>>)[origin] ?? [];
}

async function observe(side: Side, testCase: Case): Promise<Omit<Outcome, "stats">> {
  for (const [name, origin] of side.origins) origin.expect(scriptsOf(testCase, name));
  const done = await exchange(side, testCase);
  const statuses = done.messages.filter((m) => !isInformational(m)).map(statusOf);
  const log = await logOf(side, done.localPort, testCase.logCount ?? statuses.length);
  const mask = (message: WireMessage): string =>
    maskMessage(message, testCase.anyFieldOrder ?? false);
  const responses = done.messages.map(mask);
  if (done.rest !== "") responses.push(`[rest] ${done.rest}`);
  if (done.problem !== undefined) responses.push(`[problem] ${done.problem}`);
  const upstream: Record<string, string[]> = {};
  const connections: Record<string, number> = {};
  for (const [name, origin] of side.origins) {
    await origin.closeConnections();
    const lines = [...origin.requests.map(mask), ...origin.problems];
    if (lines.length > 0) {
      upstream[name] = lines.map((line) => line.replaceAll(side.place.ip, "SIDE"));
    }
    if (origin.connectionCount > 0) connections[name] = origin.connectionCount;
  }
  const text = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replaceAll(side.place.ip, "SIDE"));
  return {
    statuses,
    observation: {
      responses: text(responses),
      ending: done.ending,
      upstream,
      connections,
      log,
      stats: [],
    },
  };
}

/** Statistics as each side had them after the case before. */
const lastStats = new WeakMap<Side, Stats>();

async function statChanges(pair: Pair, testCase: Case): Promise<readonly [string[], string[]]> {
  const of = async (side: Side): Promise<readonly [Stats, string[]]> => {
    const now = await readStats(side);
    const lines = changes(lastStats.get(side) ?? new Map(), now);
    return [now, lines.filter((line) => testCase.exceptStats?.test(line) !== true)];
  };
  const isDeparture = testCase.departure !== undefined && pair.ours.isOurs;
  // Nothing is compared then: only what is still to come must not fall to the next case.
  if (isDeparture) await Bun.sleep(DELAYED_CLOSE_MS);
  // Connections close a moment after the answer: look again until both say the same.
  let [envoy, ours] = await Promise.all([of(pair.envoy), of(pair.ours)]);
  for (let i = 0; i < 12 && !isDeparture && !Bun.deepEquals(envoy[1], ours[1]); i += 1) {
    await Bun.sleep(25);
    [envoy, ours] = await Promise.all([of(pair.envoy), of(pair.ours)]);
  }
  lastStats.set(pair.envoy, envoy[0]);
  lastStats.set(pair.ours, ours[0]);
  return [envoy[1], ours[1]];
}

function without(observation: Observation, parts: readonly (keyof Observation)[]): object {
  return Object.fromEntries(
    Object.entries(observation).filter(([key]) => !parts.includes(key as keyof Observation)),
  );
}

export async function runCase(pair: Pair, testCase: Case): Promise<void> {
  for (const side of [pair.envoy, pair.ours]) {
    if (!lastStats.has(side)) lastStats.set(side, await readStats(side));
  }
  const [envoy, ours] = await Promise.all([
    observe(pair.envoy, testCase),
    observe(pair.ours, testCase),
  ]);
  const [envoyStats, ourStats] = await statChanges(pair, testCase);
  expect({ envoy: envoy.statuses }).toEqual({ envoy: [...testCase.status] });
  if (testCase.departure !== undefined && pair.ours.isOurs) {
    expect({ ours: ours.statuses }).toEqual({ ours: [...testCase.departure.status] });
    return;
  }
  expect({ ours: ours.statuses }).toEqual({ ours: [...testCase.status] });
  const parts = testCase.except ?? [];
  expect(without({ ...ours.observation, stats: ourStats }, parts)).toEqual(
    without({ ...envoy.observation, stats: envoyStats }, parts),
  );
}

/** One test a case. `pair` is asked for when the test runs. */
export function testCases(pair: () => Pair, cases: readonly Case[]): void {
  for (const testCase of cases) {
    test(testCase.name, async () => {
      await runCase(pair(), testCase);
    });
  }
}
