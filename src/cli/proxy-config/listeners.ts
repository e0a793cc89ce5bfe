// `sampan proxy-config listener` and `route`: what a proxy listens on, and where requests go from there.
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { FilterChain } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Route } from "#api/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { formatAddress } from "#explain/host-status.ts";
import { originOf } from "#explain/origin.ts";
import { type ConfigPage, type ConfigRow, jsonOf, shortObject } from "./rows.ts";

/** Which connections a chain takes, as istioctl writes it. */
function matchOf({ filterChainMatch: match }: FilterChain): string {
  if (match === undefined) return "ALL";
  const ranges = match.prefixRanges.map(
    (range) => `${range.addressPrefix}/${range.prefixLen ?? 0}`,
  );
  const port = match.destinationPort === undefined ? "" : `:${match.destinationPort}`;
  const parts = [
    ...(match.transportProtocol === "" ? [] : [`Trans: ${match.transportProtocol}`]),
    ...(match.applicationProtocols.length === 0
      ? []
      : [`App: ${match.applicationProtocols.join(",")}`]),
    ...(match.serverNames.length === 0 ? [] : [`SNI: ${match.serverNames.join(",")}`]),
    ...(ranges.length === 0 && port === "" ? [] : [`Addr: ${ranges.join(",") || "*"}${port}`]),
  ];
  return parts.length === 0 ? "ALL" : parts.join("; ");
}

/** Where it leads: the last filter that says so. */
function destinationOf({ filters }: FilterChain): string {
  for (const { configType, name } of filters.toReversed()) {
    if (configType.case !== "typedConfig") continue;
    const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
    if (manager !== undefined) {
      const { routeSpecifier } = manager;
      if (routeSpecifier.case === "rds") return `Route: ${routeSpecifier.value.routeConfigName}`;
      if (routeSpecifier.case === "routeConfig")
        return `Inline Route: ${routeSpecifier.value.name}`;
      return name;
    }
    const specifier = anyUnpack(configType.value, TcpProxySchema)?.clusterSpecifier;
    if (specifier?.case === "cluster") return `Cluster: ${specifier.value}`;
    if (specifier?.case === "weightedClusters") {
      const { clusters } = specifier.value;
      return `Clusters: ${clusters.map((part) => `${part.name} (${part.weight})`).join(", ")}`;
    }
  }
  return filters.at(-1)?.name ?? "";
}

function chainsOf({ filterChains, defaultFilterChain }: Listener): readonly FilterChain[] {
  return defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
}

export const LISTENER_PAGE: ConfigPage = {
  columns: ["ADDRESSES", "PORT", "MATCH", "DESTINATION"],
  rows: ({ listeners }) =>
    listeners.flatMap((listener) => {
      const where = formatAddress(listener.address);
      const port = /:(\d+)$/.exec(where)?.[1] ?? "0";
      const address = where.replace(/:\d+$/, "");
      return chainsOf(listener).map(
        (chain): ConfigRow => ({
          cells: [address, port, matchOf(chain), destinationOf(chain)],
          keys: { address, port, name: listener.name },
          json: jsonOf(ListenerSchema, listener),
        }),
      );
    }),
};

/** A path as istioctl writes it: "/reviews*" for what begins so. */
function pathOf({ match }: Route): string {
  const path = match?.pathSpecifier;
  switch (path?.case) {
    case "prefix":
      return `${path.value}*`;
    case "path":
      return path.value;
    case "safeRegex":
      return `regex ${path.value.regex}`;
    case "pathSeparatedPrefix":
      return `PathPrefix:${path.value}`;
    default:
      return "*";
  }
}

/** The names that people use come first, and one says enough. */
function domainsOf(domains: readonly string[]): string {
  const [first = ""] = domains.toSorted((a, b) => a.length - b.length);
  return domains.length < 2 ? first : `${first}, +${domains.length - 1} more`;
}

export const ROUTE_PAGE: ConfigPage = {
  columns: ["NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"],
  rows: ({ routes }) =>
    routes.flatMap((configuration) =>
      configuration.virtualHosts.flatMap((host) =>
        host.routes.map((route): ConfigRow => {
          const origin = originOf(route.metadata?.filterMetadata ?? {});
          return {
            cells: [
              configuration.name,
              host.name,
              domainsOf(host.domains),
              pathOf(route),
              origin?.object.startsWith("VirtualService ") ? shortObject(origin.object) : "",
            ],
            keys: { name: configuration.name, vhost: host.name },
            json: jsonOf(RouteConfigurationSchema, configuration),
          };
        }),
      ),
    ),
};
