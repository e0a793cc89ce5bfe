// Route configurations of gateways: one for the plain HTTP servers of a port, one for each HTTPS server
// (istio pilot/pkg/networking/core/gateway.go).
import { create } from "@bufbuild/protobuf";
import {
  type Route,
  VirtualHost_TlsRequirementType as TlsRequirement,
  type VirtualHost,
  VirtualHostSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import { hostsMatch, isSubsetOf } from "../../model/hostname.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type GatewayServer, gatewayListeners } from "../gateway-servers.ts";
import { bracketed, hostWithPort } from "../names.ts";
import { Sources, type Translated } from "../translated.ts";
import { type ResolvedVirtualService, resolved } from "../virtual-service.ts";
import { isCatchAll } from "./match.ts";
import { MAX_DIRECT_RESPONSE_BYTES } from "./outbound.ts";
import { type RouteListener, routesOf } from "./routes-of.ts";

/** A gateway that is gone still has listeners that drain and ask: they get a configuration without hosts, as from Istio. */
export function gatewayRoutes(
  proxy: Proxy,
  snapshot: Snapshot,
  routeName: string,
): Translated<RouteConfiguration> {
  const servers = gatewayListeners(proxy, snapshot)
    .flatMap((listener) => listener.servers)
    .filter((server) => server.routeName === routeName);
  const sources = new Sources();
  const message = create(RouteConfigurationSchema, { name: routeName, validateClusters: false });
  if (servers.length > 0) {
    message.virtualHosts = virtualHosts(servers, proxy, snapshot, sources);
    message.ignorePortInHostMatching = true;
    message.maxDirectResponseBodySizeBytes = MAX_DIRECT_RESPONSE_BYTES;
  }
  return { name: routeName, message, sources: sources.list() };
}

interface HostEntry {
  readonly host: string;
  readonly port: number;
  /** Lists of routes, one a VirtualService; each once, though several servers may bring it. */
  readonly lists: Set<readonly Route[]>;
  redirectsToHttps: boolean;
}

function virtualHosts(
  servers: readonly GatewayServer[],
  proxy: Proxy,
  snapshot: Snapshot,
  sources: Sources,
): VirtualHost[] {
  const entries = new Map<string, HostEntry>();
  const entryOf = (host: string, port: number): HostEntry => {
    const known = entries.get(host);
    if (known !== undefined) return known;
    const entry: HostEntry = { host, port, lists: new Set(), redirectsToHttps: false };
    entries.set(host, entry);
    return entry;
  };
  const virtualServices = snapshot.virtualServicesFor(proxy.namespace).map(resolved);
  for (const server of servers) {
    sources.object(server.gateway);
    const redirects = server.server.tls?.httpsRedirect === true;
    for (const virtualService of virtualServices) {
      if (!virtualService.gateways.has(server.gatewayName)) continue;
      const hosts = commonHosts(server, virtualService);
      if (hosts.length === 0) continue;
      // Kept by identity, so that hosts with the same routes can be told.
      const routes = routesOf(virtualService, listenerOf(server), proxy, snapshot, sources);
      if (routes.length === 0) continue;
      for (const host of hosts) {
        const entry = entryOf(host, server.port);
        entry.lists.add(routes);
        if (redirects) entry.redirectsToHttps = true;
      }
    }
    if (!redirects) continue;
    // Also a host without any route sends its callers to HTTPS.
    for (const { host } of server.hosts) entryOf(host, server.port).redirectsToHttps = true;
  }
  if (entries.size > 0) return collapsed([...entries.values()]);
  return [
    create(VirtualHostSchema, { name: `blackhole:${servers[0]?.port ?? 0}`, domains: ["*"] }),
  ];
}

function listenerOf({ port, gatewayName, server }: GatewayServer): RouteListener {
  return { port, gateway: gatewayName, isTls: server.tls !== undefined };
}

/** Where server and VirtualService meet: the narrower name of each pair that overlaps. */
function commonHosts(server: GatewayServer, virtualService: ResolvedVirtualService): string[] {
  const found = new Set<string>();
  for (const { namespace, host } of server.hosts) {
    if (namespace !== "*" && namespace !== virtualService.object.namespace) continue;
    for (const name of virtualService.hosts) {
      if (hostsMatch(host, name)) found.add(isSubsetOf(name, host) ? name : host);
    }
  }
  return [...found];
}

/** Hosts with the same routes become one virtual host, named by the first in the alphabet. */
function collapsed(entries: readonly HostEntry[]): VirtualHost[] {
  const sorted = [...entries].sort((a, b) => (a.host < b.host ? -1 : 1));
  const byFirstList = new Map<unknown, { entry: HostEntry; host: VirtualHost }[]>();
  const hosts: VirtualHost[] = [];
  for (const entry of sorted) {
    const [firstList] = entry.lists;
    const candidates = byFirstList.get(firstList) ?? [];
    byFirstList.set(firstList, candidates);
    const twin = candidates.find((candidate) => isAlike(candidate.entry, entry));
    if (twin !== undefined) {
      twin.host.domains.push(bracketed(entry.host));
      continue;
    }
    const host = create(VirtualHostSchema, {
      name: hostWithPort(entry.host, entry.port),
      domains: [bracketed(entry.host)],
      routes: catchAllsLast([...entry.lists].flat()),
      requireTls: entry.redirectsToHttps ? TlsRequirement.ALL : TlsRequirement.NONE,
      includeRequestAttemptCount: true,
    });
    candidates.push({ entry, host });
    hosts.push(host);
  }
  return hosts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isAlike(a: HostEntry, b: HostEntry): boolean {
  return (
    a.redirectsToHttps === b.redirectsToHttps &&
    a.lists.size === b.lists.size &&
    [...a.lists].every((list) => b.lists.has(list))
  );
}

/** Several VirtualServices may serve one host: what matches everything must not hide what comes after. */
function catchAllsLast(routes: readonly Route[]): Route[] {
  return [
    ...routes.filter(({ match }) => !isCatchAll(match)),
    ...routes.filter(({ match }) => isCatchAll(match)),
  ];
}
