// VirtualService http match -> RouteMatch. What is static (port, gateways, sourceLabels) is decided in http-route.ts.
import { create } from "@bufbuild/protobuf";
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
  type RouteMatch,
  RouteMatchSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import { type StringMatcher, StringMatcherSchema } from "#api/envoy/type/matcher/v3/string_pb.ts";
import type {
  HTTPMatchRequest,
  StringMatch,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { regex } from "../messages.ts";

/** Without a match: everything. */
export function routeMatch(match: HTTPMatchRequest | undefined): RouteMatch {
  if (match === undefined) {
    return create(RouteMatchSchema, { pathSpecifier: { case: "prefix", value: "/" } });
  }
  return create(RouteMatchSchema, {
    pathSpecifier: pathSpecifier(match.uri),
    caseSensitive: !match.ignoreUriCase,
    headers: headerMatchers(match),
    queryParameters: Object.keys(match.queryParams)
      .sort()
      .map((name) => queryMatcher(name, match.queryParams[name])),
  });
}

function pathSpecifier(uri: StringMatch | undefined): RouteMatch["pathSpecifier"] {
  const { matchType } = uri ?? {};
  switch (matchType?.case) {
    case "exact":
      return { case: "path", value: matchType.value };
    case "prefix":
      return { case: "prefix", value: matchType.value };
    case "regex":
      return { case: "safeRegex", value: regex(matchType.value) };
    case undefined:
      return { case: "prefix", value: "/" };
  }
}

/** Sorted by name, then the pseudo headers: the order of a YAML map must not change the configuration. */
function headerMatchers(match: HTTPMatchRequest): HeaderMatcher[] {
  const wanted = Object.entries(match.headers).map(([name, value]) => headerMatcher(name, value));
  const unwanted = Object.entries(match.withoutHeaders).map(([name, value]) =>
    inverted(headerMatcher(name, value)),
  );
  const matchers = [...wanted, ...unwanted].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
  );
  if (match.method !== undefined) matchers.push(headerMatcher(":method", match.method));
  if (match.authority !== undefined) matchers.push(headerMatcher(":authority", match.authority));
  if (match.scheme !== undefined) matchers.push(headerMatcher(":scheme", match.scheme));
  return matchers;
}

function headerMatcher(name: string, value: StringMatch): HeaderMatcher {
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier: onlyPresence(value)
      ? { case: "presentMatch", value: true }
      : { case: "stringMatch", value: stringMatcher(value) },
  });
}

function inverted(matcher: HeaderMatcher): HeaderMatcher {
  matcher.invertMatch = true;
  // A request without the header is one that does not carry the value.
  if (matcher.headerMatchSpecifier.case !== "presentMatch")
    matcher.treatMissingHeaderAsEmpty = true;
  return matcher;
}

function queryMatcher(name: string, value: StringMatch | undefined): QueryParameterMatcher {
  return create(QueryParameterMatcherSchema, {
    name,
    queryParameterMatchSpecifier:
      value === undefined || onlyPresence(value)
        ? { case: "presentMatch", value: true }
        : { case: "stringMatch", value: stringMatcher(value) },
  });
}

/** `{}` and the regex "*" (which is no RE2) ask whether it is there at all. */
function onlyPresence({ matchType }: StringMatch): boolean {
  return matchType.case === undefined || (matchType.case === "regex" && matchType.value === "*");
}

export function stringMatcher({ matchType }: StringMatch): StringMatcher {
  switch (matchType.case) {
    case "exact":
    case "prefix":
      return create(StringMatcherSchema, { matchPattern: matchType });
    case "regex":
      return create(StringMatcherSchema, {
        matchPattern: { case: "safeRegex", value: regex(matchType.value) },
      });
    case undefined:
      return create(StringMatcherSchema);
  }
}

/** Matches every request: nothing after it in the same list is ever reached. */
export function isCatchAll(match: RouteMatch | undefined): boolean {
  if (match === undefined) return false;
  const { pathSpecifier: path } = match;
  const anyPath =
    (path.case === "prefix" && path.value === "/") ||
    (path.case === "safeRegex" && path.value.regex === ".*");
  return anyPath && match.headers.length === 0 && match.queryParameters.length === 0;
}
