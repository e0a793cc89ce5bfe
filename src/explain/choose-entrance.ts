// Which listener and filter chain serve a request, and why: by name, by address, or as HTTP proxy.
import { isIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { SocketAddress } from "#base/net.ts";
import type { FilterChainConfig, ListenerConfig } from "#proxy/config/listener-config.ts";
import { filterMetadata } from "#proxy/config/values.ts";
import { type ChainFacts, findFilterChain } from "#proxy/listener/filter-chain-match.ts";
import { hostWithoutPort } from "#proxy/route/host-port.ts";
import { addressText } from "./address-text.ts";
import { parseClusterName } from "./cluster-name.ts";
import type { ExplainedRequest, Outcome, Step } from "./explanation.ts";
import { optionalOrigin, originOf } from "./origin.ts";
import type { ReadConfiguration } from "./read-configuration.ts";

/** Istio's name for the routes of its HTTP proxy listener. */
const HTTP_PROXY_ROUTES = "http_proxy";

export interface Arrived {
  readonly kind: "arrived";
  readonly listener: ListenerConfig;
  readonly chain: FilterChainConfig;
  /** Where the client means to go: an address, or the name that stands for one. */
  readonly destination: SocketAddress;
  readonly isTls: boolean;
  /** Said as a target in absolute form. */
  readonly isProxied: boolean;
  readonly steps: readonly Step[];
}

export type Arrival =
  | Arrived
  | { readonly kind: "stopped"; readonly steps: readonly Step[]; readonly outcome: Outcome };

interface Chosen {
  readonly listener: ListenerConfig;
  readonly why: string;
  readonly destination: SocketAddress;
}

export function chooseEntrance(read: ReadConfiguration, request: ExplainedRequest): Arrival {
  const chosen = chooseListener(read, request);
  if (typeof chosen === "string") return refused(chosen);
  const { listener, destination } = chosen;
  const isProxied = request.entrance.kind === "httpProxy";
  const facts = factsOf(listener, destination, request, isProxied);
  const chain = findFilterChain(listener.filterChains, facts) ?? listener.defaultFilterChain;
  const detail = `${listener.name} on ${addressText(listener.address)}${chosen.why}`;
  if (chain === undefined) {
    const step: Step = { mark: "stopped", title: "Listener", detail };
    const because = `no filter chain of listener ${listener.name} is for this connection`;
    return {
      kind: "stopped",
      steps: [step, { mark: "stopped", title: "Filter chain", detail: because }],
      outcome: { odds: 1, kind: "reset", because, responseFlags: "NR" },
    };
  }
  const isTls = facts.transportProtocol === "tls";
  const isPlain = request.scheme === "https" && !isTls && readsPlainText(listener, chain);
  const steps: Step[] = [
    isPlain
      ? { mark: "note", title: "Listener", detail, facts: [plainFact(isProxied)] }
      : { mark: "passed", title: "Listener", detail },
  ];
  if (listener.filterChains.length > 1) steps.push(chainStep(listener, chain));
  return { kind: "arrived", listener, chain, destination, isTls, isProxied, steps };
}

/** Whether it reads requests from what comes as it comes. */
function readsPlainText(listener: ListenerConfig, chain: FilterChainConfig): boolean {
  return (
    chain.filter.kind === "httpConnectionManager" &&
    messageOf(listener, chain)?.transportSocket === undefined
  );
}

const messageOf = ({ message, filterChains }: ListenerConfig, chain: FilterChainConfig) =>
  message.filterChains[filterChains.indexOf(chain)] ?? message.defaultFilterChain;

const plainFact = (isProxied: boolean): string =>
  isProxied
    ? "explained as plain http: for https a client asks an HTTP proxy for a tunnel (CONNECT), and what is in it is not seen"
    : "explained as plain http: no TLS is ended here, and a client that begins with it fails";

function refused(because: string): Arrival {
  return {
    kind: "stopped",
    steps: [{ mark: "stopped", title: "Listener", detail: because }],
    outcome: { odds: 1, kind: "reset", because },
  };
}

function chainStep(listener: ListenerConfig, chain: FilterChainConfig): Step {
  const message = messageOf(listener, chain);
  const name = chain.name === "" ? "" : `${chain.name}: `;
  const count = `one of ${listener.filterChains.length}`;
  return {
    mark: "passed",
    title: "Filter chain",
    detail: `${name}${matchText(chain)} (${count})`,
    ...optionalOrigin(originOf(filterMetadata(message?.metadata))),
  };
}

function matchText({ match }: FilterChainConfig): string {
  const parts: string[] = [];
  if (match.destinationPort !== undefined) parts.push(`port ${match.destinationPort}`);
  if (match.prefixRanges.length > 0) {
    parts.push(match.prefixRanges.map(({ address, length }) => `${address}/${length}`).join(", "));
  }
  if (match.serverNames.length > 0) parts.push(`server name ${match.serverNames.join(", ")}`);
  if (match.transportProtocol !== "") parts.push(match.transportProtocol);
  if (match.applicationProtocols.length > 0) parts.push(match.applicationProtocols.join(", "));
  return parts.length === 0 ? "for every connection" : `for ${parts.join(" and ")}`;
}

/** The listener, or why there is none. */
function chooseListener(
  read: ReadConfiguration,
  { entrance, authority }: ExplainedRequest,
): Chosen | string {
  const listeners = read.listeners.map(({ value }) => value);
  if (listeners.length === 0) return "the proxy has no listeners";
  switch (entrance.kind) {
    case "httpProxy": {
      const listener = listeners.find(isHttpProxy);
      if (listener === undefined) return "no listener serves as HTTP proxy";
      return { listener, why: ", as HTTP proxy", destination: listener.address };
    }
    case "listener": {
      const listener = listeners.find(({ name }) => name === entrance.name);
      if (listener !== undefined) return { listener, why: "", destination: listener.address };
      const near = nearest(
        entrance.name,
        listeners.map(({ name }) => name),
      );
      const hint = near === undefined ? "" : `; did you mean ${near}?`;
      return `there is no listener ${quoted(entrance.name)}${hint}`;
    }
    case "address":
      return isIp(entrance.host)
        ? byAddress(listeners, entrance)
        : byName(read, listeners, entrance, authority);
  }
}

/** Whether it is the listener that programs use as their HTTP proxy. */
export function isHttpProxy({ filterChains, defaultFilterChain }: ListenerConfig): boolean {
  return [...filterChains, defaultFilterChain].some(
    (chain) => chain !== undefined && routeName(chain) === HTTP_PROXY_ROUTES,
  );
}

function routeName({ filter }: FilterChainConfig): string | undefined {
  if (filter.kind !== "httpConnectionManager") return undefined;
  const { route } = filter.config;
  return route.kind === "rds" ? route.name : route.config.name;
}

const ANY = new Set(["0.0.0.0", "::"]);

/** Exactly that address, else any address of that port; intercepted traffic also by listeners that open no socket. */
function byAddress(
  listeners: readonly ListenerConfig[],
  { host, port }: SocketAddress,
): Chosen | string {
  const destination = { host, port };
  const interceptor = listeners.find(interceptsOutbound);
  const open = listeners.filter(
    ({ bindToPort, address }) => address.port === port && (bindToPort || interceptor !== undefined),
  );
  const exact = open.find(({ address }) => address.host === host);
  if (exact !== undefined) return { listener: exact, why: "", destination };
  const any = open.find(({ address }) => ANY.has(address.host));
  if (any !== undefined) return { listener: any, why: ", for any address", destination };
  if (interceptor !== undefined) {
    return { listener: interceptor, why: ", which intercepts what no other is for", destination };
  }
  return nobodyAt(listeners, addressText({ host, port }));
}

/** Takes connections to other addresses and hands them to the listener that they are meant for. */
function interceptsOutbound({ message, trafficDirection }: ListenerConfig): boolean {
  return message.useOriginalDst === true && trafficDirection !== "inbound";
}

function nobodyAt(listeners: readonly ListenerConfig[], wanted: string): string {
  const open = listeners.filter(({ bindToPort }) => bindToPort);
  const names = open.map(({ address }) => addressText(address));
  const near = nearest(wanted, names);
  const hint = near === undefined ? `it listens on ${listed(names)}` : `did you mean ${near}?`;
  return `nothing listens on ${wanted}; ${hint}`;
}

/** More would not help a person who has mistyped one. */
const MAX_NAMES = 8;

function listed(names: readonly string[]): string {
  const shown = [...new Set(names)];
  return `${shown.slice(0, MAX_NAMES).join(", ")}${shown.length > MAX_NAMES ? ", …" : ""}`;
}

/** A name stands for the address whose listener serves it: the one that routes to a service of that name, else any. */
function byName(
  read: ReadConfiguration,
  listeners: readonly ListenerConfig[],
  { host, port }: SocketAddress,
  authority: string,
): Chosen | string {
  const isUsable = ({ bindToPort }: ListenerConfig): boolean =>
    bindToPort || listeners.some(interceptsOutbound);
  const onPort = listeners.filter(
    (listener) =>
      listener.address.port === port &&
      listener.trafficDirection !== "inbound" &&
      isUsable(listener),
  );
  const serving =
    onPort.find((listener) => serves(read, listener, host, authority)) ??
    onPort.find(({ address }) => ANY.has(address.host)) ??
    (onPort.length === 1 && !namesOneService(read, onPort[0] as ListenerConfig)
      ? onPort[0]
      : undefined);
  if (serving !== undefined) {
    const { address } = serving;
    // Which address the name stands for is not known here.
    const destination = ANY.has(address.host) ? { host, port } : address;
    return { listener: serving, why: `, for ${host}`, destination };
  }
  const interceptor = listeners.find(interceptsOutbound);
  if (interceptor !== undefined) {
    const destination = { host, port };
    return { listener: interceptor, why: ", which intercepts what no other is for", destination };
  }
  return unknownName(read, listeners, host, port);
}

function unknownName(
  read: ReadConfiguration,
  listeners: readonly ListenerConfig[],
  host: string,
  port: number,
): string {
  const names = listeners.flatMap((listener) => servedHosts(read, listener));
  const short = names.map((name) => name.replace(/\..*:/, ":"));
  const near = nearest(`${host}:${port}`, [...short, ...names]);
  const hint = near === undefined ? `; it serves ${listed(short)}` : `; did you mean ${near}?`;
  return `no listener of this proxy is for ${quoted(`${host}:${port}`)}${names.length === 0 ? "" : hint}`;
}

function serves(
  read: ReadConfiguration,
  listener: ListenerConfig,
  host: string,
  authority: string,
): boolean {
  const wanted = hostWithoutPort(host.toLowerCase());
  const isMeant = (name: string): boolean => {
    const served = hostWithoutPort(name);
    return served === wanted || served.startsWith(`${wanted}.`);
  };
  const tables = tablesOf(read, listener);
  const isNamed = tables.some((table) =>
    table.config.virtualHosts.some(({ domains }) =>
      domains.some((domain) => domain === authority.toLowerCase() || domain === wanted),
    ),
  );
  return isNamed || servedHosts(read, listener).some(isMeant);
}

/** `reviews.default.svc.cluster.local:9080`: what a listener of one service is for, as virtual hosts and clusters name it. */
function servedHosts(read: ReadConfiguration, listener: ListenerConfig): string[] {
  const hosts = tablesOf(read, listener).flatMap(({ config }) =>
    config.virtualHosts.map(({ name }) => name),
  );
  const tcp = chainsOf(listener).flatMap(({ filter }) =>
    filter.kind === "tcpProxy" ? filter.config.clusters.map(({ name }) => name) : [],
  );
  const named = tcp.flatMap((name) => {
    const parsed = parseClusterName(name);
    return parsed === undefined ? [] : [`${parsed.hostname}:${parsed.port}`];
  });
  return [...hosts, ...named];
}

/** Its address stands for one service only, so that another name does not lead there. */
function namesOneService(read: ReadConfiguration, listener: ListenerConfig): boolean {
  return servedHosts(read, listener).length === 1;
}

const chainsOf = ({ filterChains, defaultFilterChain }: ListenerConfig): FilterChainConfig[] =>
  defaultFilterChain === undefined ? [...filterChains] : [...filterChains, defaultFilterChain];

function tablesOf(read: ReadConfiguration, listener: ListenerConfig) {
  return chainsOf(listener).flatMap((chain) => {
    const table = read.route(routeName(chain) ?? "")?.value;
    return table === undefined ? [] : [table];
  });
}

/** What the listener's inspectors find out about the connection. */
function factsOf(
  { listenerFilters, filterChains }: ListenerConfig,
  destination: SocketAddress,
  { scheme, authority }: ExplainedRequest,
  isProxied: boolean,
): ChainFacts {
  const endsTls = filterChains.some(({ match }) => match.transportProtocol === "tls");
  const speaksTls = scheme === "https" && !isProxied && (listenerFilters.tlsInspector || endsTls);
  if (speaksTls) {
    const serverName = hostWithoutPort(authority).toLowerCase();
    const applicationProtocols = ["h2", "http/1.1"];
    return { destination, serverName, transportProtocol: "tls", applicationProtocols };
  }
  const applicationProtocols = listenerFilters.httpInspector ? ["http/1.1"] : [];
  return {
    destination,
    serverName: undefined,
    transportProtocol: "raw_buffer",
    applicationProtocols,
  };
}

/** What an ORIGINAL_DST cluster sends to: only a listener that restores where an intercepted connection was meant to go knows it. */
export function knownDestination({ listener, destination }: Arrived): string | undefined {
  const { listenerFilters, bindToPort, message } = listener;
  const isKnown = listenerFilters.originalDst || !bindToPort || message.useOriginalDst === true;
  return isKnown ? addressText(destination) : undefined;
}
