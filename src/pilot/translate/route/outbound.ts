// Route configurations of sidecars: one a port with a virtual host for each service on it, one for a sniffed service
// alone, one for the HTTP proxy listener with every port (istio pilot/pkg/networking/core/httproute.go).
import { create } from "@bufbuild/protobuf";
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import type { LoadBalancerSettings_ConsistentHashLB } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { hostsMatch, isWildcard } from "../../model/hostname.ts";
import { isHttpOrSniffed } from "../../model/protocol.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Service, ServicePort } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { SharedResults } from "../cache.ts";
import { bracketed, hostWithPort, MESH_GATEWAY, outboundCluster } from "../names.ts";
import {
  type EgressScope,
  egressFor,
  isHttpProxyEntry,
  ruleFor,
  type Scope,
  type ScopedService,
} from "../scope.ts";
import { Sources, type Translated } from "../translated.ts";
import type { ResolvedVirtualService } from "../virtual-service.ts";
import { forwardTo } from "./action.ts";
import { consistentHash, hashPolicy } from "./hash-policy.ts";
import { routeMatch } from "./match.ts";
import { routesOf } from "./routes-of.ts";
import { catchAll, serviceDomains } from "./virtual-host.ts";

/** Envoy's default of 4 KiB is less than what a VirtualService may hold. */
export const MAX_DIRECT_RESPONSE_BYTES: number = 1024 * 1024;

/** Which requests a route configuration is for. */
export interface OutboundRoute {
  readonly name: string;
  /** 0: every port, chosen by the port in the request's Host. */
  readonly port: number;
  /** Only this service, whatever the Host says: its listener is its own. */
  readonly onlyHost: string | undefined;
}

export function outboundRoutes(
  route: OutboundRoute,
  scope: Scope,
  proxy: Proxy,
  snapshot: Snapshot,
): Translated<RouteConfiguration> {
  const sources = new Sources();
  const builder = new VirtualHosts(route, scope, proxy, snapshot, sources);
  const hosts = builder.build();
  const chosen =
    route.onlyHost === undefined
      ? [...hosts, catchAll(scope.unknownCluster)]
      : onlyFor(hosts, hostWithPort(route.onlyHost, route.port));
  if (scope.sidecar !== undefined) sources.object(scope.sidecar);
  const message = create(RouteConfigurationSchema, {
    name: route.name,
    virtualHosts: chosen,
    validateClusters: false,
    maxDirectResponseBodySizeBytes: MAX_DIRECT_RESPONSE_BYTES,
    // With it Envoy never matches a domain that has a port, and those are all that tell ports apart on the proxy listener.
    ignorePortInHostMatching: builder.listenerPort !== 0,
  });
  return { name: route.name, message, sources: sources.list() };
}

/** Its one virtual host takes every Host: nothing else can come in by that listener. */
function onlyFor(hosts: readonly VirtualHost[], name: string): VirtualHost[] {
  const found = hosts.find((host) => host.name === name);
  return found === undefined ? [] : [create(VirtualHostSchema, { ...found, domains: ["*"] })];
}

/** A list of routes and the names that lead to it, on one port. */
interface Group {
  readonly port: number;
  readonly services: readonly ScopedService[];
  /** Hosts of a VirtualService that no service has. */
  readonly extraHosts: readonly string[];
  readonly routes: readonly Route[];
  readonly virtualService: ResolvedVirtualService | undefined;
}

/** Gathers the virtual hosts of one route configuration; a name or domain that is taken is not given twice. */
export class VirtualHosts {
  readonly listenerPort: number;
  readonly #egress: EgressScope | undefined;
  readonly #proxy: Proxy;
  readonly #snapshot: Snapshot;
  readonly #sources: Sources;
  readonly #names = new Set<string>();
  /** "*" is the catch-all's. */
  readonly #domains = new Set<string>(["*"]);
  /** Full names on these ports: they go before another service's short name. */
  readonly #fullNames = new Set<string>();

  constructor(
    route: OutboundRoute,
    scope: Scope,
    proxy: Proxy,
    snapshot: Snapshot,
    sources: Sources,
  ) {
    this.#egress = egressFor(scope, route.port);
    this.listenerPort = isHttpProxyEntry(this.#egress?.spec) ? 0 : route.port;
    this.#proxy = proxy;
    this.#snapshot = snapshot;
    this.#sources = sources;
  }

  /** Sorted by name; without the catch-all. */
  build(): readonly VirtualHost[] {
    if (this.#egress === undefined) return [];
    const services = this.#servicesOnPort(this.#egress);
    const groups = this.#groups(this.#egress, services);
    for (const { services: members, port } of groups) {
      for (const { service } of members) {
        this.#fullNames.add(service.hostname);
        this.#fullNames.add(hostWithPort(service.hostname, port));
      }
    }
    return groups
      .flatMap((group) => this.#hostsOf(group))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #servicesOnPort({ services }: EgressScope): ReadonlyMap<string, ScopedService> {
    const byHost = new Map<string, ScopedService>();
    for (const { service, ports } of services) {
      const wanted = ports.filter(
        ({ number, protocol }) =>
          isHttpOrSniffed(protocol) && (this.listenerPort === 0 || number === this.listenerPort),
      );
      if (wanted.length > 0) byHost.set(service.hostname, { service, ports: wanted });
    }
    return byHost;
  }

  /** VirtualServices first; then the services that none of them speaks about. */
  #groups(egress: EgressScope, services: ReadonlyMap<string, ScopedService>): readonly Group[] {
    const groups: Group[] = [];
    const claimed = new Set<string>();
    for (const virtualService of egress.virtualServices) {
      const own = this.#groupsOf(virtualService, egress, services);
      groups.push(...own);
      for (const group of own) {
        for (const { service } of group.services) claimed.add(service.hostname);
      }
    }
    for (const [hostname, scoped] of services) {
      if (claimed.has(hostname)) continue;
      for (const port of scoped.ports) groups.push(this.#plainGroup(scoped, port));
    }
    return groups;
  }

  #groupsOf(
    virtualService: ResolvedVirtualService,
    egress: EgressScope,
    services: ReadonlyMap<string, ScopedService>,
  ): readonly Group[] {
    const { members, extraHosts } = this.#split(virtualService, egress, services);
    // Istio serves hosts outside the registry beside a service of the same VirtualService, and alone on port 80.
    const takesExtra = members.length > 0 || this.listenerPort === 80;
    if (members.length === 0 && !(takesExtra && extraHosts.length > 0)) return [];
    const listener = { port: this.listenerPort, gateway: MESH_GATEWAY, isTls: false };
    const routes = routesOf(virtualService, listener, this.#proxy, this.#snapshot, this.#sources);
    if (routes.length === 0) return [];
    const byPort = new Map<number, ScopedService[]>();
    for (const { service, ports } of members) {
      for (const port of ports) {
        const list = byPort.get(port.number) ?? [];
        list.push({ service, ports: [port] });
        byPort.set(port.number, list);
      }
    }
    if (byPort.size === 0) byPort.set(this.listenerPort, []);
    return [...byPort].map(([port, list]) => ({
      port,
      services: list,
      extraHosts: takesExtra ? extraHosts : [],
      routes,
      virtualService,
    }));
  }

  /** Services that the VirtualService names or covers with a wildcard (the closest one covers), and its other hosts. */
  #split(
    virtualService: ResolvedVirtualService,
    egress: EgressScope,
    services: ReadonlyMap<string, ScopedService>,
  ): { members: readonly ScopedService[]; extraHosts: readonly string[] } {
    const members = new Set<ScopedService>();
    const extraHosts: string[] = [];
    for (const host of virtualService.hosts) {
      const exact = services.get(host);
      if (exact !== undefined) members.add(exact);
      else if (!isWildcard(host)) extraHosts.push(host);
      else {
        let covers = false;
        for (const [hostname, scoped] of services) {
          if (!hostsMatch(host, hostname)) continue;
          covers = true;
          if (egress.closest.get(hostname) === virtualService) members.add(scoped);
        }
        if (!covers) extraHosts.push(host);
      }
    }
    return { members: [...members], extraHosts };
  }

  #plainGroup(scoped: ScopedService, port: ServicePort): Group {
    const { service } = scoped;
    const rule = ruleFor(service, this.#proxy, this.#snapshot);
    const hash = consistentHash(rule, "", port.number);
    if (hash !== undefined) this.#sources.destinationRule(rule);
    const isProxyless = this.#proxy.type === "grpc";
    const route = PLAIN_ROUTES.get(port, [service, hash], String(isProxyless), () =>
      plainRoute(service, port, hash, isProxyless),
    );
    return {
      port: port.number,
      services: [scoped],
      extraHosts: [],
      routes: [route],
      virtualService: undefined,
    };
  }

  #hostsOf(group: Group): VirtualHost[] {
    const hosts: VirtualHost[] = [];
    const add = (name: string, domains: readonly string[]): void => {
      if (this.#names.has(name) || domains.length === 0) return;
      this.#names.add(name);
      hosts.push(
        create(VirtualHostSchema, {
          name,
          domains: [...domains],
          routes: [...group.routes],
          includeRequestAttemptCount: true,
        }),
      );
    };
    const withPort = this.listenerPort === 0 || this.#proxy.type === "grpc";
    for (const host of group.extraHosts) {
      const domains = withPort
        ? [bracketed(host), hostWithPort(host, group.port)]
        : [bracketed(host)];
      add(hostWithPort(host, group.port), this.#free(this.#reachable(domains, group.port), EMPTY));
    }
    for (const { service } of group.services) {
      this.#sources.service(service);
      const name = hostWithPort(service.hostname, group.port);
      if (this.#names.has(name)) continue;
      const port = withPort ? group.port : undefined;
      const { all, short } = serviceDomains(service, this.#proxy.dnsDomain, port);
      add(name, this.#free(this.#reachable(all, group.port), short));
    }
    return hosts;
  }

  /** Compared in lower case, as Envoy does: one domain twice and it refuses everything. */
  #free(domains: readonly string[], short: ReadonlySet<string>): readonly string[] {
    return domains.filter((domain) => {
      const key = domain.toLowerCase();
      if (this.#domains.has(key)) return false;
      if (short.has(domain) && this.#fullNames.has(domain)) return false;
      this.#domains.add(key);
      return true;
    });
  }

  /** Where every port comes in, a Host without a port means 80. */
  #reachable(domains: readonly string[], port: number): readonly string[] {
    if (this.listenerPort !== 0 || port === 80) return domains;
    return domains.filter((domain) => domain.endsWith(`:${port}`));
  }
}

const EMPTY: ReadonlySet<string> = new Set();

const PLAIN_ROUTES = new SharedResults<Route>();

/** The one route of a service that no VirtualService speaks about. */
function plainRoute(
  service: Service,
  port: ServicePort,
  hash: LoadBalancerSettings_ConsistentHashLB | undefined,
  isProxyless: boolean,
): Route {
  const policy = hash === undefined ? undefined : hashPolicy(hash);
  const cluster = outboundCluster(port.number, "", service.hostname);
  return create(RouteSchema, {
    name: "default",
    match: routeMatch(undefined),
    decorator: { operation: `${service.hostname}:${port.number}/*` },
    action: {
      case: "route",
      value: forwardTo(cluster, policy === undefined ? [] : [policy], isProxyless),
    },
  });
}
