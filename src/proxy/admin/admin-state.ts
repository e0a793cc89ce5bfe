// What the admin pages read of the running proxy, and what they may ask it to do. Nothing else is known here.

import type { Bootstrap } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Cluster as ClusterMessage } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import type { LogLevel } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ClusterConfig } from "../config/cluster-config.ts";
import type { StatsSnapshot } from "../stats/stats-store.ts";
import type { TagExtractor } from "../stats/tag-extractor.ts";
import type { AttachedTap, TapReader } from "../tap/tap-sessions.ts";
import type { Host, Locality } from "../upstream/host.ts";

export interface AdminState {
  readonly server: ServerView;
  readonly stats: StatsView;
  /** The bootstrap's stats_config (`parseStatsTags`). */
  readonly tags: TagExtractor;
  /** In use, in the order to print them; the ClusterManager's clusters are such views. */
  clusters(): readonly ClusterView[];
  /** Names of clusters and listeners that wait for their configuration. */
  warming(): { readonly clusters: readonly string[]; readonly listeners: readonly string[] };
  /** Listening, in the order to print them. */
  listeners(): readonly ListenerView[];
  readonly config: ConfigView;
  readonly actions: AdminActions;
  /** Live requests, for /tap. */
  readonly taps: TapsView;
  /**
   * Asks the other workers for what they have counted, and calls `done` when `stats` or `clusters` show it, at the latest after
   * a second; absent where there are no other workers.
   */
  collect?(what: CollectedView, done: () => void): void;
}

export interface TapsView {
  /** `body`: a TapRequest in JSON or YAML. `hasDetails`: traces say more than Envoy's do. */
  attach(body: string, hasDetails: boolean, reader: TapReader): AttachedTap;
}

/** What every worker has its own of. */
export type CollectedView = "stats" | "hosts";

/** The statistics of all workers as one; a StatsStore is that of one worker. */
export interface StatsView {
  snapshot(): StatsSnapshot;
  resetCounters(): void;
}

/** As /ready prints it. */
export type ServerState = "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";

export interface ServerView {
  /** "0.1.0" */
  readonly version: string;
  state(): ServerState;
  uptimeMs(): number;
  memory(): MemoryView;
  readonly options: ServerOptions;
}

export interface MemoryView {
  readonly usedHeapBytes: number;
  readonly totalHeapBytes: number;
  readonly residentBytes: number;
}

/** The command line, for /server_info. */
export interface ServerOptions {
  readonly concurrency: number;
  readonly configPath: string;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly drainTimeMs: number;
}

export interface ClusterView {
  readonly name: string;
  readonly config: ClusterConfig;
  readonly hosts: readonly HostView[];
  /** Index is the priority: what each locality weighs. */
  readonly priorities: readonly PriorityView[];
  /** Percent. */
  readonly overprovisioningFactor: number;
  /** Of the last interval of outlier detection, where it is known. */
  outlierRates?(): OutlierRates | undefined;
}

export interface PriorityView {
  readonly localities: readonly { readonly locality: Locality; readonly weight: number }[];
}

/** Success rates in percent; -1 where there were too few requests to say. */
export interface OutlierRates {
  readonly average: number;
  readonly ejectionThreshold: number;
  readonly localOriginAverage: number;
  readonly localOriginEjectionThreshold: number;
}

export type HostView = Pick<
  Host,
  | "address"
  | "addressText"
  | "hostname"
  | "stats"
  | "healthFlags"
  | "weight"
  | "locality"
  | "priority"
  | "isCanary"
  | "metadata"
  | "outlier"
>;

export interface ListenerView {
  readonly name: string;
  /** Where it really listens: the kernel's port where the configuration says 0. */
  readonly address: SocketAddress;
}

/** The configuration as it was received, for /config_dump. Times are milliseconds since 1970. */
export interface ConfigView {
  /** With our own node: user agent and version filled in. */
  readonly bootstrap: Bootstrap;
  readonly bootstrapLoadedMs: number;
  clusters(): ConfigGroup<ClusterMessage>;
  listeners(): ConfigGroup<Listener>;
  /** Those inline in listeners ("static") and those of RDS. */
  routes(): ConfigGroup<RouteConfiguration>;
}

/** All resources of one type. */
export interface ConfigGroup<M> {
  /** Of the last accepted update; "" before one. */
  readonly versionInfo: string;
  readonly resources: readonly ConfigResource<M>[];
  /** What the last update was refused for, until one is accepted again. */
  readonly rejected: readonly RejectedResource<M>[];
}

export interface ConfigResource<M> {
  readonly message: M;
  /** "static": of the bootstrap file, or inline. */
  readonly state: "static" | "active" | "warming" | "draining";
  /** "" when static. */
  readonly versionInfo: string;
  readonly lastUpdatedMs: number;
}

export interface RejectedResource<M> {
  /** "" when the update as a whole is at fault. */
  readonly name: string;
  /** undefined when it could not even be decoded. */
  readonly message: M | undefined;
  readonly versionInfo: string;
  /** The words of the NACK. */
  readonly details: string;
  readonly lastAttemptMs: number;
}

export interface DrainOptions {
  /** Ends keep-alive connections over the drain time before the listeners stop. */
  readonly isGraceful: boolean;
  /** Drains connections but never stops the listeners. */
  readonly skipExit: boolean;
  /** Only listeners with traffic_direction INBOUND. */
  readonly inboundOnly: boolean;
}

/** What POSTs do. Each returns at once; what it starts goes on by itself. */
export interface AdminActions {
  /** /healthcheck/fail: /ready says DRAINING and connections are ended; undone by `passHealthChecks`. */
  failHealthChecks(): void;
  passHealthChecks(): void;
  drainListeners(options: DrainOptions): void;
  /** Ends the process in order. */
  quit(): void;
  /** Opens log files anew; returns a sentence for each that could not be. */
  reopenLogs(): readonly string[];
  /** Loggers by name, in the order to print them. */
  loggers(): readonly { readonly name: string; readonly level: LogLevel }[];
  /** Of one logger, or of all. Returns false when there is no such logger. */
  setLogLevel(level: LogLevel, logger: string | undefined): boolean;
}
