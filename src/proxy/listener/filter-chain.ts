// A filter chain at run time: the network filter that serves its connections, made once and shared by all of them.
import type { Socket } from "#base/net.ts";
import { type AccessLogPorts, createAccessLog } from "../access-log/access-log.ts";
import type { AccessLogConfig } from "../config/access-log-config.ts";
import type {
  FilterChainConfig,
  FilterChainMatch,
  HttpConnectionManagerConfig,
  HttpFilterConfig,
  TcpProxyConfig,
} from "../config/listener-config.ts";
import { createFaultFactory } from "../filter/fault/fault-filter.ts";
import type { HttpFilterFactory } from "../filter/filter.ts";
import { createTapFactory } from "../filter/tap-filter.ts";
import {
  ConnectionManager,
  type DrainDecision,
  type HttpServices,
  type StreamLog,
} from "../http/connection-manager.ts";
import { ServerConnection } from "../http/server-connection.ts";
import type { ConnectionFacts } from "../http/stream-record.ts";
import { RouteSource, type RouteStore } from "../route/route-store.ts";
import { RouteTable } from "../route/route-table.ts";
import type { TapRegistry } from "../tap/tap-registry.ts";
import { TcpProxy, type TcpServices } from "../tcp/tcp-proxy.ts";
import type { ServedConnection, ServedConnectionOwner } from "./served-connection.ts";

/** What all filter chains of a worker share. */
export interface FilterChainServices {
  readonly http: HttpServices;
  readonly tcp: TcpServices;
  readonly routes: RouteStore;
  readonly accessLogs: AccessLogPorts;
  readonly taps: TapRegistry;
  readonly drain: DrainDecision;
}

export interface FilterChainOptions {
  /** `listener.<stat name>.` */
  readonly listenerStatPrefix: string;
  readonly bufferLimitBytes: number;
}

interface NetworkFilter {
  accept(socket: Socket, facts: ConnectionFacts, owner: ServedConnectionOwner): ServedConnection;
}

export class FilterChain {
  readonly config: FilterChainConfig;
  readonly match: FilterChainMatch;
  readonly connections: Set<ServedConnection> = new Set();
  readonly #filter: NetworkFilter;

  constructor(
    config: FilterChainConfig,
    services: FilterChainServices,
    options: FilterChainOptions,
  ) {
    this.config = config;
    this.match = config.match;
    const { filter } = config;
    this.#filter =
      filter.kind === "httpConnectionManager"
        ? httpFilter(filter.config, services, options)
        : tcpFilter(filter.config, services, options);
  }

  /** Serves a new connection; `owner` hears when it is gone. */
  accept(socket: Socket, facts: ConnectionFacts, owner: ServedConnectionOwner): ServedConnection {
    const connection = this.#filter.accept(socket, facts, {
      onConnectionClosed: (closed) => {
        this.connections.delete(closed);
        owner.onConnectionClosed(closed);
      },
    });
    this.connections.add(connection);
    return connection;
  }

  drain(closesIdle: boolean): void {
    for (const connection of this.connections) connection.drain(closesIdle);
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }
}

/** Files were opened when the configuration was accepted; one that fails now writes nowhere, and traffic goes on. */
function logsOf(configs: readonly AccessLogConfig[], ports: AccessLogPorts): readonly StreamLog[] {
  return configs.flatMap((config) => {
    const created = createAccessLog(config, ports);
    return created.kind === "parsed" ? [created.value] : [];
  });
}

function tcpFilter(
  config: TcpProxyConfig,
  services: FilterChainServices,
  { bufferLimitBytes }: FilterChainOptions,
): NetworkFilter {
  const logs = logsOf(config.accessLogs, services.accessLogs);
  return new TcpProxy({ services: services.tcp, config, logs, bufferLimitBytes });
}

function httpFilter(
  config: HttpConnectionManagerConfig,
  services: FilterChainServices,
  options: FilterChainOptions,
): NetworkFilter {
  const router = config.httpFilters.find((filter) => filter.kind === "router");
  const manager = new ConnectionManager({
    services: services.http,
    config,
    routes: routesOf(config, services),
    filters: config.httpFilters.flatMap((filter) => factoryOf(filter, config, services)),
    suppressEnvoyHeaders: router?.suppressEnvoyHeaders ?? false,
    logs: logsOf(config.accessLogs, services.accessLogs),
    drain: services.drain,
    ...options,
  });
  return {
    accept: (socket, facts, owner) => new ServerConnection(socket, manager, owner, facts),
  };
}

/** A configuration inside of the listener has a source of its own; one from RDS shares its name's. */
function routesOf(
  { route }: HttpConnectionManagerConfig,
  services: FilterChainServices,
): RouteSource {
  if (route.kind === "rds") return services.routes.source(route.name);
  const source = new RouteSource(route.config.name);
  source.table = new RouteTable(route.config, services.accessLogs.environment);
  return source;
}

function factoryOf(
  filter: HttpFilterConfig,
  config: HttpConnectionManagerConfig,
  services: FilterChainServices,
): readonly HttpFilterFactory[] {
  switch (filter.kind) {
    case "fault":
      return [createFaultFactory(filter.config, `http.${config.statPrefix}.fault.`, services.http)];
    case "tap": {
      const prefix = `http.${config.statPrefix}.tap.`;
      return [createTapFactory(filter.configId, prefix, services.http.stats, services.taps)];
    }
    case "cors": // without a policy on a route, which the parser refuses, it does nothing
    case "none":
    case "router": // the stream itself ends the chain with it
      return [];
  }
}
