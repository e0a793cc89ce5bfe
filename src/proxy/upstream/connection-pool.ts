// Connections to one host for requests of one priority: which one a request gets, who waits, when another is opened or closed.
// Envoy's rules (source/common/conn_pool/conn_pool_base.cc) for one request a connection at a time. No socket is seen here:
// connections are made by the `PoolKind`, and report what happened to them.
import { assert } from "#base/assert.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import type { Priority } from "./circuit-breaker.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import type { Host } from "./host.ts";
import { PendingQueue, type Waiting } from "./pending-queue.ts";
import { type ClosedBy, PoolCounters } from "./pool-counters.ts";

/*
 *               onConnected              acquire
 *   connecting ─────────────► ready ◄──────────────► busy
 *       │                       │       release       │ last request allowed, or the pool drains
 *       │ onConnectFailed,      │ idle timeout,       ▼
 *       │ connect timeout       │ onClosed         draining (busy, and closes after this request)
 *       ▼                       ▼                     │ release
 *     closed ◄──────────────────┴─────────────────────┘ onClosed
 */
export type PoolConnectionState = "connecting" | "ready" | "busy" | "draining" | "closed";

export type PoolFailureReason =
  | "overflow"
  | "localConnectFailure"
  | "remoteConnectFailure"
  | "connectTimeout";

/** The pool's notes on one connection; the connection makes one at birth and leaves it alone. */
export class PoolEntry {
  state: PoolConnectionState = "connecting";
  requestCount = 0;
  startedAtMs = 0;
  connectedAtMs = 0;
  idleSinceMs = 0;
  /** Place among the busy ones. */
  busyIndex = -1;
}

export interface PooledConnection {
  readonly poolEntry: PoolEntry;
  /** Whether another request may follow on it (both messages complete, nobody said `close`). Asked on release. */
  isReusable(): boolean;
  /** Closes, or gives up connecting. The pool has already taken it out of its books: reporting the end is allowed, not needed. */
  close(): void;
}

/** A request that wants a connection. */
export interface PoolWaiter<C> extends Waiting {
  onConnectionReady(connection: C): void;
  onPoolFailure(reason: PoolFailureReason): void;
}

/** How connections of one protocol are made; one object a proxy and protocol. */
export interface PoolKind<C extends PooledConnection> {
  readonly protocol: "http1" | "tcp";
  /** Starts to connect to `host.address`. Calls `pool.onConnected`, `onConnectFailed`, `onClosed` later, never from inside. */
  connect(host: Host, pool: ConnectionPool<C>): C;
}

const CONNECT_TIMEOUT = 0;
const IDLE_TIMEOUT = 1;
const DURATION_TIMEOUT = 2;

/** New connections that one event may open (Envoy's number): a burst of requests does not become a burst of handshakes. */
const MAX_CONNECTS_PER_EVENT = 3;

export class ConnectionPool<C extends PooledConnection> implements TimeoutOwner {
  readonly host: Host;
  readonly priority: Priority;
  readonly #kind: PoolKind<C>;
  readonly #cluster: ClusterInfo;
  readonly #counters: PoolCounters;
  /** In order of start, so the first one times out first. */
  readonly #connecting: C[] = [];
  /** A stack: the last used is used next, so that the ones not needed grow old. The bottom has been idle longest. */
  readonly #ready: C[] = [];
  /** Busy and draining ones, in no order; each knows its place. */
  readonly #busy: C[] = [];
  readonly #pending = new PendingQueue<PoolWaiter<C>>();
  /** Waiters that a failed connection takes with it: apart from `#pending`, where their retries queue up meanwhile. */
  readonly #purged = new PendingQueue<PoolWaiter<C>>();
  readonly #connectTimer: WheelTimer = new WheelTimer(this, CONNECT_TIMEOUT);
  readonly #idleTimer: WheelTimer = new WheelTimer(this, IDLE_TIMEOUT);
  readonly #durationTimer: WheelTimer = new WheelTimer(this, DURATION_TIMEOUT);
  #isDraining = false;

  constructor(kind: PoolKind<C>, host: Host, priority: Priority) {
    this.host = host;
    this.priority = priority;
    this.#kind = kind;
    this.#cluster = host.cluster;
    this.#counters = new PoolCounters(host, priority);
  }

  /** Connections of every state. */
  get connectionCount(): number {
    return this.#connecting.length + this.#ready.length + this.#busy.length;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Nothing open and nobody waiting. */
  get isIdle(): boolean {
    return this.connectionCount === 0 && this.#pending.size === 0;
  }

  /**
   * A connection for one request at once, or "pending": `waiter` hears later, exactly once unless it cancels; or "overflow":
   * a circuit breaker is open and nothing more will be heard.
   */
  acquire(waiter: PoolWaiter<C>): C | "pending" | "overflow" {
    const connection = this.#ready[this.#ready.length - 1];
    if (connection !== undefined) {
      if (!this.#attach(connection)) return "overflow";
      this.#ready.pop();
      return connection;
    }
    if (!this.#counters.tryWait()) return "overflow";
    this.#pending.push(waiter);
    this.#openConnections();
    return "pending";
  }

  /**
   * The waiter does not want a connection any more; harmless when it does not wait. A connection being made for it stays, and
   * serves the next request, unless `closeExcess` (the policy of TCP proxying).
   */
  cancel(waiter: PoolWaiter<C>, closeExcess = false): void {
    if (!this.#pending.remove(waiter) && !this.#purged.remove(waiter)) return;
    this.#counters.waitEnded();
    this.#counters.waitCancelled();
    const newest = this.#connecting.at(-1);
    if (closeExcess && newest !== undefined && this.#connecting.length > this.#pending.size) {
      this.#closeUnused(newest);
    }
    if (this.#isDraining) this.#closeIdle();
  }

  /** The request on `connection` is done: the connection serves the next one, or closes; `closedBy` then says whose doing that is. */
  release(connection: C, closedBy: ClosedBy = "local"): void {
    const entry = connection.poolEntry;
    assert(
      entry.state === "busy" || entry.state === "draining",
      "only a busy connection is released",
    );
    this.#counters.requestEnded();
    this.#removeBusy(connection);
    if (entry.state === "draining" || !connection.isReusable()) {
      this.#countClosed(entry, closedBy);
      connection.close();
      if (this.#pending.size > 0) this.#openConnections();
      return;
    }
    this.#makeReady(connection);
  }

  onConnected(connection: C): void {
    const entry = connection.poolEntry;
    if (entry.state !== "connecting") return;
    entry.connectedAtMs = this.#cluster.loop.nowMs;
    this.#counters.connected(entry.connectedAtMs - entry.startedAtMs);
    this.#removeConnecting(connection);
    const maxDurationMs = this.#cluster.config.maxConnectionDurationMs;
    if (maxDurationMs !== undefined && !this.#durationTimer.isArmed) {
      this.#cluster.loop.wheel.arm(this.#durationTimer, entry.connectedAtMs, maxDurationMs);
    }
    this.#makeReady(connection);
  }

  onConnectFailed(connection: C, reason: Exclude<PoolFailureReason, "overflow">): void {
    const entry = connection.poolEntry;
    if (entry.state !== "connecting") return;
    this.#removeConnecting(connection);
    this.#counters.connectFailed(reason === "connectTimeout");
    this.#countClosed(entry, reason === "remoteConnectFailure" ? "remote" : "local");
    this.#purgePending(reason);
    if (this.#pending.size > 0) this.#openConnections();
  }

  /** The connection is gone, whatever it was doing; a request on it has ended with it. */
  onClosed(connection: C, closedBy: ClosedBy): void {
    const entry = connection.poolEntry;
    switch (entry.state) {
      case "closed":
        return;
      case "connecting":
        this.onConnectFailed(
          connection,
          closedBy === "remote" ? "remoteConnectFailure" : "localConnectFailure",
        );
        return;
      case "ready":
        this.#removeReady(connection);
        break;
      case "busy":
      case "draining":
        this.#counters.requestEnded();
        this.#counters.closedWithRequest(closedBy);
        this.#removeBusy(connection);
        break;
    }
    this.#countClosed(entry, closedBy);
    if (this.#pending.size > 0) this.#openConnections();
  }

  /** Lets the pool run dry: what is idle closes now, what is busy after its request; who waits is still served. */
  drain(): void {
    this.#isDraining = true;
    this.drainConnections();
  }

  /** The connections there are take no further request; new ones may be made. */
  drainConnections(): void {
    for (const connection of this.#busy) connection.poolEntry.state = "draining";
    this.#closeIdle();
  }

  /** Ends everything now. Who waits is told that the connection failed; who has a connection hears it from that. */
  close(): void {
    this.#isDraining = true;
    for (const connection of [...this.#busy]) {
      this.onClosed(connection, "local");
      connection.close();
    }
    this.#purgePending("localConnectFailure");
    this.#closeIdle();
    this.#cluster.loop.wheel.disarm(this.#durationTimer);
  }

  onTimeout(kind: number): void {
    const { nowMs } = this.#cluster.loop;
    if (kind === CONNECT_TIMEOUT) this.#failOverdue(nowMs);
    else if (kind === IDLE_TIMEOUT) this.#closeLongIdle(nowMs);
    else this.#endOld(nowMs);
  }

  /** Takes `connection` for one request, unless max_requests says no. The caller takes it from `#ready`. */
  #attach(connection: C): boolean {
    if (!this.#counters.tryStartRequest()) return false;
    const entry = connection.poolEntry;
    entry.requestCount += 1;
    entry.state = "busy";
    if (entry.requestCount === this.#cluster.config.maxRequestsPerConnection) {
      this.#counters.maxRequestsReached();
      entry.state = "draining";
    }
    entry.busyIndex = this.#busy.length;
    this.#busy.push(connection);
    return true;
  }

  #makeReady(connection: C): void {
    const { loop, config } = this.#cluster;
    const entry = connection.poolEntry;
    entry.state = "ready";
    entry.idleSinceMs = loop.nowMs;
    this.#ready.push(connection);
    this.#servePending();
    if (this.#isDraining) {
      this.#closeIdle();
    } else if (config.idleTimeoutMs !== undefined && !this.#idleTimer.isArmed) {
      loop.wheel.arm(this.#idleTimer, loop.nowMs, config.idleTimeoutMs);
    }
  }

  #servePending(): void {
    while (this.#ready.length > 0) {
      const waiter = this.#pending.shift();
      if (waiter === undefined) return;
      this.#counters.waitEnded();
      const connection = this.#ready[this.#ready.length - 1] as C;
      if (this.#attach(connection)) {
        this.#ready.pop();
        waiter.onConnectionReady(connection);
      } else {
        waiter.onPoolFailure("overflow");
      }
    }
    if (this.#pending.size > 0) this.#openConnections();
  }

  /** Opens connections until there is one under way for each waiter, as far as the circuit breaker lets it. */
  #openConnections(): void {
    for (let opened = 0; opened < MAX_CONNECTS_PER_EVENT; opened += 1) {
      if (this.#pending.size <= this.#connecting.length) return;
      const isAllowed = this.#counters.mayConnect();
      // Other hosts may hold all connections of the cluster. A host without any still gets one, or its waiters would starve.
      if (!isAllowed && this.connectionCount > 0) return;
      this.#connect();
      if (!isAllowed) return;
    }
  }

  #connect(): void {
    const { loop, config } = this.#cluster;
    this.#counters.connectionOpened(this.#kind.protocol === "http1");
    const connection = this.#kind.connect(this.host, this);
    assert(
      connection.poolEntry.state === "connecting",
      "a new connection reports nothing at birth",
    );
    connection.poolEntry.startedAtMs = loop.nowMs;
    this.#connecting.push(connection);
    if (!this.#connectTimer.isArmed) {
      loop.wheel.arm(this.#connectTimer, loop.nowMs, config.connectTimeoutMs);
    }
  }

  /**
   * A host that cannot be connected to fails everyone who waits for it, so that each can be tried elsewhere at once
   * instead of after one connect timeout each.
   */
  #purgePending(reason: PoolFailureReason): void {
    for (let waiter = this.#pending.shift(); waiter !== undefined; waiter = this.#pending.shift()) {
      this.#purged.push(waiter);
    }
    for (let waiter = this.#purged.shift(); waiter !== undefined; waiter = this.#purged.shift()) {
      this.#counters.waitEnded();
      this.#counters.waitFailed();
      waiter.onPoolFailure(reason);
    }
  }

  #failOverdue(nowMs: number): void {
    const { loop, config } = this.#cluster;
    for (;;) {
      const oldest = this.#connecting[0];
      if (oldest === undefined) return;
      const leftMs = oldest.poolEntry.startedAtMs + config.connectTimeoutMs - nowMs;
      if (leftMs > 0) {
        loop.wheel.arm(this.#connectTimer, nowMs, leftMs);
        return;
      }
      this.onConnectFailed(oldest, "connectTimeout");
      oldest.close();
    }
  }

  #closeLongIdle(nowMs: number): void {
    const { loop, config } = this.#cluster;
    if (config.idleTimeoutMs === undefined) return;
    for (;;) {
      const oldest = this.#ready[0];
      if (oldest === undefined) return;
      const leftMs = oldest.poolEntry.idleSinceMs + config.idleTimeoutMs - nowMs;
      if (leftMs > 0) {
        loop.wheel.arm(this.#idleTimer, nowMs, leftMs);
        return;
      }
      this.#counters.idleTimedOut();
      this.#closeUnused(oldest);
    }
  }

  /** Ends connections that reached max_connection_duration; the timer stands for the one that is next. */
  #endOld(nowMs: number): void {
    const { loop, config } = this.#cluster;
    const maxMs = config.maxConnectionDurationMs;
    if (maxMs === undefined) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const connection of [...this.#ready, ...this.#busy]) {
      const { state, connectedAtMs } = connection.poolEntry;
      if (state === "draining") continue;
      const leftMs = connectedAtMs + maxMs - nowMs;
      if (leftMs > 0) {
        nextMs = Math.min(nextMs, leftMs);
        continue;
      }
      this.#counters.maxDurationReached();
      if (state === "busy") connection.poolEntry.state = "draining";
      else this.#closeUnused(connection);
    }
    if (nextMs < Number.POSITIVE_INFINITY) loop.wheel.arm(this.#durationTimer, nowMs, nextMs);
  }

  /** Those under way stay when somebody waits for them. */
  #closeIdle(): void {
    for (let last = this.#ready.at(-1); last !== undefined; last = this.#ready.at(-1)) {
      this.#closeUnused(last);
    }
    if (this.#pending.size > 0) return;
    for (let last = this.#connecting.at(-1); last !== undefined; last = this.#connecting.at(-1)) {
      this.#closeUnused(last);
    }
  }

  /** Closes a connection that carries no request. One that was still being made has not failed: we changed our mind. */
  #closeUnused(connection: C): void {
    const entry = connection.poolEntry;
    if (entry.state === "ready") this.#removeReady(connection);
    else this.#removeConnecting(connection);
    this.#countClosed(entry, "local");
    connection.close();
  }

  #removeReady(connection: C): void {
    if (this.#ready.at(-1) === connection) this.#ready.pop();
    else this.#ready.splice(this.#ready.indexOf(connection), 1);
  }

  #removeConnecting(connection: C): void {
    this.#connecting.splice(this.#connecting.indexOf(connection), 1);
    if (this.#connecting.length === 0) this.#cluster.loop.wheel.disarm(this.#connectTimer);
  }

  #removeBusy(connection: C): void {
    const { busyIndex } = connection.poolEntry;
    const last = this.#busy.pop() as C;
    if (last !== connection) {
      this.#busy[busyIndex] = last;
      last.poolEntry.busyIndex = busyIndex;
    }
    connection.poolEntry.busyIndex = -1;
  }

  #countClosed(entry: PoolEntry, closedBy: ClosedBy): void {
    entry.state = "closed";
    const lengthMs = this.#cluster.loop.nowMs - entry.startedAtMs;
    this.#counters.connectionClosed(closedBy, lengthMs, entry.requestCount);
  }
}
