// Query parameter matchers compiled: names and values are compared as they stand, without decoding, as in Envoy.
import { quoted } from "#base/log.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { latin1 } from "#codec/latin1.ts";
import type { QueryParameterMatcher } from "../config/matcher-config.ts";
import { endOfPath, equalsAt, indexOfByte, wireBytes } from "./bytes.ts";
import { HeaderValue } from "./header-values.ts";
import { compileStringMatcher } from "./string-matcher.ts";

export interface QueryPredicate {
  matches(head: RequestHead): boolean;
  explain(head: RequestHead): string;
}

const AMPERSAND = 38;
const EQUALS = 61;
const HASH = 35;
const QUESTION_MARK = 63;
const scratch = new HeaderValue();

export function compileQueryMatcher(matcher: QueryParameterMatcher): QueryPredicate {
  const name = wireBytes(matcher.name);
  const { test } = matcher;
  const label = `query parameter ${quoted(matcher.name)}`;
  if (test.kind === "present") {
    return {
      matches: (head) => findParameter(head, name, scratch) === test.present,
      explain: () => `${label} is ${test.present ? "missing" : "present"}`,
    };
  }
  const value = compileStringMatcher(test.matcher);
  return {
    matches: (head) =>
      findParameter(head, name, scratch) &&
      value.matches(scratch.bytes, scratch.start, scratch.end),
    explain(head) {
      const found = findParameter(head, name, scratch);
      const shown = found ? quoted(latin1(scratch.bytes, scratch.start, scratch.end)) : "missing";
      return `${label} is ${shown}, wanted ${value.wanted}`;
    },
  };
}

/** Puts the first value of `name` into `out`; a name without "=" has an empty one. */
function findParameter(head: RequestHead, name: Uint8Array, out: HeaderValue): boolean {
  const { pathBytes: bytes } = head;
  const query = endOfPath(bytes, head.pathStart, head.pathEnd);
  if (bytes[query] !== QUESTION_MARK || query >= head.pathEnd) return false;
  const fragment = indexOfByte(bytes, query, head.pathEnd, HASH);
  const end = fragment === -1 ? head.pathEnd : fragment;
  for (let at = query + 1; at < end; ) {
    const ampersand = indexOfByte(bytes, at, end, AMPERSAND);
    const stop = ampersand === -1 ? end : ampersand;
    const equals = indexOfByte(bytes, at, stop, EQUALS);
    const nameEnd = equals === -1 ? stop : equals;
    if (nameEnd - at === name.length && equalsAt(bytes, at, name)) {
      return out.set(bytes, Math.min(nameEnd + 1, stop), stop);
    }
    at = stop + 1;
  }
  return false;
}
