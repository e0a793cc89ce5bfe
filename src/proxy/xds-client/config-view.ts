// What /config_dump shows of clusters, listeners and routes, gathered from where they live.
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import type { ConfigGroup, ConfigResource } from "../admin/admin-state.ts";
import type { ListenerConfig } from "../config/listener-config.ts";
import type { RouteConfig } from "../config/route-config.ts";
import type { RouteStore } from "../route/route-store.ts";
import type { ClusterManager } from "../upstream/cluster-manager.ts";
import type { ResourceLoader } from "./resource-loader.ts";

export function clusterGroup(
  loader: ResourceLoader,
  clusters: ClusterManager,
): ConfigGroup<Cluster> {
  const { log } = loader.clusters;
  const resources: ConfigResource<Cluster>[] = [];
  for (const { name, config } of clusters.clusters()) {
    const state = config.addedViaApi ? "active" : "static";
    resources.push({ message: config.message, state, ...log.of(name) });
  }
  for (const { name, config } of clusters.warmingClusters()) {
    resources.push({ message: config.message, state: "warming", ...log.of(name) });
  }
  return { versionInfo: log.versionInfo, resources, rejected: log.rejected };
}

export function listenerGroup(loader: ResourceLoader): ConfigGroup<Listener> {
  const { log } = loader.listeners;
  const resources: ConfigResource<Listener>[] = [];
  for (const { name, message, addedViaApi } of loader.listeners.active) {
    resources.push({ message, state: addedViaApi ? "active" : "static", ...log.of(name) });
  }
  for (const { config, version } of loader.listeners.warming) {
    const { lastUpdatedMs } = log.of(config.name);
    const { message } = config;
    resources.push({ message, state: "warming", versionInfo: version, lastUpdatedMs });
  }
  return { versionInfo: log.versionInfo, resources, rejected: log.rejected };
}

/** "static" are those that stand inside of listeners. */
export function routeGroup(
  loader: ResourceLoader,
  routes: RouteStore,
): ConfigGroup<RouteConfiguration> {
  const { log } = loader.routes;
  const resources: ConfigResource<RouteConfiguration>[] = [];
  for (const listener of loader.listeners.active) {
    const { lastUpdatedMs } = loader.listeners.log.of(listener.name);
    for (const { message } of inlineRoutes(listener)) {
      resources.push({ message, state: "static", versionInfo: "", lastUpdatedMs });
    }
  }
  for (const { config } of routes.tables()) {
    resources.push({ message: config.message, state: "active", ...log.of(config.name) });
  }
  return { versionInfo: log.versionInfo, resources, rejected: log.rejected };
}

function inlineRoutes(listener: ListenerConfig): RouteConfig[] {
  const chains = [...listener.filterChains, listener.defaultFilterChain];
  return chains.flatMap((chain) => {
    if (chain?.filter.kind !== "httpConnectionManager") return [];
    const { route } = chain.filter.config;
    return route.kind === "inline" ? [route.config] : [];
  });
}
