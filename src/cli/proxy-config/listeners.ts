// `sampan proxy-config listener`: what a proxy listens on, and where connections go from there.
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Address } from "#api/envoy/config/core/v3/address_pb.ts";
import type { FilterChain } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { formatAddress } from "#explain/host-status.ts";
import { pathOf } from "./routes.ts";
import { type ConfigPage, type ConfigRow, compareTexts, jsonOf } from "./rows.ts";

/** Istio's lists of application protocols, by the names that istioctl gives them. */
const PROTOCOL_LISTS: ReadonlyMap<string, string> = new Map([
  ["http/1.0,http/1.1,h2c", "HTTP"],
  ["istio,istio-http/1.0,istio-http/1.1,istio-h2", "Istio HTTP Plain"],
  ["http/1.0,http/1.1,h2c,istio-http/1.0,istio-http/1.1,istio-h2", "HTTP TLS"],
  ["istio-peer-exchange,istio", "TCP TLS"],
]);

/** Which connections a chain takes, as istioctl writes it. */
function matchOf({ filterChainMatch: match }: FilterChain): string {
  if (match === undefined) return "ALL";
  const ranges = match.prefixRanges.map(
    (range) => `${range.addressPrefix}/${range.prefixLen ?? 0}`,
  );
  const port = match.destinationPort === undefined ? "" : `:${match.destinationPort}`;
  const protocols = match.applicationProtocols.join(",");
  const parts = [
    ...(match.serverNames.length === 0 ? [] : [`SNI: ${match.serverNames.join(",")}`]),
    ...(match.transportProtocol === "" ? [] : [`Trans: ${match.transportProtocol}`]),
    ...(protocols === "" ? [] : [`App: ${PROTOCOL_LISTS.get(protocols) ?? protocols}`]),
    ...(ranges.length === 0 && port === "" ? [] : [`Addr: ${ranges.join(",") || "*"}${port}`]),
  ];
  return parts.length === 0 ? "ALL" : parts.join("; ");
}

interface Destination {
  readonly protocol: "HTTP" | "TCP";
  readonly text: string;
}

/** Where a chain leads; undefined when none of its filters, which may be of types that are not known here, says so. */
function destinationOf({ filters }: FilterChain): Destination | undefined {
  for (const { configType } of filters) {
    if (configType.case !== "typedConfig") continue;
    const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
    if (manager !== undefined) {
      const { routeSpecifier } = manager;
      if (routeSpecifier.case === "routeConfig") {
        return { protocol: "HTTP", text: inlineRoute(routeSpecifier.value) };
      }
      const name = routeSpecifier.case === "rds" ? routeSpecifier.value.routeConfigName : "";
      return { protocol: "HTTP", text: name === "" ? "HTTP" : `Route: ${name}` };
    }
    const specifier = anyUnpack(configType.value, TcpProxySchema)?.clusterSpecifier;
    if (specifier?.case === "cluster") {
      return { protocol: "TCP", text: clusterText(specifier.value) };
    }
    if (specifier?.case === "weightedClusters") {
      const parts = specifier.value.clusters.map(({ name, weight }) => `${name} (${weight})`);
      return { protocol: "TCP", text: `Clusters: ${parts.join(", ")}` };
    }
  }
  return undefined;
}

/** Names like PassthroughCluster say themselves what they are. */
const clusterText = (name: string): string =>
  name.includes("Cluster") ? name : `Cluster: ${name}`;

/** A configuration that sends everything to one cluster is that cluster; another one its domains and paths. */
function inlineRoute({ virtualHosts }: RouteConfiguration): string {
  const [host] = virtualHosts;
  const [route] = host?.routes ?? [];
  const isWhole = virtualHosts.length === 1 && host?.domains.join() === "*";
  if (isWhole && host.routes.length === 1 && route !== undefined && pathOf(route) === "/*") {
    const specifier =
      route.action.case === "route" ? route.action.value.clusterSpecifier : undefined;
    if (specifier?.case === "cluster") return clusterText(specifier.value);
  }
  const hosts = virtualHosts.map(({ domains, routes }) => {
    const paths = routes.map(pathOf).join(", ");
    return domains.join() === "*" ? paths : `${domains.join("/")} ${paths}`;
  });
  return `Inline Route: ${hosts.join("; ")}`;
}

function chainsOf({ filterChains, defaultFilterChain }: Listener): readonly FilterChain[] {
  return defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
}

/** "HTTP", "TCP" or "HTTP+TCP", which --type asks for. */
function typeOf(listener: Listener): string {
  const found = new Set(chainsOf(listener).map((chain) => destinationOf(chain)?.protocol));
  return (["HTTP", "TCP"] as const).filter((protocol) => found.has(protocol)).join("+");
}

const portOf = (address: Address | undefined): number =>
  address?.address.case === "socketAddress" &&
  address.address.value.portSpecifier.case === "portValue"
    ? address.address.value.portSpecifier.value
    : 0;

const hostOf = (address: Address | undefined): string =>
  address?.address.case === "socketAddress"
    ? address.address.value.address
    : formatAddress(address);

function rowsOf(listener: Listener): readonly ConfigRow[] {
  const address = hostOf(listener.address);
  const more = listener.additionalAddresses.map(({ address: other }) => hostOf(other));
  const port = String(portOf(listener.address));
  const keys = { address, port, type: typeOf(listener).toLowerCase() };
  return chainsOf(listener)
    .map((chain) => ({
      match: matchOf(chain),
      destination: destinationOf(chain)?.text ?? "Non-HTTP/Non-TCP",
    }))
    .toSorted((a, b) => compareTexts(b.destination, a.destination))
    .map(({ match, destination }) => ({
      cells: [[address, ...more].join(","), port, match, destination],
      keys,
      json: jsonOf(ListenerSchema, listener),
    }));
}

export const LISTENER_PAGE: ConfigPage = {
  columns: ["ADDRESSES", "PORT", "MATCH", "DESTINATION"],
  rows: ({ listeners }) =>
    listeners
      .toSorted(
        (a, b) =>
          portOf(a.address) - portOf(b.address) ||
          compareTexts(hostOf(a.address), hostOf(b.address)) ||
          compareTexts(typeOf(a), typeOf(b)),
      )
      .flatMap(rowsOf),
};
