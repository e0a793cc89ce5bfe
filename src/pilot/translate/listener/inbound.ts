// Inbound listeners: one for each port that the sidecar opens itself, and `virtualInbound` for all intercepted ones.
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type ListenerFilter,
  type ListenerFilterChainMatchPredicate,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { isGrpc, listenerProtocol } from "../../model/protocol.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type InboundPort, inboundPortsOf } from "../inbound-port.ts";
import { meshOf } from "../mesh.ts";
import { address, NO_TIMEOUT } from "../messages.ts";
import {
  BLACK_HOLE_CLUSTER,
  INBOUND_PASSTHROUGH_CLUSTER,
  inboundCluster,
  listenerName,
  VIRTUAL_INBOUND,
  WILDCARD_ADDRESS,
} from "../names.ts";
import { inboundRoutes } from "../route/inbound.ts";
import { Sources, type Translated } from "../translated.ts";
import { bindAddress } from "./bind.ts";
import { buildListener, HTTP_INSPECTOR, ORIGINAL_DST } from "./build.ts";
import { type Chain, chain, filterChain } from "./chain.ts";
import { httpConnectionManager } from "./http-connection-manager.ts";
import { type Observation, observationOf } from "./observation.ts";
import { tcpProxyTo } from "./tcp-proxy.ts";

export function inboundListeners(
  proxy: Proxy,
  snapshot: Snapshot,
): readonly Translated<Listener>[] {
  const observation = observationOf(proxy, meshOf(snapshot), "inbound");
  const ports = inboundPortsOf(proxy, snapshot);
  const bound = ports
    .filter(({ bindsPort }) => bindsPort)
    .map((port) => boundListener(port, proxy, observation));
  if (proxy.interceptionMode === "NONE") return bound;
  const intercepted = ports.filter(({ bindsPort }) => !bindsPort);
  return [virtualInbound(intercepted, proxy, snapshot, observation), ...bound];
}

function boundListener(
  port: InboundPort,
  proxy: Proxy,
  observation: Observation,
): Translated<Listener> {
  const name = listenerName(port.bind, port.listenPort);
  const message = buildListener({
    name,
    bind: bindAddress(proxy, port.bind),
    port: port.listenPort,
    direction: "inbound",
    bindsPort: true,
    chains: chainsOf(port, observation, false),
    fallthrough: undefined,
  });
  return { name, message, sources: sourcesOf([port]) };
}

function chainsOf(port: InboundPort, observation: Observation, isShared: boolean): Chain[] {
  const name = listenerName(port.bind, port.listenPort);
  const destinationPort = isShared ? port.listenPort : undefined;
  const object = port.sidecar;
  const cluster = inboundCluster(port.clusterPort);
  const kind = listenerProtocol(port.protocol);
  const chains: Chain[] = [];
  if (kind === "http" || kind === "auto") {
    const filter = httpConnectionManager({
      statPrefix: `inbound_${name}`,
      route: { kind: "inline", config: routesOf(port, cluster) },
      useRemoteAddress: false,
      isHttpProxy: false,
      observation,
    });
    chains.push(chain(filter, { name, destinationPort, object, onlyHttp: kind === "auto" }));
  }
  if (kind === "tcp" || kind === "auto") {
    chains.push(
      chain(tcpProxyTo(cluster, observation.accessLogs), { name, destinationPort, object }),
    );
  }
  return chains;
}

function routesOf(port: InboundPort, cluster: string): ReturnType<typeof inboundRoutes> {
  const { service, sidecar, servicePort, protocol } = port;
  const hostname =
    service?.hostname ?? (sidecar === undefined ? "" : `${sidecar.name}.${sidecar.namespace}`);
  return inboundRoutes({ cluster, hostname, servicePort, isGrpc: isGrpc(protocol) });
}

/** All intercepted connections: to the ports that are known, and for the rest straight to where they were meant. */
function virtualInbound(
  ports: readonly InboundPort[],
  proxy: Proxy,
  snapshot: Snapshot,
  observation: Observation,
): Translated<Listener> {
  const { proxyInboundListenPort } = meshOf(snapshot);
  const chains = [
    ...catchAllChains(proxyInboundListenPort, observation),
    ...ports.flatMap((port) => chainsOf(port, observation, true)),
  ];
  const message = create(ListenerSchema, {
    name: VIRTUAL_INBOUND,
    address: address(bindAddress(proxy, WILDCARD_ADDRESS), proxyInboundListenPort),
    trafficDirection: TrafficDirection.INBOUND,
    transparent: proxy.interceptionMode === "TPROXY" ? true : undefined,
    filterChains: chains.map(filterChain),
    listenerFilters: [ORIGINAL_DST, inspectorExceptOn(notSniffed(ports, proxyInboundListenPort))],
    listenerFiltersTimeout: NO_TIMEOUT,
    continueOnListenerFiltersTimeout: true,
    maxConnectionsToAcceptPerSocketEvent: 1,
  });
  return { name: VIRTUAL_INBOUND, message, sources: sourcesOf(ports) };
}

function catchAllChains(listenPort: number, observation: Observation): Chain[] {
  const http = httpConnectionManager({
    statPrefix: INBOUND_PASSTHROUGH_CLUSTER,
    route: {
      kind: "inline",
      config: inboundRoutes({
        cluster: INBOUND_PASSTHROUGH_CLUSTER,
        hostname: "",
        servicePort: 0,
        isGrpc: false,
      }),
    },
    useRemoteAddress: false,
    isHttpProxy: false,
    observation,
  });
  return [
    // Straight to this port: passing it through would come back here, for ever.
    chain(tcpProxyTo(BLACK_HOLE_CLUSTER, observation.accessLogs), {
      name: `${VIRTUAL_INBOUND}-blackhole`,
      destinationPort: listenPort,
    }),
    chain(http, { name: `${VIRTUAL_INBOUND}-catchall-http`, onlyHttp: true }),
    chain(tcpProxyTo(INBOUND_PASSTHROUGH_CLUSTER, observation.accessLogs), {
      name: VIRTUAL_INBOUND,
    }),
  ];
}

function notSniffed(ports: readonly InboundPort[], listenPort: number): readonly number[] {
  const known = ports.filter(({ protocol }) => listenerProtocol(protocol) !== "auto");
  return [listenPort, ...known.map((port) => port.listenPort)];
}

/** The inspector waits for bytes from the client, which a client of a server-first protocol does not send. */
function inspectorExceptOn(ports: readonly number[]): ListenerFilter {
  const rules = ports.map((start) =>
    create(ListenerFilterChainMatchPredicateSchema, {
      rule: { case: "destinationPortRange", value: { start, end: start + 1 } },
    }),
  );
  return create(ListenerFilterSchema, { ...HTTP_INSPECTOR, filterDisabled: anyOf(rules) });
}

function anyOf(
  rules: readonly ListenerFilterChainMatchPredicate[],
): ListenerFilterChainMatchPredicate | undefined {
  const [only, ...more] = rules;
  if (more.length === 0) return only;
  return create(ListenerFilterChainMatchPredicateSchema, {
    rule: { case: "orMatch", value: { rules: [...rules] } },
  });
}

function sourcesOf(ports: readonly InboundPort[]): readonly string[] {
  const sources = new Sources();
  for (const { service, sidecar } of ports) {
    if (service !== undefined) sources.service(service);
    if (sidecar !== undefined) sources.object(sidecar);
  }
  return sources.list();
}
