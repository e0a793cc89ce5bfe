// The data plane put together: one worker with its event loop, clusters, routes, listeners, admin interface and the loader that
// feeds them. Ports come from outside; `sampan proxy` picks the real ones, tests and the simulator others.
import type { Clock } from "#base/clock.ts";
import type { Dns } from "#base/dns.ts";
import type { Files } from "#base/files.ts";
import type { Log, LogLevel } from "#base/log.ts";
import type { Net, SocketAddress, SocketError } from "#base/net.ts";
import type { Random } from "#base/random.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { XdsTransport } from "#xds/transport.ts";
import { createAccessLog } from "./access-log/access-log.ts";
import { LogSinks } from "./access-log/log-sinks.ts";
import type { FormatEnvironment } from "./access-log/operator.ts";
import type { AdminState, MemoryView, ServerOptions, ServerState } from "./admin/admin-state.ts";
import { AdminListener } from "./admin-listener.ts";
import type { BootstrapConfig } from "./config/bootstrap-config.ts";
import { Dispatcher } from "./dispatcher.ts";
import { HttpPoolKind } from "./http/client-connection.ts";
import type { HttpServices, StreamLog } from "./http/connection-manager.ts";
import { ListenerManager } from "./listener/listener-manager.ts";
import { RouteStore } from "./route/route-store.ts";
import { ASYNC_CLIENT } from "./stats/schema/async-client.ts";
import { FILESYSTEM } from "./stats/schema/filesystem.ts";
import { SERVER } from "./stats/schema/server.ts";
import type { StatBlock } from "./stats/stat-block.ts";
import { StatsStore } from "./stats/stats-store.ts";
import { parseStatsTags } from "./stats/stats-tags.ts";
import { TagExtractor } from "./stats/tag-extractor.ts";
import { TcpPoolKind } from "./tcp/tcp-client-connection.ts";
import { ClusterManager } from "./upstream/cluster-manager.ts";
import { clusterGroup, listenerGroup, routeGroup } from "./xds-client/config-view.ts";
import { ResourceLoader } from "./xds-client/resource-loader.ts";

export interface ProxyPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly net: Net;
  readonly dns: Dns;
  readonly files: Files;
  readonly log: Log;
  /** To the servers of the bootstrap's ads_config; undefined when it has none. */
  readonly xds: XdsTransport | undefined;
  /** For %HOSTNAME% and %ENVIRONMENT(X)%. */
  readonly environment: Pick<FormatEnvironment, "hostname" | "environment">;
  readonly memory: () => MemoryView;
  readonly setLogLevel: (level: LogLevel) => void;
  readonly logLevel: () => LogLevel;
}

export interface ProxyOptions extends ServerOptions {
  readonly version: string;
  /** Several workers listen on the same ports. */
  readonly sharesPorts: boolean;
  /** Somebody asked the admin interface to end the process. */
  readonly onQuit: () => void;
}

/** How often a drain looks whether everything is finished. */
const DRAIN_POLL_MS = 20;

export class Proxy {
  readonly stats: StatsStore = new StatsStore();
  readonly clusters: ClusterManager;
  readonly routes: RouteStore;
  readonly listeners: ListenerManager;
  readonly loader: ResourceLoader;
  readonly #ports: ProxyPorts;
  readonly #options: ProxyOptions;
  readonly #bootstrap: BootstrapConfig;
  readonly #dispatcher: Dispatcher;
  readonly #sinks: LogSinks;
  readonly #environment: FormatEnvironment;
  readonly #http: HttpServices;
  readonly #serverStats: StatBlock<"server">;
  readonly #admin = new AdminListener();
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  #flush: Timer | undefined;
  #hasFailedHealthChecks = false;
  #isDraining = false;

  constructor(bootstrap: BootstrapConfig, ports: ProxyPorts, options: ProxyOptions) {
    this.#bootstrap = bootstrap;
    this.#ports = ports;
    this.#options = options;
    this.#startedMs = ports.clock.nowMs();
    this.#startedWallMs = ports.clock.wallMs();
    const dispatcher = new Dispatcher(ports);
    const { stats } = this;
    this.#dispatcher = dispatcher;
    this.#sinks = new LogSinks({
      files: ports.files,
      timers: ports.timers,
      stats: stats.block("filesystem.", FILESYSTEM),
    });
    this.#environment = {
      ...ports.environment,
      wallMs: () => ports.clock.wallMs(),
      random: ports.random,
    };
    this.#serverStats = stats.block("server.", SERVER);
    this.clusters = new ClusterManager({
      loop: dispatcher,
      dns: ports.dns,
      stats,
      log: ports.log.child("upstream"),
    });
    this.routes = new RouteStore(this.#environment);
    this.#http = {
      dispatcher,
      clusters: this.clusters,
      poolKind: new HttpPoolKind(dispatcher, ports.net),
      stats,
      asyncClientStats: stats.block("http.async-client.", ASYNC_CLIENT),
    };
    this.listeners = this.#createListeners();
    this.loader = new ResourceLoader(
      bootstrap,
      { ...ports, log: ports.log.child("config"), stats, loop: dispatcher, transport: ports.xds },
      { clusters: this.clusters, listeners: this.listeners, routes: this.routes },
    );
  }

  /** As /ready says it. */
  get state(): ServerState {
    if (this.#isDraining || this.#hasFailedHealthChecks) return "DRAINING";
    return this.loader.isReady ? "LIVE" : "INITIALIZING";
  }

  get adminAddress(): SocketAddress | undefined {
    return this.#admin.address;
  }

  /** Opens the admin listener and begins to load; returns why it cannot. Serving begins as listeners become ready. */
  start(): SocketError | undefined {
    const { admin, statsFlushIntervalMs } = this.#bootstrap;
    if (admin !== undefined) {
      const logs = this.#logs(admin.accessLogs);
      const error = this.#admin.start(
        admin.address,
        this.#ports.net,
        this.#http,
        this.#adminState(),
        logs,
      );
      if (error !== undefined) return error;
    }
    this.#flush = this.#ports.timers.every(statsFlushIntervalMs, () => this.#flushStats());
    this.#flushStats();
    this.loader.start();
    return undefined;
  }

  /** Stops accepting and lets finish what runs, for at most `limitMs`; then ends everything. */
  drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    this.#dispatcher.run(() => this.listeners.drainAll(true));
    const { clock, timers } = this.#ports;
    const untilMs = clock.nowMs() + limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.listeners.connectionCount > 0 && clock.nowMs() < untilMs) {
          timers.after(DRAIN_POLL_MS, look);
          return;
        }
        this.close();
        resolve();
      };
      look();
    });
  }

  /** Ends everything now. */
  close(): void {
    this.#flush?.cancel();
    this.loader.stop();
    this.#dispatcher.run(() => {
      this.listeners.close();
      this.clusters.close();
      this.#admin.close();
    });
    this.#dispatcher.wheel.close();
    this.#sinks.close();
  }

  #createListeners(): ListenerManager {
    const { net } = this.#ports;
    const dispatcher = this.#dispatcher;
    const { stats, clusters } = this;
    return new ListenerManager({
      net,
      dispatcher,
      stats,
      sharesPorts: this.#options.sharesPorts,
      drainTimeMs: this.#options.drainTimeMs,
      services: {
        http: this.#http,
        tcp: { dispatcher, clusters, stats, poolKind: new TcpPoolKind(dispatcher, net) },
        routes: this.routes,
        accessLogs: { sinks: this.#sinks, environment: this.#environment },
        drain: { shouldClose: () => this.#isDraining || this.#hasFailedHealthChecks },
      },
    });
  }

  #logs(configs: NonNullable<BootstrapConfig["admin"]>["accessLogs"]): readonly StreamLog[] {
    const ports = { sinks: this.#sinks, environment: this.#environment };
    return configs.flatMap((config) => {
      const created = createAccessLog(config, ports);
      if (created.kind === "parsed") return [created.value];
      this.#ports.log.error(created.message);
      return [];
    });
  }

  /** Every flush interval: histograms begin a new interval, and gauges of the process are read. */
  #flushStats(): void {
    this.stats.rotateHistograms();
    const server = this.#serverStats;
    const memory = this.#ports.memory();
    server.set(SERVER.live, this.state === "LIVE" ? 1 : 0);
    server.set(SERVER.state, STATE_NUMBERS[this.state]);
    server.set(SERVER.concurrency, this.#options.concurrency);
    server.set(SERVER.uptime, Math.floor((this.#ports.clock.nowMs() - this.#startedMs) / 1000));
    server.set(SERVER.total_connections, this.listeners.connectionCount);
    server.set(SERVER.memory_allocated, memory.usedHeapBytes);
    server.set(SERVER.memory_heap_size, memory.totalHeapBytes);
    server.set(SERVER.memory_physical_size, memory.residentBytes);
  }

  #adminState(): AdminState {
    const { clusters, listeners, loader, routes, stats } = this;
    const { clock, memory } = this.#ports;
    return {
      server: {
        version: this.#options.version,
        state: () => this.state,
        uptimeMs: () => clock.nowMs() - this.#startedMs,
        memory,
        options: this.#options,
      },
      stats,
      tags: this.#tags(),
      clusters: () => clusters.clusters(),
      warming: () => ({
        clusters: clusters.warmingClusters().map(({ name }) => name),
        listeners: [...loader.listeners.warming].map(({ config }) => config.name),
      }),
      listeners: () =>
        listeners.list().map(({ config, address }) => ({ name: config.name, address })),
      config: {
        bootstrap: this.#bootstrap.message,
        bootstrapLoadedMs: this.#startedWallMs,
        clusters: () => clusterGroup(loader, clusters),
        listeners: () => listenerGroup(loader),
        routes: () => routeGroup(loader, routes),
      },
      actions: this.#adminActions(),
    };
  }

  #tags(): TagExtractor {
    const { statsConfig } = this.#bootstrap.message;
    if (statsConfig === undefined) return new TagExtractor();
    const parsed = parseStatsTags(statsConfig);
    return parsed.kind === "parsed" ? parsed.value : new TagExtractor();
  }

  #adminActions(): AdminState["actions"] {
    const { logLevel, setLogLevel } = this.#ports;
    return {
      failHealthChecks: () => {
        this.#hasFailedHealthChecks = true;
      },
      passHealthChecks: () => {
        this.#hasFailedHealthChecks = false;
      },
      drainListeners: ({ isGraceful, inboundOnly, skipExit }) => {
        if (skipExit) return;
        this.listeners.drainAll(
          !isGraceful,
          (config) => !inboundOnly || config.trafficDirection === "inbound",
        );
      },
      quit: () => this.#options.onQuit(),
      reopenLogs: () => this.#sinks.reopen(),
      loggers: () => [{ name: "main", level: logLevel() }],
      setLogLevel: (level, logger) => {
        if (logger !== undefined && logger !== "main") return false;
        setLogLevel(level);
        return true;
      },
    };
  }
}

/** envoy.admin.v3.ServerInfo.State */
const STATE_NUMBERS: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};
