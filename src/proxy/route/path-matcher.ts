// The path part of a route's match, compiled to look at bytes.
import { quoted } from "#base/log.ts";
import type { PathMatch } from "../config/route-config.ts";
import { equalsAt, equalsFoldedAt, wireBytes } from "./bytes.ts";
import { compileStringMatcher } from "./string-matcher.ts";

export interface PathPredicate {
  /** bytes[start, end) is the path without its query. */
  matches(bytes: Uint8Array, start: number, end: number): boolean;
  /** Follows "path … is not": `below "/reviews"`. */
  readonly wanted: string;
}

const SLASH = 47;

export function compilePathMatch(match: PathMatch): PathPredicate {
  return match.kind === "regex"
    ? compileStringMatcher({ kind: "regex", regex: match.regex })
    : compileTextPath(match.kind, match.value, match.caseSensitive);
}

function compileTextPath(
  kind: Exclude<PathMatch["kind"], "regex">,
  value: string,
  caseSensitive: boolean,
): PathPredicate {
  const note = caseSensitive ? "" : " (in any case)";
  const expected = wireBytes(caseSensitive ? value : value.toLowerCase());
  const { length } = expected;
  const compare = caseSensitive ? equalsAt : equalsFoldedAt;
  switch (kind) {
    case "prefix":
      return {
        wanted: `a path that begins with ${quoted(value)}${note}`,
        matches: (bytes, start, end) => end - start >= length && compare(bytes, start, expected),
      };
    case "path":
      return {
        wanted: `exactly ${quoted(value)}${note}`,
        matches: (bytes, start, end) => end - start === length && compare(bytes, start, expected),
      };
    case "pathSeparatedPrefix":
      return {
        wanted: `${quoted(value)} or a path below it${note}`,
        matches: (bytes, start, end) =>
          end - start >= length &&
          compare(bytes, start, expected) &&
          (end - start === length || bytes[start + length] === SLASH),
      };
  }
}
