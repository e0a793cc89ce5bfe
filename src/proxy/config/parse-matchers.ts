// Envoy's matchers of strings, headers and query parameters -> matcher-config.ts.
import type {
  HeaderMatcher as HeaderMatcherMessage,
  QueryParameterMatcher as QueryParameterMatcherMessage,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { RegexMatchAndSubstitute, RegexMatcher } from "#api/envoy/type/matcher/v3/regex_pb.ts";
import type { StringMatcher as StringMatcherMessage } from "#api/envoy/type/matcher/v3/string_pb.ts";
import { compileRegex, type Regex, substitutionError } from "#base/regex.ts";
import { headerName } from "#codec/header-name.ts";
import type { Field } from "./field.ts";
import type { HeaderMatcher, QueryParameterMatcher, StringMatcher } from "./matcher-config.ts";
import { byteText } from "./values.ts";

/** Stands in for an expression that was rejected. */
const NEVER: Regex = {
  source: "",
  groupCount: 0,
  matches: () => false,
  search: () => undefined,
  replaceAll: (text) => text,
};

/** Compiled over bytes, one a character, as Envoy does: "é" is two of them, and "." matches either (seen on 1.40). */
export function readRegex(at: Field, message: RegexMatcher | undefined): Regex {
  const result = compileRegex(byteText(message?.regex ?? ""));
  if (result.kind === "compiled") return result.regex;
  at.child("regex").reject(`Invalid regular expression: ${result.reason}`);
  return NEVER;
}

export interface RegexSubstitution {
  readonly regex: Regex;
  /** RE2's: `\1`. */
  readonly substitution: string;
}

export function readRegexSubstitution(
  at: Field,
  message: RegexMatchAndSubstitute,
): RegexSubstitution {
  const regex = readRegex(at.child("pattern"), message.pattern);
  const wrong = substitutionError(regex, message.substitution);
  if (wrong !== undefined) at.child("substitution").reject(wrong);
  return { regex, substitution: byteText(message.substitution) };
}

export function readStringMatcher(at: Field, message: StringMatcherMessage): StringMatcher {
  const { matchPattern, ignoreCase } = message;
  switch (matchPattern.case) {
    case "exact":
    case "prefix":
    case "suffix":
    case "contains":
      return { kind: matchPattern.case, value: matchPattern.value, ignoreCase };
    case "safeRegex":
      if (ignoreCase) at.child("ignore_case").reject("has no effect for safe_regex: use (?i)");
      return { kind: "regex", regex: readRegex(at.child("safe_regex"), matchPattern.value) };
    default:
      at.reject("one of exact, prefix, suffix, safe_regex, contains is required");
      return { kind: "exact", value: "", ignoreCase: false };
  }
}

export function readHeaderMatcher(at: Field, message: HeaderMatcherMessage): HeaderMatcher {
  const name = message.name.toLowerCase();
  return {
    name: headerName(name === "host" ? ":authority" : name),
    test: readHeaderTest(at, message),
    invert: message.invertMatch,
    treatMissingAsEmpty: message.treatMissingHeaderAsEmpty,
  };
}

export function readHeaderMatchers(
  at: Field,
  list: readonly HeaderMatcherMessage[],
): HeaderMatcher[] {
  return list.map((message, i) => readHeaderMatcher(at.item(i), message));
}

function readHeaderTest(at: Field, message: HeaderMatcherMessage): HeaderMatcher["test"] {
  const specifier = message.headerMatchSpecifier;
  const text = (
    kind: "exact" | "prefix" | "suffix" | "contains",
    value: string,
  ): HeaderMatcher["test"] => ({ kind: "string", matcher: { kind, value, ignoreCase: false } });
  switch (specifier.case) {
    case undefined:
      return { kind: "present", present: true };
    case "presentMatch":
      return { kind: "present", present: specifier.value };
    case "exactMatch":
      // The old form takes "" for "any value", which is the prefix of all.
      return text(specifier.value === "" ? "prefix" : "exact", specifier.value);
    case "prefixMatch":
      return text("prefix", specifier.value);
    case "suffixMatch":
      return text("suffix", specifier.value);
    case "containsMatch":
      return text("contains", specifier.value);
    case "safeRegexMatch": {
      const regex = readRegex(at.child("safe_regex_match"), specifier.value);
      return { kind: "string", matcher: { kind: "regex", regex } };
    }
    case "stringMatch": {
      const matcher = readStringMatcher(at.child("string_match"), specifier.value);
      return { kind: "string", matcher };
    }
    case "rangeMatch":
      return { kind: "range", start: specifier.value.start, end: specifier.value.end };
  }
}

export function readQueryParameterMatcher(
  at: Field,
  message: QueryParameterMatcherMessage,
): QueryParameterMatcher {
  const { name, queryParameterMatchSpecifier: specifier } = message;
  if (specifier.case === "stringMatch") {
    const matcher = readStringMatcher(at.child("string_match"), specifier.value);
    return { name, test: { kind: "string", matcher } };
  }
  const present = specifier.case === "presentMatch" ? specifier.value : true;
  return { name, test: { kind: "present", present } };
}
