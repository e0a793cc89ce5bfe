// envoy.config.route.v3.RouteMatch -> RouteMatch.
import type { RouteMatch as RouteMatchMessage } from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { Field } from "./field.ts";
import { readHeaderMatchers, readQueryParameterMatcher, readRegex } from "./parse-matchers.ts";
import type { PathMatch, RouteMatch } from "./route-config.ts";
import { fractionalPercent } from "./values.ts";

export function readRouteMatch(at: Field, message: RouteMatchMessage): RouteMatch {
  const parameters = at.child("query_parameters");
  const fraction = message.runtimeFraction?.defaultValue;
  return {
    path: readPath(at, message),
    headers: readHeaderMatchers(at.child("headers"), message.headers),
    queryParameters: message.queryParameters.map((parameter, i) =>
      readQueryParameterMatcher(parameters.item(i), parameter),
    ),
    runtimeFraction: fraction && fractionalPercent(fraction),
    grpcOnly: message.grpc !== undefined,
  };
}

function readPath(at: Field, message: RouteMatchMessage): PathMatch {
  const caseSensitive = message.caseSensitive ?? true;
  const { pathSpecifier } = message;
  switch (pathSpecifier.case) {
    case "prefix":
    case "path":
    case "pathSeparatedPrefix":
      return { kind: pathSpecifier.case, value: pathSpecifier.value, caseSensitive };
    case "safeRegex":
      return { kind: "regex", regex: readRegex(at.child("safe_regex"), pathSpecifier.value) };
    default:
      at.reject("one of prefix, path, path_separated_prefix, safe_regex is required");
      return { kind: "prefix", value: "/", caseSensitive: true };
  }
}
