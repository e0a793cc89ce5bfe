// What a client and the origins behind a proxy can see of one request, as one line of text; and what an explanation says they will.
import type { ExplainedRequest, Outcome } from "#explain/explain.ts";
import { type AnswerText, fieldOf, fieldsOf } from "./http-text.ts";

/** One request that was sent: its answer, and what reached an origin. */
export interface Seen {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly location: string | undefined;
  /** "127.91.0.3:8000"; undefined: the proxy answered by itself. */
  readonly origin: string | undefined;
  /** As the origin read them. */
  readonly authority: string;
  readonly path: string;
  readonly delayMs: number;
  /** Lower-case names with their values. */
  readonly requestFields: readonly string[];
  readonly responseFields: readonly string[];
  /** Of the access log, in alphabetical order; undefined where none is read. */
  readonly flags: string | undefined;
}

/** What an answer says of its request; without one, the connection was closed. */
export function seenOf(answer: AnswerText | undefined, delayMs: number): Seen {
  const origin = answer && fieldOf(answer.fields, "x-origin");
  const [line = "", ...rest] = (answer?.body ?? "").split("\r\n");
  const requestFields = origin === undefined ? [] : fieldsOf(["", ...rest].join("\r\n"));
  return {
    status: answer?.status ?? 0,
    location: answer && fieldOf(answer.fields, "location"),
    origin,
    authority: fieldOf(requestFields, "host") ?? "",
    path: line.split(" ")[1] ?? "",
    delayMs,
    requestFields,
    responseFields: answer?.fields ?? [],
    flags: undefined,
  };
}

/** Odds of every line of `seenKey`. */
export type ExpectedOdds = ReadonlyMap<string, number>;

const flagsOf = (text: string | undefined): string =>
  (text ?? "")
    .split(",")
    .filter((flag) => flag !== "" && flag !== "-")
    .sort()
    .join(",");

const line = (parts: readonly (string | number | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join(" ");

const delayText = (delayMs: number): string => (delayMs > 0 ? `after ${delayMs} ms` : "");

/** The lines that an outcome may come out as, each with its share of the outcome. */
function linesOf(outcome: Outcome, request: ExplainedRequest): (readonly [string, number])[] {
  const { kind, status, rewrite, delayMs = 0 } = outcome;
  const delay = delayText(delayMs);
  const flags = flagsOf(outcome.responseFlags);
  switch (kind) {
    case "forward":
      return (outcome.hosts ?? []).map(({ address, odds }) => [
        line([
          "origin",
          address,
          rewrite?.authority ?? request.authority,
          rewrite?.path ?? request.path,
          flags,
          delay,
        ]),
        odds,
      ]);
    case "reply":
      return [[line(["reply", status, flags, delay]), 1]];
    case "redirect":
      return [[line(["redirect", status, outcome.location, flags, delay]), 1]];
    case "reset":
      return [["reset", 1]];
    case "tunnel":
      return [["tunnel", 1]];
  }
}

export function expectedOdds(
  outcomes: readonly Outcome[],
  request: ExplainedRequest,
): ExpectedOdds {
  const odds = new Map<string, number>();
  for (const outcome of outcomes) {
    for (const [key, share] of linesOf(outcome, request)) {
      if (outcome.odds * share > 0) odds.set(key, (odds.get(key) ?? 0) + outcome.odds * share);
    }
  }
  return odds;
}

/** Timers may be early by a tick: Envoy's count from the last turn of its loop. */
export const EARLY_MS = 4;

/** A delay is seen by a clock: it is the longest of `delays` that it may have been, when it came within `slackMs` after it. */
export function seenKey(seen: Seen, delays: readonly number[], slackMs: number): string {
  const wasDelayed = flagsOf(seen.flags).split(",").includes("DI");
  const meant = wasDelayed ? delays.findLast((delay) => delay <= seen.delayMs + EARLY_MS) : 0;
  const isLate = meant === undefined || seen.delayMs > meant + slackMs;
  const delay = delayText(isLate ? seen.delayMs : meant);
  const flags = flagsOf(seen.flags);
  if (seen.status === 0) return "reset";
  if (seen.origin !== undefined) {
    return line(["origin", seen.origin, seen.authority, seen.path, flags, delay]);
  }
  const isRedirect = seen.location !== undefined;
  const kind = isRedirect ? "redirect" : "reply";
  return line([kind, seen.status, seen.location, flags, delay]);
}

/** Header changes of an outcome that a request, or its answer, does not show; "" when all are there. */
export function missingChanges(outcome: Outcome, seen: Seen): string[] {
  const missing: string[] = [];
  const sides = [
    ["request", outcome.headers?.request ?? [], seen.requestFields],
    ["response", outcome.headers?.response ?? [], seen.responseFields],
  ] as const;
  for (const [side, changes, fields] of sides) {
    for (const { name, value } of changes) {
      const lower = name.toLowerCase();
      const isThere = fields.some((field) => field.startsWith(`${lower}: `));
      if (value === undefined && isThere) missing.push(`${side} still has ${name}`);
      if (value === undefined || value.includes("%") || lower === "host") continue;
      if (!fields.includes(`${lower}: ${value}`)) missing.push(`${side} lacks ${name}: ${value}`);
    }
  }
  return missing;
}
