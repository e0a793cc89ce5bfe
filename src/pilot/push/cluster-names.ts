// The clusters that a route configuration or a listener may send requests to: what the order of a push depends on.
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Route, RouteAction } from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import {
  type TcpProxy,
  TcpProxySchema,
} from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";

function addRouteAction(action: RouteAction, into: Set<string>): void {
  const specifier = action.clusterSpecifier;
  if (specifier.case === "cluster") into.add(specifier.value);
  if (specifier.case === "weightedClusters") {
    for (const weighted of specifier.value.clusters) into.add(weighted.name);
  }
  for (const mirror of action.requestMirrorPolicies) {
    if (mirror.cluster !== "") into.add(mirror.cluster);
  }
}

function addRoute(route: Route, into: Set<string>): void {
  if (route.action.case === "route") addRouteAction(route.action.value, into);
}

function addRouteConfiguration(config: RouteConfiguration, into: Set<string>): void {
  for (const host of config.virtualHosts) for (const route of host.routes) addRoute(route, into);
}

function addTcpProxy(config: TcpProxy, into: Set<string>): void {
  const specifier = config.clusterSpecifier;
  if (specifier.case === "cluster") into.add(specifier.value);
  if (specifier.case === "weightedClusters") {
    for (const weighted of specifier.value.clusters) into.add(weighted.name);
  }
}

function addConnectionManager(config: HttpConnectionManager, into: Set<string>): void {
  const specifier = config.routeSpecifier;
  if (specifier.case === "routeConfig") addRouteConfiguration(specifier.value, into);
}

export function clusterNamesOfRoutes(config: RouteConfiguration): readonly string[] {
  const names = new Set<string>();
  addRouteConfiguration(config, names);
  return [...names];
}

export function clusterNamesOfListener(listener: Listener): readonly string[] {
  const names = new Set<string>();
  const chains = [...listener.filterChains];
  if (listener.defaultFilterChain !== undefined) chains.push(listener.defaultFilterChain);
  for (const chain of chains) {
    for (const filter of chain.filters) {
      if (filter.configType.case !== "typedConfig") continue;
      const packed = filter.configType.value;
      const manager = anyUnpack(packed, HttpConnectionManagerSchema);
      if (manager !== undefined) addConnectionManager(manager, names);
      const tcp = anyUnpack(packed, TcpProxySchema);
      if (tcp !== undefined) addTcpProxy(tcp, names);
    }
  }
  const api = listener.apiListener?.apiListener;
  const manager = api === undefined ? undefined : anyUnpack(api, HttpConnectionManagerSchema);
  if (manager !== undefined) addConnectionManager(manager, names);
  return [...names];
}
