// What a proxy is allowed to know: the services and VirtualServices that its Sidecar object imports, listener by listener;
// everything visible to its namespace when there is no Sidecar (istio pilot/pkg/model/sidecar.go). One scope serves all
// proxies of a namespace and Sidecar, and everything that hangs on it alone is shared through its identity.
import {
  type IstioEgressListener,
  OutboundTrafficPolicy_Mode,
} from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import {
  hostsMatch,
  isSubsetOf,
  isWildcard,
  mostSpecificMatch,
  resolveHost,
} from "../model/hostname.ts";
import type { Labels } from "../model/labels.ts";
import { type ConfigObject, objectKey } from "../model/object.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Service, ServicePort } from "../model/service.ts";
import type { MergedDestinationRule, Snapshot } from "../model/snapshot.ts";
import { SharedResults } from "./cache.ts";
import { configOf, meshOf } from "./mesh.ts";
import { outboundCluster, PASSTHROUGH_CLUSTER } from "./names.ts";
import {
  destinationsOf,
  forMesh,
  looksAtSource,
  type ResolvedVirtualService,
} from "./virtual-service.ts";

/** A service with the ports that are imported: all of them, or those that a listener or a destination names. */
export interface ScopedService {
  readonly service: Service;
  readonly ports: readonly ServicePort[];
}

/** One `egress` entry of a Sidecar, or the one that stands for "everything". */
export interface EgressScope {
  /** undefined when it catches every port that no other entry names. */
  readonly port: IstioEgressListener["port"];
  /** "" unless the Sidecar names an address. */
  readonly bind: string;
  readonly spec: IstioEgressListener | undefined;
  readonly services: readonly ScopedService[];
  readonly virtualServices: readonly ResolvedVirtualService[];
  /** Service host -> the VirtualService whose host fits it most closely; for wildcard hosts. */
  readonly closest: ReadonlyMap<string, ResolvedVirtualService>;
}

export interface Scope {
  readonly namespace: string;
  readonly sidecar: ConfigObject<"Sidecar"> | undefined;
  readonly egress: readonly EgressScope[];
  /** The union of what the entries import, and what their VirtualServices lead to. */
  readonly services: readonly ScopedService[];
  readonly byHost: ReadonlyMap<string, ScopedService>;
  /** Where requests go that no service claims; undefined: refused. */
  readonly unknownCluster: string | undefined;
  /** Endpoints show in its clusters or listeners (DNS, services without addresses): those are made anew when endpoints change. */
  readonly showsEndpoints: boolean;
  /** False: no match looks at the caller's labels, so that proxies of different labels share everything. */
  readonly looksAtSource: boolean;
}

const SCOPES = new SharedResults<Scope>();

export function scopeOf(proxy: Proxy, snapshot: Snapshot): Scope {
  // Routers ignore Sidecar objects, as in Istio.
  const sidecar =
    proxy.type === "router" ? undefined : snapshot.sidecarFor(proxy.namespace, proxy.labels);
  return SCOPES.get(configOf(snapshot), [meshOf(snapshot), sidecar], proxy.namespace, () =>
    buildScope(snapshot, proxy.namespace, sidecar),
  );
}

function buildScope(
  snapshot: Snapshot,
  namespace: string,
  sidecar: ConfigObject<"Sidecar"> | undefined,
): Scope {
  const world: World = {
    namespace,
    services: oldestFirst(snapshot),
    snapshot,
    virtualServices: forMesh(snapshot.virtualServicesFor(namespace)),
  };
  const listeners = sidecar === undefined ? [] : sidecar.spec.egress;
  const egress =
    listeners.length === 0
      ? [everything(world)]
      : listeners.map((listener) => imported(world, listener));
  const services = union(world, egress);
  return {
    namespace,
    sidecar,
    egress,
    services,
    byHost: firstByHost(services),
    unknownCluster: unknownCluster(sidecar, snapshot),
    showsEndpoints: services.some(({ service }) => service.resolution !== "static"),
    looksAtSource: world.virtualServices.some(looksAtSource),
  };
}

interface World {
  readonly namespace: string;
  readonly snapshot: Snapshot;
  readonly services: (namespace: string) => readonly ScopedService[];
  readonly virtualServices: readonly ResolvedVirtualService[];
}

/** Older services keep their port when a newer one asks for it too, so order is by age, then by name. */
function oldestFirst(snapshot: Snapshot): (namespace: string) => readonly ScopedService[] {
  const age = (service: Service): number =>
    snapshot.object(objectKey(service.owner))?.createdMs ?? 0;
  return (namespace) =>
    [...snapshot.servicesVisibleTo(namespace)]
      .sort((a, b) => age(a) - age(b))
      .map((service) => ({ service, ports: service.ports }));
}

function everything(world: World): EgressScope {
  const services = preferOwnNamespace(world.services(world.namespace), world.namespace);
  const { virtualServices } = world;
  return {
    port: undefined,
    bind: "",
    spec: undefined,
    services,
    virtualServices,
    closest: closestTo(services, virtualServices),
  };
}

function imported(world: World, listener: IstioEgressListener): EgressScope {
  const hosts = new ImportedHosts(listener.hosts, world.namespace);
  const named = matchesPort(listener) ? listener.port?.number : undefined;
  const services = preferOwnNamespace(
    world
      .services(world.namespace)
      .filter(({ service }) => hosts.importsService(service))
      .flatMap((scoped) => restrictedToPort(scoped, named)),
    world.namespace,
  );
  const virtualServices = world.virtualServices.filter((virtualService) =>
    hosts.importsVirtualService(virtualService),
  );
  return {
    port: listener.port,
    bind: listener.bind,
    spec: listener,
    services,
    virtualServices,
    closest: closestTo(services, virtualServices),
  };
}

/** An HTTP_PROXY entry serves all ports; any other entry with a port only services that have it. */
export function isHttpProxyEntry(listener: IstioEgressListener | undefined): boolean {
  return listener?.port?.protocol.toUpperCase() === "HTTP_PROXY";
}

function matchesPort(listener: IstioEgressListener): boolean {
  return (listener.port?.number ?? 0) !== 0 && !isHttpProxyEntry(listener);
}

function restrictedToPort(scoped: ScopedService, port: number | undefined): ScopedService[] {
  if (port === undefined) return [scoped];
  const ports = scoped.ports.filter(({ number }) => number === port);
  return ports.length === 0 ? [] : [{ service: scoped.service, ports }];
}

/** When one host is declared in several namespaces, the proxy's own one wins, else the first. */
function preferOwnNamespace(
  services: readonly ScopedService[],
  namespace: string,
): readonly ScopedService[] {
  const chosen = new Map<string, ScopedService>();
  for (const scoped of services) {
    const { hostname } = scoped.service;
    const known = chosen.get(hostname);
    if (known === undefined) chosen.set(hostname, scoped);
    else if (known.service.namespace !== namespace && scoped.service.namespace === namespace) {
      chosen.set(hostname, scoped);
    }
  }
  return [...chosen.values()];
}

/** `egress[].hosts`: "namespace/name", with "*", "." and "~" for namespaces and wildcards for names. */
class ImportedHosts {
  readonly #wanted: readonly (readonly [namespace: string, host: string])[];
  readonly #excluded: readonly (readonly [namespace: string, host: string])[];

  constructor(hosts: readonly string[], ownNamespace: string) {
    const wanted: [string, string][] = [];
    const excluded: [string, string][] = [];
    for (const text of hosts) {
      const slash = text.indexOf("/");
      if (slash === -1) continue;
      let namespace = text.slice(0, slash);
      const host = text.slice(slash + 1).toLowerCase();
      const isExclusion = namespace.startsWith("~");
      if (isExclusion) namespace = namespace.slice(1) || "*";
      if (namespace === ".") namespace = ownNamespace;
      (isExclusion ? excluded : wanted).push([namespace, host]);
    }
    this.#wanted = wanted;
    this.#excluded = excluded;
  }

  importsService({ namespace, hostname }: Service): boolean {
    return this.#imports(namespace, hostname, (host) => isSubsetOf(hostname, host));
  }

  /** Any of its hosts is enough; a wildcard host is imported by a name that it covers. */
  importsVirtualService({ object, hosts }: ResolvedVirtualService): boolean {
    return hosts.some((name) =>
      this.#imports(object.namespace, name, (host) => hostsMatch(name, host)),
    );
  }

  #imports(namespace: string, name: string, fits: (host: string) => boolean): boolean {
    const here = (wanted: string): boolean => wanted === "*" || wanted === namespace;
    return (
      this.#wanted.some(([wanted, host]) => here(wanted) && fits(host)) &&
      !this.#excluded.some(([wanted, host]) => here(wanted) && isSubsetOf(name, host))
    );
  }
}

function closestTo(
  services: readonly ScopedService[],
  virtualServices: readonly ResolvedVirtualService[],
): ReadonlyMap<string, ResolvedVirtualService> {
  const byHost = new Map<string, ResolvedVirtualService>();
  for (const virtualService of virtualServices) {
    for (const host of virtualService.hosts) {
      if (!byHost.has(host)) byHost.set(host, virtualService);
    }
  }
  const closest = new Map<string, ResolvedVirtualService>();
  for (const { service } of services) {
    const found = mostSpecificMatch(service.hostname, byHost);
    if (found !== undefined) closest.set(service.hostname, found);
  }
  return closest;
}

/** Imported services first; then what VirtualServices lead to, which a user would otherwise have to import by hand. */
function union(world: World, egress: readonly EgressScope[]): readonly ScopedService[] {
  const merged = new Map<string, ScopedService>();
  const add = (scoped: ScopedService): void => {
    const { hostname } = scoped.service;
    const known = merged.get(hostname);
    merged.set(hostname, known === undefined ? scoped : withPorts(known, scoped));
  };
  for (const { services } of egress) for (const scoped of services) add(scoped);
  for (const { spec, virtualServices } of egress) {
    const listenerPort = spec !== undefined && matchesPort(spec) ? spec.port?.number : undefined;
    for (const virtualService of virtualServices) {
      for (const [host, ports] of destinationsOf(virtualService)) {
        const service = isWildcard(host)
          ? undefined
          : world.snapshot.service(host, world.namespace);
        if (service === undefined) continue;
        const wanted = listenerPort === undefined ? ports : new Set([listenerPort]);
        const chosen = wanted.has(0)
          ? service.ports
          : service.ports.filter(({ number }) => wanted.has(number));
        if (chosen.length > 0) add({ service, ports: chosen });
      }
    }
  }
  return [...merged.values()];
}

/** The same service again adds its ports; another service of the same host (of another namespace) adds nothing. */
function withPorts(known: ScopedService, more: ScopedService): ScopedService {
  if (known.service !== more.service) return known;
  const added = more.ports.filter((port) => !known.ports.includes(port));
  return added.length === 0 ? known : { service: known.service, ports: [...known.ports, ...added] };
}

function firstByHost(services: readonly ScopedService[]): ReadonlyMap<string, ScopedService> {
  const byHost = new Map<string, ScopedService>();
  for (const scoped of services) {
    if (!byHost.has(scoped.service.hostname)) byHost.set(scoped.service.hostname, scoped);
  }
  return byHost;
}

function unknownCluster(
  sidecar: ConfigObject<"Sidecar"> | undefined,
  snapshot: Snapshot,
): string | undefined {
  const policy = sidecar?.spec.outboundTrafficPolicy;
  if (sidecar === undefined || policy === undefined) {
    return meshOf(snapshot).outboundTrafficPolicy === "ALLOW_ANY" ? PASSTHROUGH_CLUSTER : undefined;
  }
  if (policy.mode === OutboundTrafficPolicy_Mode.REGISTRY_ONLY) return undefined;
  const { egressProxy } = policy;
  if (egressProxy === undefined) return PASSTHROUGH_CLUSTER;
  const host = resolveHost(egressProxy.host, sidecar.namespace);
  return outboundCluster(egressProxy.port?.number ?? 0, egressProxy.subset, host);
}

/** What a result that hangs on `scope` must also hang on. */
export function endpointsOf(scope: Scope, snapshot: Snapshot): Snapshot | undefined {
  return scope.showsEndpoints ? snapshot : undefined;
}

const CALLER_KEYS = new SharedResults<string>();

/**
 * What of a proxy's labels decides about its routes and clusters beside its scope: "" as long as no match looks at callers and
 * no DestinationRule is only for some of them, so that proxies of different labels share everything.
 */
export function callerKey(proxy: Proxy, scope: Scope, snapshot: Snapshot): string {
  const labels = labelsKey(proxy.labels);
  if (scope.looksAtSource) return labels;
  return CALLER_KEYS.get(scope, [], labels, () => {
    const isSpecial = scope.services.some(
      ({ service }) =>
        ruleFor(service, proxy, snapshot) !== snapshot.destinationRuleFor(service, proxy.namespace),
    );
    return isSpecial ? labels : "";
  });
}

function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The DestinationRule that `proxy` goes by when it calls `service`. */
export function ruleFor(
  service: Service,
  proxy: Proxy,
  snapshot: Snapshot,
): MergedDestinationRule | undefined {
  return snapshot.destinationRuleFor(service, proxy.namespace, proxy.labels);
}

/** The entry that serves `port`; 0 asks for the one that serves all ports. */
export function egressFor(scope: Scope, port: number): EgressScope | undefined {
  return scope.egress.find(
    (entry) => entry.port === undefined || (port !== 0 && entry.port.number === port),
  );
}
