// What a test expects against what the explanation says: for each expectation nothing, or one clause with both.
import { unreachable } from "#base/assert.ts";
import {
  compareDelegate,
  compareHeaders,
  compareLocation,
  compareRedirect,
  compareRewrite,
} from "./compare-changes.ts";
import {
  compareHosts,
  compareMirror,
  compareRoute,
  compareSubset,
  compareWeights,
} from "./compare-destinations.ts";
import { compareFault, compareRetries, compareStatus, compareTimeout } from "./compare-policies.ts";
import { compareEach, type Evaluated } from "./evaluated.ts";
import type { Expected, ExpectedField } from "./test-case.ts";

/** undefined: as expected. */
export function compare(
  field: ExpectedField,
  expected: Expected,
  got: Evaluated,
): string | undefined {
  switch (field) {
    case "route":
      return compareRoute(expected.route ?? [], got);
    case "weights":
      return compareWeights(expected.weights ?? new Map(), got);
    case "subset":
      return compareSubset(expected.subset ?? "", got);
    case "redirect":
      return compareRedirect(expected.redirect, got);
    case "rewrite":
      return compareRewrite(expected.rewrite, got);
    case "fault":
      return compareFault(expected.fault, got);
    case "headers":
      return compareHeaders(expected.headers, got);
    case "delegate":
      return compareDelegate(expected.delegate, got);
    case "hosts":
      return compareHosts(expected.hosts ?? [], got);
    case "status":
      return compareStatus(expected.status ?? 0, got);
    case "path":
      return compareEach("path", expected.path ?? "", got, (one) => one.rewrite?.path ?? got.uri);
    case "location":
      return compareLocation(expected.location ?? "", got);
    case "timeoutMs":
      return compareTimeout(expected.timeoutMs ?? 0, got);
    case "retries":
      return compareRetries(expected.retries, got);
    case "mirror":
      return compareMirror(expected.mirror ?? [], got);
  }
  return unreachable(field);
}
