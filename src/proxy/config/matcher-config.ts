// Matchers of strings, headers and query parameters, as several parts of Envoy's configuration use them.
import type { Regex } from "#base/regex.ts";
import type { HeaderName } from "#codec/header-name.ts";

/** A compiled RE2 expression that must match the whole text. */
export type FullMatchRegex = Regex;

export type StringMatcher =
  | { readonly kind: "exact"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "prefix"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "suffix"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "contains"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "regex"; readonly regex: FullMatchRegex };

export interface HeaderMatcher {
  /** Lower-case; may be a pseudo-header (":method", ":authority", ":path", ":scheme"); "host" is ":authority". */
  readonly name: HeaderName;
  readonly test:
    | { readonly kind: "present"; readonly present: boolean }
    | { readonly kind: "string"; readonly matcher: StringMatcher }
    /** start <= value < end, value a whole decimal number. */
    | { readonly kind: "range"; readonly start: bigint; readonly end: bigint };
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface QueryParameterMatcher {
  readonly name: string;
  readonly test:
    | { readonly kind: "present"; readonly present: boolean }
    | { readonly kind: "string"; readonly matcher: StringMatcher };
}
