// The admin interface over the proxy's own HTTP engine: a listener with one filter that answers everything.
import type { SocketAddress } from "#base/net.ts";
import { isSocketError, type Listening, type SocketError } from "#base/net.ts";
import type { AdminState } from "./admin/admin-state.ts";
import type { HttpConnectionManagerConfig } from "./config/listener-config.ts";
import type { DispatchedNet } from "./dispatched-net.ts";
import { createAdminFactory } from "./filter/admin-filter.ts";
import {
  ConnectionManager,
  type DrainDecision,
  type HttpServices,
  type StreamLog,
} from "./http/connection-manager.ts";
import { ServerConnection } from "./http/server-connection.ts";
import { RouteSource } from "./route/route-store.ts";
import type { Histogram } from "./stats/histogram.ts";
import { LISTENER } from "./stats/schema/listener.ts";
import { LISTENER_WORKER } from "./stats/schema/listener-worker.ts";
import type { StatBlock } from "./stats/stat-block.ts";
import type { StatsStore } from "./stats/stats-store.ts";

/** A page of a proxy with thousands of clusters is several MiB; a reader that is slow holds no more than this. */
const BUFFER_LIMIT_BYTES = 64 * 1024 * 1024;

/** Envoy's admin listener: plain HTTP/1, requests kept alive, nothing forwarded. */
const CONFIG: HttpConnectionManagerConfig = {
  statPrefix: "admin",
  codec: "http1",
  route: { kind: "rds", name: "", initialFetchTimeoutMs: 0 },
  httpFilters: [],
  accessLogs: [],
  useRemoteAddress: true,
  xffNumTrustedHops: 0,
  skipXffAppend: false,
  generateRequestId: false,
  preserveExternalRequestId: false,
  alwaysSetRequestIdInResponse: false,
  serverName: "envoy",
  serverHeader: "overwrite",
  via: "",
  normalizePath: true,
  mergeSlashes: false,
  stripMatchingHostPort: false,
  stripAnyHostPort: false,
  acceptHttp10: true,
  enableTrailers: false,
  allowAbsoluteUrl: true,
  proxy100Continue: false,
  upgrades: [],
  streamIdleTimeoutMs: 300_000,
  requestTimeoutMs: undefined,
  requestHeadersTimeoutMs: undefined,
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: undefined,
  maxRequestsPerConnection: undefined,
  maxStreamDurationMs: undefined,
  drainTimeoutMs: 100,
  delayedCloseTimeoutMs: 1_000,
  maxRequestHeadersBytes: 60 * 1024,
  maxHeadersCount: 100,
  clientCertHeader: "sanitize",
  headersWithUnderscores: "allow",
};

/** `listener.admin.*`: as those of any other listener, but for the worker, which is called main_thread. */
class ListenerCounters {
  readonly #stats: StatBlock<"listener">;
  readonly #threadStats: StatBlock<"listenerWorker">;
  readonly #lengths: Histogram;
  readonly #acceptedAtOnce: Histogram;

  constructor(stats: StatsStore) {
    this.#stats = stats.block("listener.admin.", LISTENER);
    this.#threadStats = stats.block("listener.admin.main_thread.", LISTENER_WORKER);
    this.#lengths = stats.histogram("listener.admin.downstream_cx_length_ms");
    this.#acceptedAtOnce = stats.histogram("listener.admin.connections_accepted_per_socket_event");
  }

  accepted(): void {
    this.#acceptedAtOnce.record(1);
    this.#stats.inc(LISTENER.downstream_cx_total);
    this.#stats.inc(LISTENER.downstream_cx_active);
    this.#threadStats.inc(LISTENER_WORKER.downstream_cx_total);
    this.#threadStats.inc(LISTENER_WORKER.downstream_cx_active);
  }

  closed(lengthMs: number): void {
    this.#lengths.record(lengthMs);
    this.#stats.inc(LISTENER.downstream_cx_destroy);
    this.#stats.dec(LISTENER.downstream_cx_active);
    this.#threadStats.dec(LISTENER_WORKER.downstream_cx_active);
  }
}

const NEVER_DRAINS: DrainDecision = { shouldClose: () => false };

export class AdminListener {
  /** With the time at which each was accepted. */
  readonly #connections = new Map<ServerConnection, number>();
  #listening: Listening | undefined;

  get address(): SocketAddress | undefined {
    return this.#listening?.address;
  }

  /** Listens, or says why it cannot. */
  start(
    address: SocketAddress,
    net: DispatchedNet,
    services: HttpServices,
    state: AdminState,
    logs: readonly StreamLog[],
  ): SocketError | undefined {
    const manager = new ConnectionManager({
      services,
      config: CONFIG,
      routes: new RouteSource(""),
      filters: [createAdminFactory(state)],
      suppressEnvoyHeaders: false,
      logs,
      listenerStatPrefix: "listener.admin.",
      bufferLimitBytes: BUFFER_LIMIT_BYTES,
      drain: NEVER_DRAINS,
    });
    const counters = new ListenerCounters(services.stats);
    const { dispatcher } = services;
    const owner = {
      onConnectionClosed: (connection: ServerConnection) => {
        const acceptedMs = this.#connections.get(connection);
        if (!this.#connections.delete(connection)) return;
        counters.closed(dispatcher.nowMs - (acceptedMs ?? dispatcher.nowMs));
      },
    };
    const listening = net.listen({ ...address, reusePort: false }, (socket) => {
      counters.accepted();
      const connection = new ServerConnection(socket, manager, owner, {
        id: dispatcher.nextConnectionId(),
        remoteAddress: socket.remote,
        localAddress: socket.local,
        filterChainName: "",
        requestedServerName: undefined,
      });
      this.#connections.set(connection, dispatcher.nowMs);
      return connection;
    });
    if (isSocketError(listening)) return listening;
    this.#listening = listening;
    return undefined;
  }

  close(): void {
    this.#listening?.close();
    for (const connection of [...this.#connections.keys()]) connection.close();
  }
}
