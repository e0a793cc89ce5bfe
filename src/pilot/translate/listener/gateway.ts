// Listeners of a router: one for each address and port of the Gateways that select it.
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { hostsMatch } from "../../model/hostname.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import {
  endsTls,
  type GatewayListener,
  type GatewayServer,
  gatewayListeners,
  isServable,
} from "../gateway-servers.ts";
import { meshOf } from "../mesh.ts";
import { listenerName, WILDCARD_ADDRESS } from "../names.ts";
import { Sources, type Translated } from "../translated.ts";
import { type ResolvedVirtualService, resolved } from "../virtual-service.ts";
import { bindAddress } from "./bind.ts";
import { buildListener } from "./build.ts";
import { type Chain, chain, withoutOverlaps } from "./chain.ts";
import { downstreamTls } from "./downstream-tls.ts";
import { httpConnectionManager } from "./http-connection-manager.ts";
import { type Observation, observationOf } from "./observation.ts";
import { type ConnectionContext, isMeant, routeFilter, tlsChains } from "./tcp-route.ts";

export function routerListeners(proxy: Proxy, snapshot: Snapshot): readonly Translated<Listener>[] {
  const builder = new RouterListeners(proxy, snapshot);
  return gatewayListeners(proxy, snapshot).flatMap((listener) => {
    const translated = builder.listener(listener);
    return translated === undefined ? [] : [translated];
  });
}

class RouterListeners {
  readonly #proxy: Proxy;
  readonly #snapshot: Snapshot;
  readonly #observation: Observation;
  readonly #virtualServices: readonly ResolvedVirtualService[];

  constructor(proxy: Proxy, snapshot: Snapshot) {
    this.#proxy = proxy;
    this.#snapshot = snapshot;
    this.#observation = observationOf(proxy, meshOf(snapshot), "outbound");
    this.#virtualServices = snapshot.virtualServicesFor(proxy.namespace).map(resolved);
  }

  /** undefined when nothing can be served there: a TCP server that no VirtualService speaks about. */
  listener(listener: GatewayListener): Translated<Listener> | undefined {
    const { port, bind, servers, isPlainHttp } = listener;
    const named = bind === "" ? WILDCARD_ADDRESS : bind;
    const name = listenerName(named, port);
    const sources = new Sources();
    const servable = servers.filter(isServable);
    for (const { gateway } of servable) sources.object(gateway);
    const chains = isPlainHttp
      ? servable.slice(0, 1).map((server) => this.#httpChain(server, name))
      : withoutOverlaps(
          servable.flatMap((server) => this.#connectionChains(server, name, sources)),
        );
    if (chains.length === 0) return undefined;
    const message = buildListener({
      name,
      // A server that names its address means it.
      bind: bind === "" ? bindAddress(this.#proxy, named) : bind,
      port,
      direction: "outbound",
      bindsPort: true,
      chains,
      fallthrough: undefined,
    });
    // Behind a gateway nobody speaks before the client does.
    message.listenerFiltersTimeout = undefined;
    message.continueOnListenerFiltersTimeout = false;
    return { name, message, sources: sources.list() };
  }

  #httpChain(server: GatewayServer, listener: string): Chain {
    const { tls } = server.server;
    const filter = httpConnectionManager({
      statPrefix: `outbound_${listener}`,
      route: { kind: "rds", name: server.routeName ?? "" },
      useRemoteAddress: true,
      isHttpProxy: false,
      observation: this.#observation,
    });
    if (tls === undefined || !endsTls(server)) return chain(filter);
    const sniHosts = server.hosts.map(({ host }) => host);
    return chain(filter, { sniHosts, transportSocket: downstreamTls(tls) });
  }

  #connectionChains(server: GatewayServer, listener: string, sources: Sources): readonly Chain[] {
    if (server.routeName !== undefined) return [this.#httpChain(server, listener)];
    const context: ConnectionContext = {
      proxy: this.#proxy,
      snapshot: this.#snapshot,
      listenerPort: server.port,
      gateway: server.gatewayName,
      accessLogs: this.#observation.accessLogs,
      sources,
    };
    const attached = this.#virtualServices.filter((candidate) => isAttached(candidate, server));
    const { tls } = server.server;
    if (tls !== undefined && !endsTls(server)) return tlsChains(attached, [], context);
    return tcpChain(attached, server, context);
  }
}

/** The first tcp route that is meant for this port takes all of it. */
function tcpChain(
  virtualServices: readonly ResolvedVirtualService[],
  server: GatewayServer,
  context: ConnectionContext,
): readonly Chain[] {
  const { tls } = server.server;
  for (const virtualService of virtualServices) {
    const { object } = virtualService;
    for (const { match, route } of virtualService.spec.tcp) {
      const isForPort =
        match.length === 0 || match.some((one) => isMeant(one, virtualService, context));
      if (route.length === 0 || !isForPort) continue;
      context.sources.object(object);
      const filter = routeFilter(route, virtualService, context);
      if (tls === undefined) return [chain(filter, { object })];
      const sniHosts = server.hosts.map(({ host }) => host);
      return [chain(filter, { object, sniHosts, transportSocket: downstreamTls(tls) })];
    }
  }
  return [];
}

function isAttached(
  { object, gateways, hosts }: ResolvedVirtualService,
  server: GatewayServer,
): boolean {
  if (!gateways.has(server.gatewayName)) return false;
  return server.hosts.some(
    ({ namespace, host }) =>
      (namespace === "*" || namespace === object.namespace) &&
      hosts.some((name) => hostsMatch(host, name)),
  );
}
