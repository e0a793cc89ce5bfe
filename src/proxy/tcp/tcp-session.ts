// One downstream TCP connection and the upstream one that serves it: connects, passes bytes, ends and resets on both ways, and
// says in the access log how it went. Rules are Envoy's (source/common/tcp_proxy/tcp_proxy.cc).
import type { Socket, SocketAddress, SocketError } from "#base/net.ts";
import { latin1 } from "#codec/latin1.ts";
import type { DispatchedHandler } from "../dispatched-net.ts";
import type { Dispatcher, Flushable } from "../dispatcher.ts";
import { REQUEST_ID_BYTES, writeRequestId } from "../http/request-id.ts";
import { type ConnectionFacts, StreamRecord } from "../http/stream-record.ts";
import { FLAG, withFlag } from "../response-flags.ts";
import { SocketWriter, type SocketWriterOwner } from "../socket-writer.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import { TCP } from "../stats/schema/tcp.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { ConnectionPool, PoolFailureReason, PoolWaiter } from "../upstream/connection-pool.ts";
import type { Host } from "../upstream/host.ts";
import { NOT_WAITING } from "../upstream/pending-queue.ts";
import type { PickContext } from "../upstream/pick-context.ts";
import type { ClosedBy } from "../upstream/pool-counters.ts";
import type { TcpClientConnection, TcpUpstreamOwner } from "./tcp-client-connection.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

/*
 *   connecting ──connected──► open ──FIN of one side──► half-closed ──FIN of the other──► flushing ──► closed
 *    │  ▲ │                    │                            │                                │
 *    │  └─┘ failed, attempts   └────────────────────────────┴──reset, idle timeout, close────┴──────► closed
 *    │      are left
 *    └──no cluster, no host, circuit breaker, no attempt left──────────────────────────────────────► closed
 *
 * While connecting nothing is read from downstream, so that nothing needs to be kept for an upstream that may never be there.
 */

/** Told when a session has ended, so that its listener can forget it. */
export interface TcpSessionOwner {
  onConnectionClosed(session: TcpSession): void;
}

const [IDLE, DURATION] = [0, 1] as const;

export class TcpSession
  extends StreamRecord
  implements
    DispatchedHandler,
    SocketWriterOwner,
    TcpUpstreamOwner,
    PoolWaiter<TcpClientConnection>,
    PickContext,
    TimeoutOwner,
    Flushable
{
  poolSlot: number = NOT_WAITING;
  readonly hostSelectionRetryCount = 0;
  readonly originalDestination: SocketAddress | undefined = undefined;
  readonly #proxy: TcpProxy;
  readonly #dispatcher: Dispatcher;
  readonly #stats: StatBlock<"tcp">;
  readonly #socket: Socket;
  readonly #owner: TcpSessionOwner;
  readonly #writer: SocketWriter;
  #cluster: Cluster | undefined = undefined;
  #host: Host | undefined = undefined;
  #pool: ConnectionPool<TcpClientConnection> | undefined = undefined;
  #upstream: TcpClientConnection | undefined = undefined;
  /**
   * Came before there was an upstream: what the listener's inspectors have read, and at most one read more, for reading is
   * paused until there is one. undefined ever after.
   */
  #early: Uint8Array[] | undefined = [];
  /** Its socket is closed; the session may live on until the upstream has read all. */
  #isDownstreamGone = false;
  #hasDownstreamEnded = false;
  #hasUpstreamEnded = false;
  /** Who sent the last FIN. */
  #lastEnd: ClosedBy = "local";
  #isUpstreamFlushCounted = false;
  #isClosed = false;
  #firstAttemptMs: number | undefined = undefined;
  #lastActivityMs: number;
  #countedBytesSent = 0;
  #streamId: string | undefined = undefined;
  readonly #idleTimer: WheelTimer = new WheelTimer(this, IDLE);
  readonly #durationTimer: WheelTimer = new WheelTimer(this, DURATION);

  constructor(socket: Socket, proxy: TcpProxy, owner: TcpSessionOwner, facts: ConnectionFacts) {
    super(facts);
    const { dispatcher } = proxy.services;
    this.#proxy = proxy;
    this.#dispatcher = dispatcher;
    this.#stats = proxy.stats;
    this.#socket = socket;
    this.#owner = owner;
    this.#writer = new SocketWriter(dispatcher, this, proxy.bufferLimitBytes);
    this.#writer.attach(socket);
    this.#lastActivityMs = dispatcher.nowMs;
    this.resetRecord(dispatcher.nowMs, dispatcher.wallMs());
    this.#stats.inc(TCP.downstream_cx_total);
    socket.pause();
    const { idleTimeoutMs, maxDownstreamConnectionDurationMs } = proxy.config;
    if (idleTimeoutMs !== undefined) this.#arm(this.#idleTimer, idleTimeoutMs);
    if (maxDownstreamConnectionDurationMs !== undefined) {
      this.#arm(this.#durationTimer, maxDownstreamConnectionDurationMs);
    }
    dispatcher.defer(this);
  }

  /** Made when a log asks for it. */
  override get streamId(): string {
    if (this.#streamId === undefined) {
      const bytes = new Uint8Array(REQUEST_ID_BYTES);
      writeRequestId(this.#dispatcher.random, bytes);
      this.#streamId = latin1(bytes, 0, bytes.length);
    }
    return this.#streamId;
  }

  // ---- for the listener

  /** Never: nobody can say from outside whether more is to come. */
  get isIdle(): boolean {
    return false;
  }

  /** Does nothing: bytes without a protocol have no point to stop at, so the connection lives until a peer or `close` ends it. */
  drain(_closesIdle: boolean): void {}

  /** Ends both connections now; what waits to be written is dropped. */
  close(): void {
    if (this.#isClosed) return;
    this.#upstream?.finish("local");
    this.#closed();
    if (!this.#isDownstreamGone) this.#socket.close();
  }

  // ---- for the load balancer

  shouldAvoid(): boolean {
    return false;
  }

  // ---- attempts to connect

  /** Starts the next attempt: the first one, or one more in an event's end, when the pool has cleaned up behind the last. */
  flush(): void {
    if (!this.#isClosed && this.#upstream === undefined) this.#startAttempt();
  }

  onConnectionReady(connection: TcpClientConnection): void {
    const { nowMs } = this.#dispatcher;
    const host = this.#host as Host;
    this.#upstream = connection;
    this.#notePoolReady();
    this.upstreamHost = host.address;
    this.upstreamHostname = host.hostname;
    this.upstreamLocalAddress = connection.socket?.local;
    this.upstreamConnectionId = connection.id;
    this.#cluster?.outlier?.handleLocalOrigin(host, "connectSuccessFinal", nowMs);
    this.#lastActivityMs = nowMs;
    connection.start(this);
    for (const bytes of this.#early ?? []) this.#sendUpstream(connection, bytes);
    this.#early = undefined;
    this.#socket.resume();
    if (this.#hasDownstreamEnded) connection.endWriting();
  }

  onPoolFailure(reason: PoolFailureReason): void {
    const { nowMs } = this.#dispatcher;
    const host = this.#host as Host;
    if (reason !== "overflow") {
      this.upstreamHost = host.address;
      this.upstreamHostname = host.hostname;
    }
    this.upstreamTransportFailureReason = this.#proxy.services.poolKind.lastConnectError;
    if (reason === "remoteConnectFailure" || reason === "connectTimeout") {
      const event = reason === "connectTimeout" ? "timeout" : "connectFailed";
      this.responseFlags = withFlag(this.responseFlags, FLAG.UF);
      this.#cluster?.outlier?.handleLocalOrigin(host, event, nowMs);
    }
    if (this.attemptCount < this.#proxy.config.maxConnectAttempts) {
      this.#dispatcher.defer(this);
      return;
    }
    this.#cluster?.stats.inc(CLUSTER.upstream_cx_connect_attempts_exceeded);
    this.#giveUp(FLAG.URX);
  }

  #startAttempt(): void {
    const { services } = this.#proxy;
    const cluster = services.clusters.cluster(this.#proxy.chooseClusterName() ?? "");
    if (cluster === undefined) {
      this.#stats.inc(TCP.downstream_cx_no_route);
      this.#giveUp(FLAG.NC);
      return;
    }
    this.#cluster = cluster;
    this.upstreamCluster = cluster.name;
    this.upstreamClusterStatName = cluster.config.statName;
    this.#firstAttemptMs ??= this.#dispatcher.nowMs;
    // Asked here, since a waiter of the pool would wait for a connection that is never given back.
    if (!cluster.breaker("default").connections.canAcquire) {
      cluster.stats.inc(CLUSTER.upstream_cx_overflow);
      this.#giveUp(FLAG.UO);
      return;
    }
    const host = cluster.pick(this);
    if (host === undefined) {
      this.#giveUp(FLAG.UH);
      return;
    }
    this.#host = host;
    this.attemptCount += 1;
    const pool = host.pool(services.poolKind, "default");
    this.#pool = pool;
    const outcome = pool.acquire(this);
    if (outcome === "overflow") this.onPoolFailure("overflow");
    else if (outcome !== "pending") this.onConnectionReady(outcome);
  }

  #notePoolReady(): void {
    if (this.#firstAttemptMs === undefined) return;
    this.connectionPoolReadyMs = this.#dispatcher.nowMs - this.#firstAttemptMs;
  }

  /** There will be no upstream. */
  #giveUp(flag: number): void {
    this.responseFlags = withFlag(this.responseFlags, flag);
    this.#notePoolReady();
    this.close();
  }

  // ---- for the downstream socket

  onData(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#lastActivityMs = this.#dispatcher.nowMs;
    this.#stats.add(TCP.downstream_cx_rx_bytes_total, bytes.length);
    this.bytesReceived += bytes.length;
    this.downstreamWireBytesReceived += bytes.length;
    if (this.#upstream !== undefined) this.#sendUpstream(this.#upstream, bytes);
    else this.#early?.push(bytes);
  }

  onDrain(): void {
    if (this.#isClosed) return;
    this.#lastActivityMs = this.#dispatcher.nowMs;
    this.#writer.onDrain();
    this.#countSent();
  }

  onEnd(): void {
    if (this.#isClosed || this.#hasDownstreamEnded) return;
    this.#hasDownstreamEnded = true;
    this.#lastEnd = "local";
    // Reading is paused until there is an upstream, yet a runtime may tell of the end: it is passed on then.
    this.#upstream?.endWriting();
    this.#finishWhenDone();
  }

  onClose(error: SocketError | undefined): void {
    if (this.#isClosed) return;
    this.#isDownstreamGone = true;
    if (error === undefined && this.#upstream !== undefined) this.#flushUpstream();
    else {
      this.#upstream?.reset();
      this.#closed();
    }
  }

  handleBug(bug: unknown): void {
    this.#dispatcher.reportBug("TCP session", bug);
    this.close();
  }

  #sendUpstream(upstream: TcpClientConnection, bytes: Uint8Array): void {
    this.upstreamWireBytesSent += bytes.length;
    upstream.write(bytes);
  }

  // ---- for the upstream connection

  onUpstreamData(bytes: Uint8Array): void {
    if (this.#isDownstreamGone) {
      // As a kernel does with bytes for a program that has closed its socket.
      this.close();
      return;
    }
    this.#lastActivityMs = this.#dispatcher.nowMs;
    this.upstreamWireBytesReceived += bytes.length;
    this.downstreamWireBytesSent += bytes.length;
    this.#writer.write(bytes, 0, bytes.length);
    this.#writer.notifyWhenFlushed();
  }

  onUpstreamEnd(): void {
    this.#hasUpstreamEnded = true;
    this.#lastEnd = "remote";
    this.#writer.notifyWhenFlushed();
  }

  onUpstreamFlushed(): void {
    this.#lastActivityMs = this.#dispatcher.nowMs;
    this.#finishWhenDone();
  }

  onUpstreamClosed(isReset: boolean): void {
    this.#upstream = undefined;
    if (isReset) {
      this.responseFlags = withFlag(this.responseFlags, FLAG.UR);
      this.#closed();
      if (!this.#isDownstreamGone) this.#socket.reset();
      return;
    }
    if (this.#isDownstreamGone) {
      this.#closed();
      return;
    }
    // What it had to say is still delivered.
    this.#hasUpstreamEnded = true;
    this.#hasDownstreamEnded = true;
    this.#writer.notifyWhenFlushed();
  }

  onUpstreamAboveWatermark(): void {
    if (this.#isClosed) return;
    this.#stats.inc(TCP.downstream_flow_control_paused_reading_total);
    if (!this.#isDownstreamGone) this.#socket.pause();
  }

  onUpstreamBelowWatermark(): void {
    if (this.#isClosed) return;
    this.#stats.inc(TCP.downstream_flow_control_resumed_reading_total);
    if (!this.#isDownstreamGone) this.#socket.resume();
  }

  // ---- for the writer

  onAboveWatermark(): void {
    this.#upstream?.pauseReading(true);
  }

  onBelowWatermark(): void {
    this.#upstream?.pauseReading(false);
  }

  onFlushed(): void {
    if (this.#isClosed) return;
    this.#countSent();
    if (this.#hasUpstreamEnded) this.#socket.end();
    this.#finishWhenDone();
  }

  // ---- for the timer wheel

  onTimeout(kind: number): void {
    if (kind === DURATION) {
      this.responseFlags = withFlag(this.responseFlags, FLAG.DT);
      this.#stats.inc(TCP.max_downstream_connection_duration);
      this.close();
      return;
    }
    // One timer, never moved while bytes come and go: it looks at when something last happened, and sleeps for the rest.
    const limitMs = this.#proxy.config.idleTimeoutMs as number;
    const leftMs = this.#lastActivityMs + limitMs - this.#dispatcher.nowMs;
    if (leftMs > 0) {
      this.#arm(this.#idleTimer, leftMs);
      return;
    }
    this.#stats.inc(TCP.idle_timeout);
    this.close();
  }

  // ---- the end

  /** The downstream is gone in good order: what it sent is still delivered. */
  #flushUpstream(): void {
    // A runtime may tell of the peer's end only by closing, when our own end was before it.
    if (!this.#hasDownstreamEnded) this.#lastEnd = "local";
    this.#hasDownstreamEnded = true;
    this.#hasUpstreamEnded = true;
    this.#upstream?.endWriting();
    this.#finishWhenDone();
  }

  /** Both sides have said all they had to say: the session is over once all of it is delivered. */
  #finishWhenDone(): void {
    if (this.#isClosed || !this.#hasDownstreamEnded || !this.#hasUpstreamEnded) return;
    if (!this.#isDownstreamGone && this.#writer.pendingBytes > 0) return;
    const upstream = this.#upstream;
    if (upstream !== undefined && upstream.pendingBytes > 0) {
      this.#countUpstreamFlush();
      return;
    }
    upstream?.finish(this.#lastEnd);
    this.#closed();
    if (!this.#isDownstreamGone) this.#socket.close();
  }

  /** The downstream has all it wanted; only the upstream still reads. */
  #countUpstreamFlush(): void {
    if (this.#isUpstreamFlushCounted) return;
    this.#isUpstreamFlushCounted = true;
    this.#stats.inc(TCP.upstream_flush_total);
    this.#stats.inc(TCP.upstream_flush_active);
  }

  /** Lets go of everything but the socket, counts and logs. */
  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#upstream = undefined;
    // A connection that is being made for us alone would serve nobody.
    if (this.poolSlot !== NOT_WAITING) this.#pool?.cancel(this, true);
    const { wheel } = this.#dispatcher;
    wheel.disarm(this.#idleTimer);
    wheel.disarm(this.#durationTimer);
    this.#countSent();
    if (this.#isUpstreamFlushCounted) this.#stats.dec(TCP.upstream_flush_active);
    this.bytesSent = this.#writer.bytesSent;
    this.#writer.detach();
    this.endMs = this.#dispatcher.nowMs;
    for (const log of this.#proxy.logs) log.write(this);
    this.#owner.onConnectionClosed(this);
  }

  #countSent(): void {
    const { bytesSent } = this.#writer;
    this.#stats.add(TCP.downstream_cx_tx_bytes_total, bytesSent - this.#countedBytesSent);
    this.#countedBytesSent = bytesSent;
  }

  #arm(timer: WheelTimer, delayMs: number): void {
    this.#dispatcher.wheel.arm(timer, this.#dispatcher.nowMs, delayMs);
  }
}
