// A HTTP connection manager at run time: one configuration with its statistics, logs and filters, shared by its connections.
import { latin1Bytes } from "#codec/latin1.ts";
import { type DecoderLimits, REQUEST_LIMITS } from "#codec/limits.ts";
import type { HttpConnectionManagerConfig } from "../config/listener-config.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { HttpFilterFactory } from "../filter/filter.ts";
import type { RouteSource } from "../route/route-store.ts";
import type { Histogram } from "../stats/histogram.ts";
import { HTTP } from "../stats/schema/http.ts";
import { LISTENER_HTTP } from "../stats/schema/listener-http.ts";
import { TRACING } from "../stats/schema/tracing.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { ClusterManager } from "../upstream/cluster-manager.ts";
import type { HttpPoolKind } from "./client-connection.ts";

/** Where finished streams are written. */
export interface StreamLog {
  write(info: StreamInfo): void;
}

/** Whether connections should be closed as their responses go out. */
export interface DrainDecision {
  /** Asked once a response. */
  shouldClose(): boolean;
}

/** What one worker's connection managers share. */
export interface HttpServices {
  readonly dispatcher: Dispatcher;
  readonly clusters: Pick<ClusterManager, "cluster">;
  readonly poolKind: HttpPoolKind;
  readonly stats: StatsStore;
  /** `http.async-client.*` */
  readonly asyncClientStats: StatBlock<"asyncClient">;
}

export interface ConnectionManagerOptions {
  readonly services: HttpServices;
  readonly config: HttpConnectionManagerConfig;
  readonly routes: RouteSource;
  readonly filters: readonly HttpFilterFactory[];
  /** The router's `suppress_envoy_headers`. */
  readonly suppressEnvoyHeaders: boolean;
  readonly logs: readonly StreamLog[];
  /** `listener.<stat name>.` */
  readonly listenerStatPrefix: string;
  readonly bufferLimitBytes: number;
  readonly drain: DrainDecision;
}

export class ConnectionManager {
  readonly services: HttpServices;
  readonly config: HttpConnectionManagerConfig;
  readonly routes: RouteSource;
  readonly filters: readonly HttpFilterFactory[];
  readonly suppressEnvoyHeaders: boolean;
  readonly logs: readonly StreamLog[];
  readonly bufferLimitBytes: number;
  readonly drain: DrainDecision;
  readonly stats: StatBlock<"http">;
  readonly requestTime: Histogram;
  readonly connectionLength: Histogram;
  readonly decoderLimits: DecoderLimits;
  readonly serverName: Uint8Array;
  readonly via: Uint8Array | undefined;
  readonly #listenerStats: StatBlock<"listenerHttp">;

  constructor(options: ConnectionManagerOptions) {
    const { config, services } = options;
    this.services = services;
    this.config = config;
    this.routes = options.routes;
    this.filters = options.filters;
    this.suppressEnvoyHeaders = options.suppressEnvoyHeaders;
    this.logs = options.logs;
    this.bufferLimitBytes = options.bufferLimitBytes;
    this.drain = options.drain;
    const prefix = `http.${config.statPrefix}.`;
    this.stats = services.stats.block(prefix, HTTP);
    if (config.statPrefix !== "admin") services.stats.block(`${prefix}tracing.`, TRACING);
    this.requestTime = services.stats.histogram(`${prefix}downstream_rq_time`);
    this.connectionLength = services.stats.histogram(`${prefix}downstream_cx_length_ms`);
    this.#listenerStats = services.stats.block(
      `${options.listenerStatPrefix}http.${config.statPrefix}.`,
      LISTENER_HTTP,
    );
    this.decoderLimits = {
      ...REQUEST_LIMITS,
      maxHeadBytes: config.maxRequestHeadersBytes,
      maxHeaderCount: config.maxHeadersCount,
      acceptHttp10: config.acceptHttp10,
    };
    this.serverName = latin1Bytes(config.serverName);
    this.via = config.via === "" ? undefined : latin1Bytes(config.via);
  }

  /** Counts a response by its class, for the manager and for its listener. */
  countResponse(status: number): void {
    const { stats } = this;
    const listenerStats = this.#listenerStats;
    stats.inc(HTTP.downstream_rq_completed);
    listenerStats.inc(LISTENER_HTTP.downstream_rq_completed);
    switch ((status / 100) | 0) {
      case 1:
        stats.inc(HTTP.downstream_rq_1xx);
        listenerStats.inc(LISTENER_HTTP.downstream_rq_1xx);
        break;
      case 2:
        stats.inc(HTTP.downstream_rq_2xx);
        listenerStats.inc(LISTENER_HTTP.downstream_rq_2xx);
        break;
      case 3:
        stats.inc(HTTP.downstream_rq_3xx);
        listenerStats.inc(LISTENER_HTTP.downstream_rq_3xx);
        break;
      case 4:
        stats.inc(HTTP.downstream_rq_4xx);
        listenerStats.inc(LISTENER_HTTP.downstream_rq_4xx);
        break;
      default:
        stats.inc(HTTP.downstream_rq_5xx);
        listenerStats.inc(LISTENER_HTTP.downstream_rq_5xx);
    }
  }
}
