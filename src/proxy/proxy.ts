// The data plane put together: worker 0 with what only it has, the loader that feeds all workers and the admin interface. Ports
// come from outside; `sampan proxy` picks the real ones, tests and the simulator others.
import type { LogLevel } from "#base/log.ts";
import type { SocketAddress, SocketError } from "#base/net.ts";
import type { Timer } from "#base/timers.ts";
import type { XdsTransport } from "#xds/transport.ts";
import { createAccessLog } from "./access-log/access-log.ts";
import type { AdminState, ServerOptions, ServerState } from "./admin/admin-state.ts";
import { AdminListener } from "./admin-listener.ts";
import type { BootstrapConfig } from "./config/bootstrap-config.ts";
import { withUserAgent } from "./config/user-agent.ts";
import type { StreamLog } from "./http/connection-manager.ts";
import type { ListenerManager } from "./listener/listener-manager.ts";
import type { RouteStore } from "./route/route-store.ts";
import { SERVER } from "./stats/schema/server.ts";
import type { StatBlock } from "./stats/stat-block.ts";
import type { StatsStore } from "./stats/stats-store.ts";
import { parseStatsTags } from "./stats/stats-tags.ts";
import { TagExtractor } from "./stats/tag-extractor.ts";
import { TapSessions } from "./tap/tap-sessions.ts";
import type { ClusterManager } from "./upstream/cluster-manager.ts";
import { clustersOfAll, statsOfAll } from "./worker/all-workers.ts";
import { ProxyWorker, type WorkerPorts } from "./worker/proxy-worker.ts";
import { tellingDns } from "./worker/relayed-dns.ts";
import { replicateTargets } from "./worker/replicated-targets.ts";
import { WorkerGroup } from "./worker/worker-group.ts";
import { clusterGroup, listenerGroup, routeGroup } from "./xds-client/config-view.ts";
import { ResourceLoader } from "./xds-client/resource-loader.ts";

export interface ProxyPorts extends WorkerPorts {
  /** To the servers of the bootstrap's ads_config; undefined when it has none. */
  readonly xds: XdsTransport | undefined;
  readonly setLogLevel: (level: LogLevel) => void;
  readonly logLevel: () => LogLevel;
  /** Workers 1 and up, started; absent where worker 0 is the only one. */
  readonly workers?: WorkerGroup;
}

export interface ProxyOptions extends ServerOptions {
  readonly version: string;
  /** Several workers listen on the same ports. */
  readonly sharesPorts: boolean;
  /** Somebody asked the admin interface to end the process. */
  readonly onQuit: () => void;
}

export class Proxy {
  readonly stats: StatsStore;
  readonly clusters: ClusterManager;
  readonly routes: RouteStore;
  readonly listeners: ListenerManager;
  readonly loader: ResourceLoader;
  readonly #ports: ProxyPorts;
  readonly #options: ProxyOptions;
  readonly #bootstrap: BootstrapConfig;
  /** Worker 0. */
  readonly #worker: ProxyWorker;
  readonly #others: WorkerGroup;
  readonly #taps: TapSessions;
  readonly #serverStats: StatBlock<"server">;
  readonly #admin = new AdminListener();
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  #flush: Timer | undefined;
  /** All workers listen. */
  #isServing = false;

  constructor(bootstrap: BootstrapConfig, ports: ProxyPorts, options: ProxyOptions) {
    this.#bootstrap = withUserAgent(bootstrap, options.version);
    this.#ports = ports;
    this.#options = options;
    this.#startedMs = ports.clock.nowMs();
    this.#startedWallMs = ports.clock.wallMs();
    this.#others = ports.workers ?? new WorkerGroup([], ports);
    this.#worker = this.#createWorker();
    const { clusters, dispatcher, listeners, routes, stats, taps } = this.#worker;
    this.#taps = new TapSessions(taps, (order) => this.#others.broadcast(order));
    this.#others.listenToTaps(({ tapId, text, dropped }) =>
      dispatcher.run(() => this.#taps.handleTrace(tapId, text, dropped)),
    );
    this.stats = stats;
    this.clusters = clusters;
    this.routes = routes;
    this.listeners = listeners;
    this.#serverStats = stats.block("server.", SERVER);
    const own = { clusters, listeners, routes };
    this.loader = new ResourceLoader(
      this.#bootstrap,
      { ...ports, log: ports.log.child("config"), stats, loop: dispatcher, transport: ports.xds },
      this.#others.size === 0
        ? own
        : replicateTargets(own, (order) => this.#others.broadcast(order)),
    );
  }

  /** As /ready says it. */
  get state(): ServerState {
    if (this.#worker.isDraining || this.#worker.hasFailedHealthChecks) return "DRAINING";
    return this.#isServing ? "LIVE" : "INITIALIZING";
  }

  get adminAddress(): SocketAddress | undefined {
    return this.#admin.address;
  }

  /** Opens the admin listener and begins to load; returns why it cannot. Serving begins as listeners become ready. */
  start(): SocketError | undefined {
    const { admin, statsFlushIntervalMs } = this.#bootstrap;
    if (admin !== undefined) {
      const error = this.#admin.start(
        admin.address,
        this.#worker.net,
        this.#worker.http,
        this.#adminState(),
        this.#logs(admin.accessLogs),
      );
      if (error !== undefined) return error;
    }
    this.#worker.start();
    this.#flush = this.#ports.timers.every(statsFlushIntervalMs, () => this.#flushStats());
    this.loader.start();
    this.loader.whenReady(() =>
      this.#others.whenApplied(() => {
        this.#isServing = true;
      }),
    );
    this.#flushStats();
    return undefined;
  }

  /** Stops accepting and lets finish what runs, for at most `limitMs`; then ends everything, in all workers. */
  async drain(limitMs: number): Promise<void> {
    await Promise.all([this.#worker.drain(limitMs), this.#others.drain(limitMs)]);
    this.close();
  }

  /** Ends everything now, but for other workers, which end with the process. */
  close(): void {
    this.#flush?.cancel();
    this.loader.stop();
    this.#worker.dispatcher.run(() => this.#admin.close());
    this.#worker.close();
  }

  #createWorker(): ProxyWorker {
    const { dns } = this.#ports;
    const tell = tellingDns(dns, (hostname, resolution) =>
      this.#others.broadcast({ kind: "resolution", hostname, resolution }),
    );
    const { drainTimeMs, sharesPorts } = this.#options;
    return new ProxyWorker(
      { ...this.#ports, dns: this.#others.size === 0 ? dns : tell },
      {
        index: 0,
        workerCount: this.#others.size + 1,
        sharesPorts,
        drainTimeMs,
        statsFlushIntervalMs: this.#bootstrap.statsFlushIntervalMs,
      },
    );
  }

  #logs(configs: NonNullable<BootstrapConfig["admin"]>["accessLogs"]): readonly StreamLog[] {
    return configs.flatMap((config) => {
      const created = createAccessLog(config, this.#worker.accessLogs);
      if (created.kind === "parsed") return [created.value];
      this.#ports.log.error(created.message);
      return [];
    });
  }

  /** Every flush interval: gauges of the process are read. Those that a worker has of its own, it reads itself. */
  #flushStats(): void {
    const server = this.#serverStats;
    server.set(SERVER.live, this.state === "LIVE" ? 1 : 0);
    server.set(SERVER.state, STATE_NUMBERS[this.state]);
    server.set(SERVER.concurrency, this.#options.concurrency);
    server.set(SERVER.uptime, Math.floor((this.#ports.clock.nowMs() - this.#startedMs) / 1000));
    server.set(SERVER.memory_physical_size, this.#ports.memory().residentBytes);
  }

  #adminState(): AdminState {
    const { clusters, listeners, loader, routes, stats } = this;
    const { clock, memory } = this.#ports;
    const others = this.#others;
    const isAlone = others.size === 0;
    return {
      server: {
        version: this.#options.version,
        state: () => this.state,
        uptimeMs: () => clock.nowMs() - this.#startedMs,
        memory,
        options: this.#options,
      },
      stats: isAlone ? stats : statsOfAll(this.#worker, others),
      tags: this.#tags(),
      clusters: () => (isAlone ? clusters.clusters() : clustersOfAll(clusters.clusters(), others)),
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
      taps: this.#taps,
      ...(isAlone ? {} : { collect: (what, done) => others.collect(what, done) }),
    };
  }

  #tags(): TagExtractor {
    const { statsConfig } = this.#bootstrap.message;
    if (statsConfig === undefined) return new TagExtractor();
    const parsed = parseStatsTags(statsConfig);
    return parsed.kind === "parsed" ? parsed.value : new TagExtractor();
  }

  /** Whatever changes worker 0 changes the others too. */
  #adminActions(): AdminState["actions"] {
    const { logLevel, setLogLevel } = this.#ports;
    const others = this.#others;
    const setHealthChecksFailed = (hasFailed: boolean): void => {
      this.#worker.hasFailedHealthChecks = hasFailed;
      others.broadcast({ kind: "setHealthChecksFailed", hasFailed });
    };
    return {
      failHealthChecks: () => setHealthChecksFailed(true),
      passHealthChecks: () => setHealthChecksFailed(false),
      drainListeners: (options) => {
        others.broadcast({ kind: "drainListeners", options });
        this.#worker.drainListeners(options);
      },
      quit: () => this.#options.onQuit(),
      reopenLogs: () => {
        others.broadcast({ kind: "reopenLogs" });
        return this.#worker.accessLogs.sinks.reopen();
      },
      loggers: () => [{ name: "main", level: logLevel() }],
      setLogLevel: (level, logger) => {
        if (logger !== undefined && logger !== "main") return false;
        setLogLevel(level);
        others.broadcast({ kind: "setLogLevel", level });
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
