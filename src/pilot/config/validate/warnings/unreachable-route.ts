// Routes are tried in order: what stands after one that takes everything is never reached.
import type {
  HTTPMatchRequest,
  HTTPRoute,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { each } from "../field.ts";
import type { Warning } from "./warning.ts";

export const UNREACHABLE_ROUTE: Warning<"VirtualService"> = {
  name: "unreachable-route",
  check(spec, field) {
    const catchAll = spec.http.findIndex(takesEverything);
    const seen = new Map<string, number>();
    each(spec.http, field.at("http"), (route, at, index) => {
      if (catchAll !== -1 && index > catchAll) {
        at.warn(`is never reached: http[${catchAll}] takes every request; put it before that`);
        return;
      }
      each(route.match, at.at("match"), (match, where) => {
        const text = JSON.stringify(match, (_key, value) =>
          typeof value === "bigint" ? String(value) : value,
        );
        const first = seen.get(text);
        if (first !== undefined && first !== index)
          where.warn(`is never reached: http[${first}] has the same match`);
        seen.set(text, first ?? index);
      });
    });
  },
};

function takesEverything(route: HTTPRoute): boolean {
  return route.match.length === 0 || route.match.some(matchesEverything);
}

/** For any client on any port; matches that name source, gateway or port are for some clients only. */
function matchesEverything(match: HTTPMatchRequest): boolean {
  const { case: kind, value } = match.uri?.matchType ?? {};
  const isAnyPath =
    kind === undefined ||
    (kind === "prefix" && (value === "/" || value === "")) ||
    (kind === "regex" && value === ".*");
  const maps = [match.headers, match.withoutHeaders, match.queryParams, match.sourceLabels];
  return (
    isAnyPath &&
    match.scheme === undefined &&
    match.method === undefined &&
    match.authority === undefined &&
    maps.every((map) => Object.keys(map).length === 0) &&
    match.port === 0 &&
    match.gateways.length === 0 &&
    match.sourceNamespace === ""
  );
}
