// Header matchers compiled: of routes, retry policies and faults; for requests and responses.
import { quoted } from "#base/log.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import { latin1 } from "#codec/latin1.ts";
import type { HeaderMatcher } from "../config/matcher-config.ts";
import { findValue, HeaderValue, someValue } from "./header-values.ts";
import { compileStringMatcher } from "./string-matcher.ts";

export interface HeaderPredicate {
  matches(head: HeaderBlock): boolean;
  /** Why it does not match `head`, for people. */
  explain(head: HeaderBlock): string;
}

/** One value is looked at at a time, and never kept. */
const scratch = new HeaderValue();
const NO_BYTES = new Uint8Array(0);

export function compileHeaderMatcher(matcher: HeaderMatcher): HeaderPredicate {
  const { test } = matcher;
  if (test.kind === "present") return compilePresence(matcher, test.present);
  if (test.kind === "string") {
    const { matches, wanted } = compileStringMatcher(test.matcher);
    return new ValuePredicate(matcher, matches, wanted);
  }
  const { start, end } = test;
  const inRange: ValueTest = (bytes, from, to) => {
    const value = integerIn(bytes, from, to);
    return value !== undefined && value >= start && value < end;
  };
  return new ValuePredicate(matcher, inRange, `a whole number in [${start}, ${end})`);
}

const compiled = new WeakMap<HeaderMatcher, HeaderPredicate>();

/** Whether `head` matches; the matcher is compiled when first asked. For places off the hot path. */
export function matchesHeader(matcher: HeaderMatcher, head: HeaderBlock): boolean {
  let predicate = compiled.get(matcher);
  if (predicate === undefined) {
    predicate = compileHeaderMatcher(matcher);
    compiled.set(matcher, predicate);
  }
  return predicate.matches(head);
}

type ValueTest = (bytes: Uint8Array, start: number, end: number) => boolean;

class ValuePredicate implements HeaderPredicate {
  readonly #matcher: HeaderMatcher;
  readonly #test: ValueTest;
  readonly #wanted: string;

  constructor(matcher: HeaderMatcher, test: ValueTest, wanted: string) {
    this.#matcher = matcher;
    this.#test = test;
    this.#wanted = wanted;
  }

  matches(head: HeaderBlock): boolean {
    const { name, treatMissingAsEmpty, invert } = this.#matcher;
    if (!findValue(head, name, scratch)) {
      // Without a value there is nothing to compare, and nothing to invert.
      return treatMissingAsEmpty && this.#test(NO_BYTES, 0, 0) !== invert;
    }
    return someValue(head, name, this.#test, scratch) !== invert;
  }

  explain(head: HeaderBlock): string {
    const { name, invert } = this.#matcher;
    const wanted = `${invert ? "anything but " : ""}${this.#wanted}`;
    return `header ${name.text} is ${showValue(head, this.#matcher)}, wanted ${wanted}`;
  }
}

function showValue(head: HeaderBlock, { name }: HeaderMatcher): string {
  const values: string[] = [];
  someValue(
    head,
    name,
    (bytes, start, end) => values.push(quoted(latin1(bytes, start, end))) === 0,
    scratch,
  );
  return values.length === 0 ? "missing" : values.join(" and ");
}

function compilePresence(matcher: HeaderMatcher, present: boolean): HeaderPredicate {
  const { name, invert, treatMissingAsEmpty } = matcher;
  const wantsPresent = present !== invert;
  return {
    matches: (head) => (treatMissingAsEmpty || findValue(head, name, scratch)) === wantsPresent,
    explain: () =>
      wantsPresent
        ? `header ${name.text} is missing, wanted any value`
        : `header ${name.text} is present, wanted none`,
  };
}

/** 19 digits hold every 64-bit number; longer is out of every range. */
const MAX_DIGITS = 19;
const MINUS = 45;
const PLUS = 43;

/** A decimal whole number with or without a sign, and nothing behind it. */
function integerIn(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const sign = end > start ? bytes[start] : undefined;
  const negative = sign === MINUS;
  const first = negative || sign === PLUS ? start + 1 : start;
  if (end === first || end - first > MAX_DIGITS) return undefined;
  for (let i = first; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (byte < 48 || byte > 57) return undefined;
  }
  const value = BigInt(latin1(bytes, first, end));
  return negative ? -value : value;
}
