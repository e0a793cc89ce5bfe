// The http routes of one VirtualService as Envoy routes, for one listener port and one kind of caller.
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  DecoratorSchema,
  type Route,
  RouteSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { LoadBalancerSettings_ConsistentHashLB } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type {
  Destination,
  HTTPMatchRequest,
  HTTPRoute,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { resolveGateway } from "../../model/hostname.ts";
import { type Labels, selects } from "../../model/labels.ts";
import { provenance } from "../messages.ts";
import { FILTER, parseOutboundCluster } from "../names.ts";
import type { ResolvedVirtualService } from "../virtual-service.ts";
import { forward } from "./action.ts";
import { cors } from "./cors.ts";
import { fault } from "./fault.ts";
import { headerLists } from "./headers.ts";
import { isCatchAll, routeMatch } from "./match.ts";
import { directResponse, redirect } from "./redirect.ts";

/** Everything outside the VirtualService that its routes depend on. */
export interface RouteContext {
  /** 0: a listener that serves every port (HTTP proxy). */
  readonly listenerPort: number;
  /** "mesh", or the gateway that the routes are for. */
  readonly gateway: string;
  readonly callerLabels: Labels;
  readonly callerNamespace: string;
  readonly isTls: boolean;
  /** For gRPC libraries. */
  readonly isProxyless: boolean;
  clusterOf(destination: Destination | undefined): string;
  hashOf(destination: Destination): LoadBalancerSettings_ConsistentHashLB | undefined;
}

/** In the author's order; nothing after a route that matches everything. Empty when none is meant for this caller. */
export function httpRoutes(
  virtualService: ResolvedVirtualService,
  context: RouteContext,
): readonly Route[] {
  const routes: Route[] = [];
  for (const [index, http] of virtualService.spec.http.entries()) {
    const matches = http.match.length === 0 ? [undefined] : http.match;
    for (const match of matches) {
      if (!isMeant(match, virtualService, context)) continue;
      const translated = httpRoute({ http, index }, match, virtualService, context);
      routes.push(translated);
      if (isCatchAll(translated.match)) return routes;
    }
  }
  return routes;
}

/** What the control plane can decide itself: port, gateways, and who asks. */
function isMeant(
  match: HTTPMatchRequest | undefined,
  { object }: ResolvedVirtualService,
  context: RouteContext,
): boolean {
  if (match === undefined) return true;
  if (match.port !== 0 && match.port !== context.listenerPort) return false;
  // A match that names gateways does not look at the caller (as in Istio).
  if (match.gateways.length > 0) {
    return match.gateways.some(
      (name) => resolveGateway(name, object.namespace) === context.gateway,
    );
  }
  if (!selects(match.sourceLabels, context.callerLabels)) return false;
  return match.sourceNamespace === "" || match.sourceNamespace === context.callerNamespace;
}

function httpRoute(
  { http, index }: { readonly http: HTTPRoute; readonly index: number },
  match: HTTPMatchRequest | undefined,
  { object }: ResolvedVirtualService,
  context: RouteContext,
): Route {
  const route = create(RouteSchema, {
    name: match === undefined || match.name === "" ? http.name : `${http.name}.${match.name}`,
    match: routeMatch(match),
    metadata: provenance(object, ["spec", "http", index]),
    statPrefix: match?.statPrefix ?? "",
    typedPerFilterConfig: filterConfigs(http),
  });
  applyAction(route, http, context);
  route.decorator = create(DecoratorSchema, {
    operation: operation(route, object.name, context.listenerPort),
  });
  return route;
}

function applyAction(route: Route, http: HTTPRoute, context: RouteContext): void {
  if (http.redirect !== undefined) {
    Object.assign(route, headerLists(http.headers).lists);
    const value = redirect(http.redirect, context.listenerPort, context.isTls);
    if (value !== undefined) route.action = { case: "redirect", value };
  } else if (http.directResponse !== undefined) {
    Object.assign(route, headerLists(http.headers).lists);
    route.action = { case: "directResponse", value: directResponse(http.directResponse) };
  } else {
    const { action, headers } = forward(http, context);
    Object.assign(route, headers);
    route.action = { case: "route", value: action };
  }
}

function filterConfigs(http: HTTPRoute): { [name: string]: Any } {
  const configs: { [name: string]: Any } = {};
  const injected = http.fault === undefined ? undefined : fault(http.fault);
  if (injected !== undefined) configs[FILTER.fault] = injected;
  if (http.corsPolicy !== undefined) configs[FILTER.cors] = cors(http.corsPolicy);
  return configs;
}

/** How traces name the route: where it leads and what it matches, or the VirtualService when it leads to several places. */
function operation(route: Route, virtualServiceName: string, listenerPort: number): string {
  const path = pathText(route);
  const action = route.action.case === "route" ? route.action.value : undefined;
  const cluster =
    action?.clusterSpecifier.case === "cluster" ? action.clusterSpecifier.value : undefined;
  const name = cluster === undefined ? undefined : parseOutboundCluster(cluster);
  return name === undefined
    ? `${virtualServiceName}:${listenerPort}${path}`
    : `${name.hostname}:${name.port}${path}`;
}

function pathText(route: Route): string {
  const path = route.match?.pathSpecifier;
  switch (path?.case) {
    case "prefix":
      return `${path.value}*`;
    case "path":
      return path.value;
    case "safeRegex":
      return path.value.regex;
    default:
      return "/*";
  }
}
