// One worker: an event loop with its own clusters, connection pools, routes and listeners. It is told what to serve; by whom
// (the loader of worker 0, or messages from it) it does not know.
import type { Clock } from "#base/clock.ts";
import type { Dns } from "#base/dns.ts";
import type { Files } from "#base/files.ts";
import type { Log } from "#base/log.ts";
import type { Net } from "#base/net.ts";
import type { Random } from "#base/random.ts";
import type { Timer, Timers } from "#base/timers.ts";
import { LogSinks } from "../access-log/log-sinks.ts";
import type { FormatEnvironment } from "../access-log/operator.ts";
import type { DrainOptions, MemoryView } from "../admin/admin-state.ts";
import { type DispatchedNet, dispatchedNet } from "../dispatched-net.ts";
import { Dispatcher } from "../dispatcher.ts";
import { HttpPoolKind } from "../http/client-connection.ts";
import type { HttpServices } from "../http/connection-manager.ts";
import { ListenerManager } from "../listener/listener-manager.ts";
import { RouteStore } from "../route/route-store.ts";
import { ASYNC_CLIENT } from "../stats/schema/async-client.ts";
import { FILESYSTEM } from "../stats/schema/filesystem.ts";
import { SERVER } from "../stats/schema/server.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsReport } from "../stats/stats-report.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { TapRegistry } from "../tap/tap-registry.ts";
import { TcpPoolKind } from "../tcp/tcp-client-connection.ts";
import { ClusterManager } from "../upstream/cluster-manager.ts";

export interface WorkerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly net: Net;
  readonly dns: Dns;
  readonly files: Files;
  readonly log: Log;
  /** For %HOSTNAME% and %ENVIRONMENT(X)%. */
  readonly environment: Pick<FormatEnvironment, "hostname" | "environment">;
  /** The heap is this worker's own, the resident memory that of the process. */
  readonly memory: () => MemoryView;
}

export interface WorkerSettings {
  /** 0 … workerCount - 1; worker 0 runs in the main thread. */
  readonly index: number;
  readonly workerCount: number;
  /** Listen with SO_REUSEPORT. */
  readonly sharesPorts: boolean;
  readonly drainTimeMs: number;
  readonly statsFlushIntervalMs: number;
}

/** How often a drain looks whether everything is finished. */
const DRAIN_POLL_MS = 20;

export class ProxyWorker {
  readonly stats: StatsStore = new StatsStore();
  readonly dispatcher: Dispatcher;
  readonly clusters: ClusterManager;
  readonly routes: RouteStore;
  readonly listeners: ListenerManager;
  /** Who looks at this worker's requests. */
  readonly taps: TapRegistry = new TapRegistry();
  readonly net: DispatchedNet;
  readonly http: HttpServices;
  readonly accessLogs: { readonly sinks: LogSinks; readonly environment: FormatEnvironment };
  /** POST /healthcheck/fail: every answer ends its connection, so that clients go elsewhere. */
  hasFailedHealthChecks = false;
  readonly #ports: WorkerPorts;
  readonly #settings: WorkerSettings;
  readonly #serverStats: StatBlock<"server">;
  #flushTimer: Timer | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(ports: WorkerPorts, settings: WorkerSettings) {
    const { stats } = this;
    const { clock, dns, files, log, net, random, timers } = ports;
    this.#ports = ports;
    this.#settings = settings;
    const dispatcher = new Dispatcher(ports, { first: settings.index, step: settings.workerCount });
    this.dispatcher = dispatcher;
    this.net = dispatchedNet(net, dispatcher);
    this.#serverStats = stats.block("server.", SERVER);
    const fileStats = stats.block("filesystem.", FILESYSTEM);
    this.accessLogs = {
      sinks: new LogSinks({ files, timers, stats: fileStats }),
      environment: { ...ports.environment, wallMs: () => clock.wallMs(), random },
    };
    this.clusters = new ClusterManager({
      loop: dispatcher,
      dns,
      stats,
      log: log.child("upstream"),
    });
    this.routes = new RouteStore(this.accessLogs.environment);
    this.http = {
      dispatcher,
      clusters: this.clusters,
      poolKind: new HttpPoolKind(dispatcher, this.net),
      stats,
      asyncClientStats: stats.block("http.async-client.", ASYNC_CLIENT),
    };
    this.listeners = this.#createListeners();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Begins to count in intervals. */
  start(): void {
    const { statsFlushIntervalMs } = this.#settings;
    this.#flushTimer = this.#ports.timers.every(statsFlushIntervalMs, () => this.flush());
    this.flush();
  }

  /** Every flush interval: histograms begin a new interval, and this worker's share of the process is read. */
  flush(): void {
    this.stats.rotateHistograms();
    const { usedHeapBytes, totalHeapBytes } = this.#ports.memory();
    this.#serverStats.set(SERVER.total_connections, this.listeners.connectionCount);
    this.#serverStats.set(SERVER.memory_allocated, usedHeapBytes);
    this.#serverStats.set(SERVER.memory_heap_size, totalHeapBytes);
  }

  /** What it has counted, for `StatsStore.absorb`. */
  report(): StatsReport {
    this.clusters.refreshGauges();
    return this.stats.report();
  }

  /** POST /drain_listeners. */
  drainListeners({ isGraceful, inboundOnly, skipExit }: DrainOptions): void {
    if (skipExit) return;
    this.listeners.drainAll(
      !isGraceful,
      (config) => !inboundOnly || config.trafficDirection === "inbound",
    );
  }

  /** Stops accepting, and resolves when what runs has finished, or after `limitMs`; then it is to be closed. */
  drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    this.dispatcher.run(() => this.listeners.drainAll(true));
    const { clock, timers } = this.#ports;
    const untilMs = clock.nowMs() + limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.listeners.connectionCount > 0 && clock.nowMs() < untilMs) {
          timers.after(DRAIN_POLL_MS, look);
          return;
        }
        resolve();
      };
      look();
    });
  }

  /** Ends everything now. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flushTimer?.cancel();
    this.dispatcher.run(() => {
      this.listeners.close();
      this.clusters.close();
    });
    this.dispatcher.wheel.close();
    this.accessLogs.sinks.close();
  }

  #createListeners(): ListenerManager {
    const { dispatcher, net, stats, clusters, routes, http, accessLogs, taps } = this;
    const { drainTimeMs, index, sharesPorts } = this.#settings;
    return new ListenerManager({
      net,
      dispatcher,
      stats,
      sharesPorts,
      workerIndex: index,
      drainTimeMs,
      services: {
        http,
        tcp: { dispatcher, clusters, stats, poolKind: new TcpPoolKind(dispatcher, net) },
        routes,
        accessLogs,
        taps,
        drain: { shouldClose: () => this.#isDraining || this.hasFailedHealthChecks },
      },
    });
  }
}
