// Outbound listeners of a sidecar: one a port for HTTP, one an address and port for TCP where addresses tell services
// apart, and what happens when two services want the same place (istio pilot/pkg/networking/core/listener.go).
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { CaptureMode } from "#api/istio/networking/v1alpha3/sidecar_pb.ts";
import { hostsMatch } from "../../model/hostname.ts";
import { isHttp, isSniffed, isTls, listenerProtocol, parseProtocol } from "../../model/protocol.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Protocol, Service, ServicePort } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { meshOf } from "../mesh.ts";
import {
  BLACK_HOLE_CLUSTER,
  hostWithPort,
  LOCALHOST,
  listenerName,
  MESH_GATEWAY,
  outboundCluster,
  WILDCARD_ADDRESS,
} from "../names.ts";
import { type EgressScope, isHttpProxyEntry, ruleFor, type Scope } from "../scope.ts";
import { Sources, type Translated } from "../translated.ts";
import { bindAddress, canBind } from "./bind.ts";
import { buildListener } from "./build.ts";
import { type Chain, chain, withoutOverlaps } from "./chain.ts";
import { httpConnectionManager } from "./http-connection-manager.ts";
import { type Observation, observationOf } from "./observation.ts";
import { tcpProxy, tcpProxyTo } from "./tcp-proxy.ts";
import { type ConnectionContext, tcpChains, tlsChains } from "./tcp-route.ts";

/** What one listener serves so far: HTTP alone, TCP alone, or both behind an inspector. */
type Mode = "http" | "tcp" | "sniffed";

interface Entry {
  /** The address in its name. */
  readonly bind: string;
  readonly port: number;
  readonly bindsPort: boolean;
  readonly firstProtocol: Protocol;
  readonly sources: Sources;
  mode: Mode;
  chains: readonly Chain[];
  /** Made by a Sidecar entry with a port: services of the catch-all entry do not join it. */
  isLocked: boolean;
}

/** A service port that wants a listener. */
interface Claim {
  readonly service: Service;
  readonly servicePorts: readonly ServicePort[];
  /** The listener's port: the service's, or the Sidecar entry's. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly isHttpProxy: boolean;
  readonly bind: string;
  readonly bindsPort: boolean;
  readonly cidrs: readonly string[];
  readonly egress: EgressScope;
}

export function outboundListeners(
  scope: Scope,
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Listener>[] {
  return new OutboundListeners(scope, proxy, snapshot).build();
}

class OutboundListeners {
  readonly #scope: Scope;
  readonly #proxy: Proxy;
  readonly #snapshot: Snapshot;
  readonly #observation: Observation;
  readonly #entries = new Map<string, Entry>();

  constructor(scope: Scope, proxy: Proxy, snapshot: Snapshot) {
    this.#scope = scope;
    this.#proxy = proxy;
    this.#snapshot = snapshot;
    this.#observation = observationOf(proxy, meshOf(snapshot), "outbound");
  }

  build(): readonly Translated<Listener>[] {
    for (const egress of this.#scope.egress) {
      if (egress.port === undefined) {
        for (const entry of this.#entries.values()) entry.isLocked = true;
        this.#claimServicePorts(egress);
      } else this.#claimNamedPort(egress, egress.port.number, egress.port.protocol);
    }
    return [...this.#entries.values()].map((entry) => this.#finish(entry));
  }

  /** A Sidecar entry with a port: one listener there for all services that it imports. */
  #claimNamedPort(egress: EgressScope, port: number, protocol: string): void {
    const { bind, bindsPort } = this.#binding(egress);
    if (bindsPort && !this.#canBind(port)) return;
    for (const { service, ports } of egress.services) {
      this.#claim({
        service,
        servicePorts: ports,
        port,
        protocol: parseProtocol(protocol),
        isHttpProxy: isHttpProxyEntry(egress.spec),
        cidrs: [],
        egress,
        bind,
        bindsPort,
      });
    }
  }

  #claimServicePorts(egress: EgressScope): void {
    const { bind, bindsPort } = this.#binding(egress);
    for (const { service, ports } of egress.services) {
      for (const port of ports) {
        if (bindsPort && !this.#canBind(port.number)) continue;
        const claim: Claim = {
          service,
          servicePorts: ports,
          port: port.number,
          protocol: port.protocol,
          isHttpProxy: false,
          cidrs: [],
          egress,
          bind,
          bindsPort,
        };
        const instances = bind === "" ? this.#headlessAddresses(service, port) : [];
        if (instances.length === 0) this.#claim(claim);
        for (const address of instances) this.#claim({ ...claim, bind: address });
      }
    }
  }

  #canBind(port: number): boolean {
    return canBind(this.#proxy, port, meshOf(this.#snapshot).proxyHttpPort);
  }

  /** Where its listeners are, when that does not hang on the service: by the Sidecar entry, or by interception mode. */
  #binding({ spec, bind }: EgressScope): { readonly bind: string; readonly bindsPort: boolean } {
    const bindsPort =
      this.#proxy.interceptionMode === "NONE" || spec?.captureMode === CaptureMode.NONE;
    if (bind !== "") return { bind, bindsPort };
    return { bind: bindsPort ? LOCALHOST : "", bindsPort };
  }

  /**
   * TCP services without any address of their own whose instances are known: the instance's address is the only thing that
   * tells connections apart. The proxy's own instance is left out, its traffic is inbound.
   */
  #headlessAddresses(service: Service, port: ServicePort): readonly string[] {
    if (service.resolution !== "none" || service.addresses.length > 0) return [];
    if (isHttp(port.protocol)) return [];
    const addresses = this.#snapshot
      .endpoints(service, port)
      .map(({ address }) => address)
      .filter((address) => IS_IP.test(address) && !this.#proxy.ipAddresses.includes(address));
    return [...new Set(addresses)];
  }

  #claim(wanted: Claim): void {
    const kind = listenerProtocol(wanted.protocol);
    if (kind === "none") return;
    const claim = wanted.bind === "" ? withServiceAddress(wanted, kind === "http") : wanted;
    const key = listenerName(claim.bind, claim.port);
    const entry = this.#entries.get(key);
    if (entry?.isLocked) return;
    if (entry === undefined) {
      const sources = new Sources();
      const chains = this.#chainsOf(claim, kind, sources);
      const mode = modeOf(claim, kind);
      this.#entries.set(key, {
        bind: claim.bind,
        port: claim.port,
        bindsPort: claim.bindsPort,
        firstProtocol: claim.protocol,
        sources,
        mode,
        chains,
        isLocked: false,
      });
      this.#recordSources(claim, sources);
      return;
    }
    this.#join(entry, claim, kind);
  }

  /** Istio's table: equal HTTP needs nothing new, TCP adds chains that match something else, a mixture is sniffed. */
  #join(entry: Entry, claim: Claim, kind: "http" | "tcp" | "auto"): void {
    if (kind === "http" && entry.mode !== "tcp") return;
    if (kind === "auto" && entry.mode === "sniffed") return;
    if (!mayShare(entry.firstProtocol, claim.protocol)) return;
    if (kind === "auto" && entry.mode === "http") {
      // What was HTTP alone is now found out connection by connection.
      entry.chains = this.#chainsOf(claim, kind, entry.sources);
    } else {
      entry.chains = [...entry.chains, ...this.#chainsOf(claim, kind, entry.sources)];
    }
    if (kind !== "tcp" || entry.mode === "http") entry.mode = "sniffed";
    this.#recordSources(claim, entry.sources);
  }

  #recordSources({ service, protocol }: Claim, sources: Sources): void {
    // An HTTP listener looks the same for any services on its port: only its routes know them.
    if (!isHttp(protocol)) sources.service(service);
    if (this.#scope.sidecar !== undefined) sources.object(this.#scope.sidecar);
  }

  #chainsOf(claim: Claim, kind: "http" | "tcp" | "auto", sources: Sources): readonly Chain[] {
    if (claim.isHttpProxy) return [this.#httpChain(claim, false)];
    switch (kind) {
      case "http":
        // On the wildcard address TCP that nobody knows may come by as well.
        return [this.#httpChain(claim, claim.bind === WILDCARD_ADDRESS)];
      case "tcp":
        return this.#tcpChains(claim, sources);
      case "auto":
        return [...this.#tcpChains(claim, sources), this.#httpChain(claim, true)];
    }
  }

  #httpChain(claim: Claim, onlyHttp: boolean): Chain {
    const { service, port, protocol, bind } = claim;
    const isOwn = isSniffed(protocol) && bind !== WILDCARD_ADDRESS && !claim.isHttpProxy;
    const filter = httpConnectionManager({
      statPrefix: `outbound_${listenerName(bind, port)}`,
      route: { kind: "rds", name: isOwn ? hostWithPort(service.hostname, port) : String(port) },
      useRemoteAddress: false,
      isHttpProxy: claim.isHttpProxy,
      observation: this.#observation,
    });
    return chain(filter, { onlyHttp });
  }

  #tcpChains(claim: Claim, sources: Sources): readonly Chain[] {
    const { service, cidrs, egress } = claim;
    const context: ConnectionContext = {
      proxy: this.#proxy,
      snapshot: this.#snapshot,
      listenerPort: claim.port,
      gateway: MESH_GATEWAY,
      accessLogs: this.#observation.accessLogs,
      sources,
    };
    const virtualServices = egress.virtualServices.filter(({ hosts }) =>
      hosts.some((host) => hostsMatch(host, service.hostname)),
    );
    if (isTls(claim.protocol)) {
      const chains = tlsChains(virtualServices, cidrs, context);
      return chains.length > 0 ? chains : [this.#plainChain(claim, sources)];
    }
    const { chains, isComplete } = tcpChains(virtualServices, cidrs, context);
    return isComplete ? chains : [...chains, this.#plainChain(claim, sources)];
  }

  /** To the service itself, when no VirtualService says otherwise. */
  #plainChain(claim: Claim, sources: Sources): Chain {
    const { service, servicePorts, cidrs, bind } = claim;
    const [only, ...more] = servicePorts;
    const port = only !== undefined && more.length === 0 ? only.number : claim.port;
    const cluster = outboundCluster(port, "", service.hostname);
    const rule = ruleFor(service, this.#proxy, this.#snapshot);
    sources.destinationRule(rule);
    const filter = tcpProxy({
      statPrefix: cluster,
      targets: [{ cluster, weight: 1 }],
      rule,
      subset: "",
      accessLogs: this.#observation.accessLogs,
    });
    // Without an address that is the service's alone, only the server name tells it from others.
    const needsSni = isTls(claim.protocol) && (cidrs.length > 0 || bind === WILDCARD_ADDRESS);
    return chain(filter, { cidrs, sniHosts: needsSni ? [service.hostname] : [] });
  }

  #finish(entry: Entry): Translated<Listener> {
    const name = listenerName(entry.bind, entry.port);
    const unknown = this.#scope.unknownCluster ?? BLACK_HOLE_CLUSTER;
    const message = buildListener({
      name,
      bind: entry.bindsPort ? bindAddress(this.#proxy, entry.bind) : entry.bind,
      port: entry.port,
      direction: "outbound",
      bindsPort: entry.bindsPort,
      // The first to match something keeps it.
      chains: withoutOverlaps(entry.chains),
      fallthrough: tcpProxyTo(unknown, this.#observation.accessLogs),
    });
    return { name, message, sources: entry.sources.list() };
  }
}

const IS_IP = /^\d+\.\d+\.\d+\.\d+$|:/;

/** HTTP shares the wildcard address; TCP has the service's own, or the wildcard with the service's network to match. */
function withServiceAddress(claim: Claim, isHttpClaim: boolean): Claim {
  const [first] = claim.service.addresses;
  if (isHttpClaim || first === undefined) return { ...claim, bind: WILDCARD_ADDRESS };
  if (!first.includes("/")) return { ...claim, bind: first };
  return { ...claim, bind: WILDCARD_ADDRESS, cidrs: claim.service.addresses };
}

function modeOf(claim: Claim, kind: "http" | "tcp" | "auto"): Mode {
  if (claim.isHttpProxy) return "http";
  if (kind === "http") return claim.bind === WILDCARD_ADDRESS ? "sniffed" : "http";
  return kind === "tcp" ? "tcp" : "sniffed";
}

/** Servers of these speak first: an inspector in front would wait for ever. */
function mayShare(a: Protocol, b: Protocol): boolean {
  const isServerFirst = (protocol: Protocol): boolean =>
    protocol === "Mongo" || protocol === "MySQL";
  return a === b || !(isServerFirst(a) || isServerFirst(b));
}
