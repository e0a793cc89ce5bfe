// RDS: one route configuration of a proxy.
import { create } from "@bufbuild/protobuf";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { SharedResults } from "../cache.ts";
import { gatewayListeners } from "../gateway-servers.ts";
import { grpcRoutes } from "../grpc.ts";
import { HTTP_PROXY_ROUTE, parsePort } from "../names.ts";
import { callerKey, type Scope, scopeOf } from "../scope.ts";
import type { Translated } from "../translated.ts";
import { gatewayRoutes } from "./gateway.ts";
import { type OutboundRoute, outboundRoutes } from "./outbound.ts";

const OUTBOUND = new SharedResults<Translated<RouteConfiguration>>();
const GATEWAY = new SharedResults<Translated<RouteConfiguration>>();

/** The route configuration `routeName`; one without virtual hosts when nothing of that name exists (as Istio answers). */
export function routes(
  proxy: Proxy,
  snapshot: Snapshot,
  routeName: string,
): Translated<RouteConfiguration> {
  switch (proxy.type) {
    case "grpc":
      return grpcRoutes(proxy, snapshot, routeName);
    case "router":
      return sharedGatewayRoutes(proxy, snapshot, routeName);
    case "sidecar": {
      const route = parseRouteName(routeName);
      return route === undefined
        ? emptyRoutes(routeName)
        : sharedOutboundRoutes(route, proxy, snapshot);
    }
  }
}

/** Names come from outside, so only those of ports that exist are worth remembering. */
function sharedOutboundRoutes(
  route: OutboundRoute,
  proxy: Proxy,
  snapshot: Snapshot,
): Translated<RouteConfiguration> {
  const scope = scopeOf(proxy, snapshot);
  const make = (): Translated<RouteConfiguration> => outboundRoutes(route, scope, proxy, snapshot);
  if (!exists(route, scope)) return make();
  const key = JSON.stringify([route.name, proxy.dnsDomain, callerKey(proxy, scope, snapshot)]);
  return OUTBOUND.get(scope, [], key, make);
}

function exists({ port, onlyHost }: OutboundRoute, scope: Scope): boolean {
  if (onlyHost !== undefined) return scope.byHost.has(onlyHost);
  return port === 0 || scope.services.some(({ ports }) => ports.some((p) => p.number === port));
}

function sharedGatewayRoutes(
  proxy: Proxy,
  snapshot: Snapshot,
  routeName: string,
): Translated<RouteConfiguration> {
  const exists = gatewayListeners(proxy, snapshot).some(({ servers }) =>
    servers.some((server) => server.routeName === routeName),
  );
  if (!exists) return emptyRoutes(routeName);
  const key = JSON.stringify([routeName, Object.entries(proxy.labels).sort()]);
  return GATEWAY.get(scopeOf(proxy, snapshot), [], key, () =>
    gatewayRoutes(proxy, snapshot, routeName),
  );
}

/** `9080`, `http_proxy` or `reviews.default.svc.cluster.local:9080`. */
export function parseRouteName(name: string): OutboundRoute | undefined {
  if (name === HTTP_PROXY_ROUTE) return { name, port: 0, onlyHost: undefined };
  const colon = name.lastIndexOf(":");
  const port = parsePort(name.slice(colon + 1));
  if (port === undefined) return undefined;
  return { name, port, onlyHost: colon === -1 ? undefined : name.slice(0, colon) };
}

function emptyRoutes(routeName: string): Translated<RouteConfiguration> {
  const message = create(RouteConfigurationSchema, { name: routeName, validateClusters: false });
  return { name: routeName, message, sources: [] };
}
