// A delegate's http route within the root's: what it inherits, and when the two matches cannot be met together.
import { clone } from "@bufbuild/protobuf";
import {
  type HTTPMatchRequest,
  HTTPMatchRequestSchema,
  type HTTPRoute,
  HTTPRouteSchema,
  type StringMatch,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";

/** Fields that a delegate's route takes from the root's when it leaves them unset. */
const INHERITED = [
  "rewrite",
  "directResponse",
  "timeout",
  "retries",
  "fault",
  "mirror",
  "mirrorPercent",
  "mirrorPercentage",
  "corsPolicy",
  "headers",
] as const;

/** undefined when some match of the delegate lies in none of the root's: Istio drops such a route. */
export function mergeRoute(root: HTTPRoute, delegate: HTTPRoute): HTTPRoute | undefined {
  const match = mergeMatches(root.match, delegate.match);
  if (match === undefined) return undefined;
  const merged = clone(HTTPRouteSchema, delegate);
  merged.match = match;
  merged.name = joinNames(root.name, delegate.name);
  if (merged.mirrors.length === 0) merged.mirrors = root.mirrors;
  const target: Record<string, unknown> = merged;
  for (const field of INHERITED) {
    if (root[field] !== undefined && target[field] === undefined) target[field] = root[field];
  }
  return merged;
}

function joinNames(root: string, delegate: string): string {
  return root !== "" && delegate !== "" ? `${root}-${delegate}` : root + delegate;
}

function mergeMatches(
  root: readonly HTTPMatchRequest[],
  delegate: readonly HTTPMatchRequest[],
): HTTPMatchRequest[] | undefined {
  if (root.length === 0) return [...delegate];
  if (delegate.length === 0) return [...root];
  const merged: HTTPMatchRequest[] = [];
  for (const narrow of delegate) {
    const within = root.filter((wide) => !isInConflict(wide, narrow));
    if (within.length === 0) return undefined;
    merged.push(...within.map((wide) => mergeMatch(wide, narrow)));
  }
  return merged;
}

function mergeMatch(root: HTTPMatchRequest, delegate: HTTPMatchRequest): HTTPMatchRequest {
  const merged = clone(HTTPMatchRequestSchema, delegate);
  merged.name = joinNames(root.name, delegate.name);
  for (const field of ["uri", "scheme", "method", "authority"] as const) {
    const inherited = delegate[field] ?? root[field];
    if (inherited !== undefined) merged[field] = inherited;
  }
  merged.headers = { ...root.headers, ...delegate.headers };
  merged.withoutHeaders = { ...root.withoutHeaders, ...delegate.withoutHeaders };
  merged.queryParams = { ...root.queryParams, ...delegate.queryParams };
  merged.sourceLabels = { ...root.sourceLabels, ...delegate.sourceLabels };
  merged.port = delegate.port || root.port;
  merged.sourceNamespace = delegate.sourceNamespace || root.sourceNamespace;
  merged.statPrefix = delegate.statPrefix || root.statPrefix;
  if (delegate.gateways.length === 0) merged.gateways = root.gateways;
  return merged;
}

/** Whether something may match `narrow` without matching `wide`, by the rules of Istio's delegates. */
function isInConflict(wide: HTTPMatchRequest, narrow: HTTPMatchRequest): boolean {
  const fields = ["uri", "scheme", "method", "authority"] as const;
  if (fields.some((field) => isOutside(wide[field], narrow[field]))) return true;
  const maps = ["headers", "withoutHeaders", "queryParams"] as const;
  for (const map of maps) {
    for (const [name, match] of Object.entries(narrow[map])) {
      if (isOutside(wide[map][name], match)) return true;
    }
  }
  if (wide.ignoreUriCase !== narrow.ignoreUriCase) return true;
  if (wide.port > 0 && narrow.port > 0 && wide.port !== narrow.port) return true;
  if (wide.sourceNamespace !== "" && wide.sourceNamespace !== narrow.sourceNamespace) return true;
  for (const [name, value] of Object.entries(narrow.sourceLabels)) {
    const wanted = wide.sourceLabels[name];
    if (wanted !== undefined && wanted !== value) return true;
  }
  if (wide.gateways.length === 0 || narrow.gateways.length === 0) return false;
  return narrow.gateways.some((gateway) => !wide.gateways.includes(gateway));
}

function isOutside(wide: StringMatch | undefined, narrow: StringMatch | undefined): boolean {
  const outer = wide?.matchType;
  const inner = narrow?.matchType;
  if (outer?.case === undefined || inner?.case === undefined) return false;
  // Whether one regular expression lies in another cannot be told.
  if (outer.case === "regex" || inner.case === "regex") return true;
  if (outer.case === "exact") return inner.case === "prefix" || inner.value !== outer.value;
  return !inner.value.startsWith(outer.value);
}
