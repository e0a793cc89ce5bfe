// A string matcher compiled to look at bytes where they lie: no string is made but for a regular expression.
import { quoted } from "#base/log.ts";
import type { Regex } from "#base/regex.ts";
import { latin1 } from "#codec/latin1.ts";
import type { StringMatcher } from "../config/matcher-config.ts";
import { equalsAt, equalsFoldedAt, wireBytes } from "./bytes.ts";

export interface BytesMatcher {
  matches(bytes: Uint8Array, start: number, end: number): boolean;
  /** What it wants, to follow "is not" or "wanted": `exactly "jason"`. */
  readonly wanted: string;
}

type Compare = (bytes: Uint8Array, at: number, expected: Uint8Array) => boolean;

export function compileStringMatcher(matcher: StringMatcher): BytesMatcher {
  return matcher.kind === "regex"
    ? compileRegexMatcher(matcher.regex)
    : compileTextMatcher(matcher.kind, matcher.value, matcher.ignoreCase);
}

function compileTextMatcher(
  kind: keyof typeof WORDS,
  value: string,
  ignoreCase: boolean,
): BytesMatcher {
  const expected = wireBytes(ignoreCase ? value.toLowerCase() : value);
  const compare: Compare = ignoreCase ? equalsFoldedAt : equalsAt;
  const { length } = expected;
  const wanted = `${WORDS[kind]} ${quoted(value)}${ignoreCase ? " (in any case)" : ""}`;
  switch (kind) {
    case "exact":
      return {
        wanted,
        matches: (bytes, start, end) => end - start === length && compare(bytes, start, expected),
      };
    case "prefix":
      return {
        wanted,
        matches: (bytes, start, end) => end - start >= length && compare(bytes, start, expected),
      };
    case "suffix":
      return {
        wanted,
        matches: (bytes, start, end) =>
          end - start >= length && compare(bytes, end - length, expected),
      };
    case "contains":
      return {
        wanted,
        matches(bytes, start, end) {
          for (let at = start; at <= end - length; at += 1) {
            if (compare(bytes, at, expected)) return true;
          }
          return false;
        },
      };
  }
}

const WORDS = {
  exact: "exactly",
  prefix: "a value that begins with",
  suffix: "a value that ends with",
  contains: "a value that contains",
} as const;

function compileRegexMatcher(regex: Regex): BytesMatcher {
  return {
    wanted: `a value that matches ${quoted(regex.source)}`,
    // The expression is compiled over bytes, as Envoy's are: one character a byte on both sides.
    matches: (bytes, start, end) => regex.matches(latin1(bytes, start, end)),
  };
}
