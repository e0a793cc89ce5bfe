// `sampan proxy-config route`: virtual hosts and their routes, in the order in which they are tried.
import type { Route, VirtualHost } from "#api/envoy/config/route/v3/route_components_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import { originOf } from "#explain/origin.ts";
import { type ConfigPage, type ConfigRow, jsonOf, shortObject } from "./rows.ts";

/** A path as istioctl writes it: "/reviews*" for what begins so. */
export function pathOf({ match }: Route): string {
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
      return "";
  }
}

/** As istioctl shows them; how many more there are is counted without those that only differ by their port or suffix. */
const MAX_DOMAINS = 2;

function domainsOf(domains: readonly string[]): string {
  const [only = ""] = domains;
  if (domains.length < 2) return only;
  const hasPort = /^\[.*\]:|^[^:]*:[^:]*$/;
  const bare = domains.filter((domain) => !hasPort.test(domain));
  const all = new Set(bare);
  const isLonger = (domain: string): boolean =>
    [".svc.cluster.local", ".svc"].some(
      (suffix) => domain.endsWith(suffix) && all.has(domain.slice(0, -suffix.length)),
    );
  const shown = bare.filter((domain) => !isLonger(domain));
  // Where every domain has a port, as for a forward proxy, istioctl shows none.
  if (shown.length === 0) return `${only} + ${domains.length - 1} more...`;
  const more = shown.length - MAX_DOMAINS;
  return `${shown.slice(0, MAX_DOMAINS).join(", ")}${more > 0 ? ` + ${more} more...` : ""}`;
}

/** What Istio puts at the end of every configuration: unknown hosts are sent where they were meant to go. istioctl leaves it out. */
const isPassthrough = ({ action }: Route): boolean =>
  action.case === "route" &&
  action.value.clusterSpecifier.case === "cluster" &&
  action.value.clusterSpecifier.value === "PassthroughCluster";

function rowsOf(configuration: RouteConfiguration, host: VirtualHost): readonly ConfigRow[] {
  const row = (match: string, service: string): ConfigRow => ({
    cells: [configuration.name, host.name, domainsOf(host.domains), match, service],
    keys: { name: configuration.name },
    json: jsonOf(RouteConfigurationSchema, configuration),
  });
  // A virtual host without routes answers 404, which istioctl says in the last column.
  if (host.routes.length === 0) return [row("/*", "404")];
  return host.routes
    .filter((route) => !isPassthrough(route))
    .map((route) => {
      const origin = originOf(route.metadata?.filterMetadata ?? {});
      const isRoutedByService = origin?.object.startsWith("VirtualService ") ?? false;
      return row(pathOf(route), isRoutedByService ? shortObject(origin?.object) : "");
    });
}

/** Names of ports come first, in their order; the others stay as they are. */
function byPort({ name: a }: RouteConfiguration, { name: b }: RouteConfiguration): number {
  const portA = /^\d+$/.test(a) ? Number(a) : Number.POSITIVE_INFINITY;
  const portB = /^\d+$/.test(b) ? Number(b) : Number.POSITIVE_INFINITY;
  return portA === portB ? 0 : portA - portB;
}

export const ROUTE_PAGE: ConfigPage = {
  columns: ["NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"],
  rows: ({ routes }) =>
    routes
      .toSorted(byPort)
      .flatMap((configuration) =>
        configuration.virtualHosts.flatMap((host) => rowsOf(configuration, host)),
      ),
};
