// Matchers of strings, headers and query parameters, as several parts of Envoy's configuration use them.
import type { HeaderName } from "#codec/header-name.ts";

/** A compiled RE2 expression that must match the whole text. */
export interface FullMatchRegex {
  readonly source: string;
  matches(text: string): boolean;
  /** Every match replaced; `substitution` uses RE2's `\1`. */
  replaceAll(text: string, substitution: string): string;
}

export type StringMatcher =
  | { readonly kind: "exact"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "prefix"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "suffix"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "contains"; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: "regex"; readonly regex: FullMatchRegex };

export interface HeaderMatcher {
  /** Lower-case; may be a pseudo-header (":method", ":authority", ":path", ":scheme"). */
  readonly name: HeaderName;
  readonly test:
    | { readonly kind: "present"; readonly present: boolean }
    | { readonly kind: "string"; readonly matcher: StringMatcher }
    | { readonly kind: "range"; readonly start: number; readonly end: number };
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface QueryParameterMatcher {
  readonly name: string;
  readonly test:
    | { readonly kind: "present" }
    | { readonly kind: "string"; readonly matcher: StringMatcher };
}
