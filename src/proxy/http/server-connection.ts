// One HTTP/1 connection from downstream: bytes to the decoder, one stream at a time, answers out in order. Decides when the
// connection is read, how long it may be idle, and how it ends.
import type { Socket, SocketError } from "#base/net.ts";
import { RequestDecoder } from "#codec/http1/request-decoder.ts";
import type { DispatchedHandler } from "../dispatched-net.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { FLAG } from "../response-flags.ts";
import { SocketWriter, type SocketWriterOwner } from "../socket-writer.ts";
import { HTTP } from "../stats/schema/http.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { TimerTable } from "../timer-table.ts";
import type { TimeoutOwner } from "../timer-wheel.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { PAUSE } from "./pause-reason.ts";
import { PipelinedBytes } from "./pipelined-bytes.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import type { ConnectionFacts } from "./stream-record.ts";

/*
 *   open ──last response, or a reply that the request's end is not waited for──► closing ──flushed──► closed
 *    │                                                                             │ (delayed close: wait for the
 *    │ drain: responses say "connection: close"                                    │  peer up to 1 s, so that it can
 *    ▼                                                                             │  read the reply before a RST)
 *   draining ──last response, or drain timeout while idle──────────────────────────┘
 */

/** Told when a connection has ended, so that its listener can forget it. */
export interface ConnectionOwner {
  onConnectionClosed(connection: ServerConnection): void;
}

/** Pipelined bytes that may wait for their turn; above it reading stops. One head fits. */
const MAX_PIPELINED_BYTES = 64 * 1024;

const [IDLE, DRAIN, DURATION, REQUEST, HEADERS, DELAYED_CLOSE] = [0, 1, 2, 3, 4, 5] as const;
const TIMER_KINDS = 6;

export class ServerConnection
  implements DispatchedHandler, StreamOwner, SocketWriterOwner, TimeoutOwner
{
  readonly facts: ConnectionFacts;
  readonly writer: SocketWriter;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #manager: ConnectionManager;
  readonly #dispatcher: Dispatcher;
  readonly #stats: StatBlock<"http">;
  readonly #stream: Stream;
  readonly #decoder: RequestDecoder;
  readonly #startMs: number;
  readonly #timers: TimerTable;
  readonly #pipelined: PipelinedBytes = new PipelinedBytes();
  #pauseReasons = 0;
  #isReceiving = false;
  #isDeferred = false;
  #isDraining = false;
  /** The response that is under way, or the next one, is the last. Until it is complete its request is still read. */
  #isLast = false;
  /** Nothing is read any more; the connection closes once all is flushed. */
  #isClosing = false;
  #isClosed = false;
  #delaysClose = false;
  #requestCount = 0;
  #hasCodec = false;
  #lastActivityMs: number;
  #countedBytesSent = 0;
  #sentBefore = 0;

  constructor(
    socket: Socket,
    manager: ConnectionManager,
    owner: ConnectionOwner,
    facts: ConnectionFacts,
  ) {
    const { dispatcher } = manager.services;
    this.facts = facts;
    this.#socket = socket;
    this.#owner = owner;
    this.#manager = manager;
    this.#dispatcher = dispatcher;
    this.#stats = manager.stats;
    this.#startMs = dispatcher.nowMs;
    this.#lastActivityMs = dispatcher.nowMs;
    this.writer = new SocketWriter(dispatcher, this, manager.bufferLimitBytes);
    this.writer.attach(socket);
    this.#timers = new TimerTable(dispatcher, this, TIMER_KINDS);
    this.#stream = new Stream(manager, this);
    this.#decoder = new RequestDecoder(manager.decoderLimits, this.#stream);
    this.#stats.inc(HTTP.downstream_cx_total);
    this.#stats.inc(HTTP.downstream_cx_active);
    this.#armIdle();
    this.#timers.arm(DURATION, manager.config.maxConnectionDurationMs);
  }

  /** No request is under way. */
  get isIdle(): boolean {
    return !this.#stream.isActive && this.#decoder.isIdle && this.#pipelined.size === 0;
  }

  // ---- for the listener

  /** Responses say `connection: close` from now on. An idle connection closes when `closesIdle`. */
  drain(closesIdle: boolean): void {
    this.#isDraining = true;
    if (closesIdle && this.isIdle) this.#finish();
  }

  /** Ends it now, whatever it is doing. */
  close(): void {
    this.#closed("local", undefined);
    this.#socket.close();
  }

  // ---- for the socket

  onData(bytes: Uint8Array): void {
    this.#stats.add(HTTP.downstream_cx_rx_bytes_total, bytes.length);
    this.#lastActivityMs = this.#dispatcher.nowMs;
    if (!this.#hasCodec) this.#startCodec();
    if (!this.#isClosing && !this.#isClosed) this.#accept(bytes);
  }

  onDrain(): void {
    this.#lastActivityMs = this.#dispatcher.nowMs;
    if (!this.#isClosed) this.writer.onDrain();
    if (this.#isClosing && !this.#isClosed) this.#awaitPeer();
  }

  onEnd(): void {
    this.#peerEnded();
  }

  onClose(_error: SocketError | undefined): void {
    this.#closed("remote", "downstream_remote_disconnect");
  }

  handleBug(bug: unknown): void {
    this.#isReceiving = false;
    this.#dispatcher.reportBug("downstream connection", bug);
    if (!this.#isClosed) this.close();
  }

  // ---- for the stream

  onResponseComplete(): void {
    // Within the decoder the stream ends when the decoder has returned; see #consume.
    if (!this.#isReceiving) this.#finishStream();
  }

  onResponseBroken(): void {
    if (this.#isClosed) return;
    this.#endStream();
    this.#delaysClose = true;
    this.#closeWhenFlushed();
  }

  pauseRequest(reason: number, isPaused: boolean): void {
    const before = this.#pauseReasons;
    this.#pauseReasons = isPaused ? before | reason : before & ~reason;
    if (before === 0 && this.#pauseReasons !== 0) {
      this.#stats.inc(HTTP.downstream_flow_control_paused_reading_total);
      this.#socket.pause();
    } else if (before !== 0 && this.#pauseReasons === 0) {
      this.#stats.inc(HTTP.downstream_flow_control_resumed_reading_total);
      this.#socket.resume();
    }
  }

  onRequestBegin(): void {
    const { requestTimeoutMs, requestHeadersTimeoutMs } = this.#manager.config;
    this.#requestCount += 1;
    this.#sentBefore = this.#bytesOut();
    this.#timers.arm(REQUEST, requestTimeoutMs);
    this.#timers.arm(HEADERS, requestHeadersTimeoutMs);
  }

  closesAfterResponse(endsBody: boolean): boolean {
    if (endsBody || !this.#stream.isRequestComplete) this.#isLast = true;
    const request = this.#stream.requestHead;
    if (request === undefined || !request.keepAlive) this.#isLast = true;
    const limit = this.#manager.config.maxRequestsPerConnection;
    if (limit !== undefined && this.#requestCount >= limit) {
      if (!this.#isDraining) this.#stats.inc(HTTP.downstream_cx_max_requests_reached);
      this.#isLast = true;
    }
    if (this.#isDraining || this.#manager.drain.shouldClose()) {
      if (!this.#isLast) this.#stats.inc(HTTP.downstream_cx_drain_close);
      this.#isLast = true;
    }
    return this.#isLast;
  }

  watchIdle(timeoutMs: number): void {
    this.#timers.arm(IDLE, timeoutMs);
  }

  // ---- for the writer

  onAboveWatermark(): void {
    this.#stream.onDownstreamAboveWatermark();
  }

  onBelowWatermark(): void {
    this.#stream.onDownstreamBelowWatermark();
  }

  onFlushed(): void {
    if (this.#isClosed) return;
    if (!this.#isClosing) {
      this.flush();
      return;
    }
    if (!this.#delaysClose) {
      this.close();
      return;
    }
    // A close with unread request bytes would be a RST, which may overtake the reply: let the peer close first.
    if (this.#manager.config.delayedCloseTimeoutMs === 0) this.close();
    else this.#awaitPeer();
  }

  // ---- for the timer wheel

  onTimeout(kind: number): void {
    switch (kind) {
      case IDLE:
        this.#onIdleTimer();
        break;
      case DRAIN:
        this.#isLast = true;
        if (this.isIdle) this.#finish();
        break;
      case DURATION:
        this.#stats.inc(HTTP.downstream_cx_max_duration_reached);
        this.#startDrainSequence();
        break;
      case REQUEST:
        if (this.#stream.isActive && !this.#stream.isRequestComplete) {
          this.#stream.onRequestTimeout();
        }
        break;
      case HEADERS:
        if (this.#stream.isActive && this.#stream.requestHead === undefined) {
          this.#stream.onHeadersTimeout();
        }
        break;
      default:
        this.#stats.inc(HTTP.downstream_cx_delayed_close_timeout);
        this.close();
    }
  }

  /** Takes up pipelined requests again: at the end of the event in which the one before them ended, or when there is room for answers. */
  flush(): void {
    this.#isDeferred = false;
    if (this.#isClosed || this.#isClosing) return;
    for (const { bytes, start } of this.#pipelined.take()) this.#consume(bytes, start);
    if (this.#pipelined.size <= MAX_PIPELINED_BYTES / 2)
      this.pauseRequest(PAUSE.pipelineIsFull, false);
  }

  // ---- reading

  /** Which protocol it is shows with the first bytes: before them Envoy counts no HTTP/1 connection. */
  #startCodec(): void {
    this.#hasCodec = true;
    if (this.#isClosed) return;
    this.#stats.inc(HTTP.downstream_cx_http1_total);
    this.#stats.inc(HTTP.downstream_cx_http1_active);
  }

  #accept(bytes: Uint8Array): void {
    if (this.#pipelined.size > 0) this.#hold(bytes, 0);
    else this.#consume(bytes, 0);
  }

  /** Feeds the decoder until the bytes are used up, or a request is complete whose answer is not. */
  #consume(bytes: Uint8Array, start: number): void {
    const end = bytes.length;
    const stream = this.#stream;
    let at = start;
    while (at < end) {
      if (this.#isClosing || this.#isClosed) return;
      if (this.#pipelined.size > 0 || (stream.isActive && stream.isRequestComplete)) {
        this.#hold(bytes, at);
        return;
      }
      if (!stream.isActive && this.writer.pendingBytes > this.#manager.bufferLimitBytes) {
        // Who does not read its answers gets no further ones: they would have to be kept here.
        this.#hold(bytes, at);
        this.writer.notifyWhenFlushed();
        return;
      }
      this.#isReceiving = true;
      const consumed = this.#decoder.receive(bytes, at, end);
      this.#isReceiving = false;
      at += consumed;
      stream.downstreamWireBytesReceived += consumed;
      if (stream.isActive) {
        if (stream.isResponseComplete) this.#finishStream();
      } else if (!this.#isClosing && !this.#decoder.isIdle) {
        stream.begin();
      }
      if (consumed === 0) return;
    }
  }

  #hold(bytes: Uint8Array, start: number): void {
    this.#pipelined.push(bytes, start);
    if (this.#pipelined.size > MAX_PIPELINED_BYTES) this.pauseRequest(PAUSE.pipelineIsFull, true);
  }

  // ---- ends of streams

  /** The response is out: the connection serves the next request, or closes. */
  #finishStream(): void {
    const wasRequestComplete = this.#stream.isRequestComplete;
    this.#endStream();
    if (this.#isClosed) return;
    if (this.#isLast || !wasRequestComplete) {
      // Bytes of a request that we do not read may still be on their way.
      this.#delaysClose = !wasRequestComplete;
      this.#finish();
      return;
    }
    this.#decoder.next();
    if (this.#pipelined.size > 0 && !this.#isDeferred && !this.#isReceiving) {
      this.#isDeferred = true;
      this.#dispatcher.defer(this);
    }
  }

  #endStream(): void {
    const stream = this.#stream;
    if (!stream.isActive) return;
    this.#lastActivityMs = this.#dispatcher.nowMs;
    stream.downstreamWireBytesSent = this.#bytesOut() - this.#sentBefore;
    stream.end();
    this.pauseRequest(PAUSE.upstreamIsSlow | PAUSE.bodyIsHeld, false);
    this.#timers.disarm(REQUEST);
    this.#timers.disarm(HEADERS);
    this.#countSent();
  }

  /** Closes after what is waiting to be written. */
  #finish(): void {
    this.#pipelined.clear();
    // While we wait for the peer to close, its bytes are read and dropped.
    this.pauseRequest(PAUSE.pipelineIsFull, false);
    this.#closeWhenFlushed();
  }

  #closeWhenFlushed(): void {
    this.#isClosing = true;
    this.writer.notifyWhenFlushed();
    this.#awaitPeer();
  }

  /** A peer that neither reads nor closes for the delayed close timeout is waited for no longer; 0 means that it is. */
  #awaitPeer(): void {
    const delayMs = this.#manager.config.delayedCloseTimeoutMs;
    if (delayMs > 0) this.#timers.arm(DELAYED_CLOSE, delayMs);
  }

  /** FIN from downstream. HTTP/1 clients that wait for an answer keep their side open, so this one has gone (as Envoy sees it). */
  #peerEnded(): void {
    if (this.#isClosed) return;
    if (this.#stream.isActive || this.writer.pendingBytes === 0) {
      this.#closed("remote", "downstream_remote_disconnect");
      this.#socket.close();
    } else {
      // The answer is on its way: it is still delivered.
      this.#delaysClose = false;
      this.#finish();
    }
  }

  #closed(closedBy: "local" | "remote", details: string | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const stream = this.#stream;
    const stats = this.#stats;
    const hadRequest = stream.isActive;
    if (hadRequest) {
      stats.inc(HTTP.downstream_cx_destroy_active_rq);
      if (closedBy === "remote") {
        stats.inc(HTTP.downstream_rq_rx_reset);
        stats.inc(HTTP.downstream_cx_destroy_remote_active_rq);
        stream.addFlag(FLAG.DC);
      } else {
        stats.inc(HTTP.downstream_cx_destroy_local_active_rq);
      }
      stream.responseCodeDetails ??= details ?? "downstream_local_disconnect";
      if (closedBy === "remote" && details !== undefined) stream.responseCodeDetails = details;
    }
    this.#endStream();
    this.#countSent();
    stats.inc(HTTP.downstream_cx_destroy);
    stats.inc(
      closedBy === "remote" ? HTTP.downstream_cx_destroy_remote : HTTP.downstream_cx_destroy_local,
    );
    stats.dec(HTTP.downstream_cx_active);
    if (this.#hasCodec) stats.dec(HTTP.downstream_cx_http1_active);
    this.#manager.connectionLength.record(this.#dispatcher.nowMs - this.#startMs);
    this.writer.detach();
    this.#pipelined.clear();
    this.#timers.disarmAll();
    this.#owner.onConnectionClosed(this);
  }

  // ---- timers

  /**
   * One timer, never moved while requests come and go: when it fires it looks at when something last happened, and sleeps for the
   * rest. While idle it sleeps no longer than a stream may be idle, so that it is awake in time for the next one.
   */
  #armIdle(): void {
    const { idleTimeoutMs, streamIdleTimeoutMs } = this.#manager.config;
    const stream = this.#stream;
    const limitMs = stream.isActive ? stream.idleTimeoutMs : idleTimeoutMs;
    const { nowMs } = this.#dispatcher;
    let delayMs = Number.POSITIVE_INFINITY;
    if (limitMs !== undefined) delayMs = this.#lastActivityMs + limitMs - nowMs;
    for (const otherMs of [idleTimeoutMs, streamIdleTimeoutMs]) {
      if (otherMs !== undefined) delayMs = Math.min(delayMs, otherMs);
    }
    if (delayMs < Number.POSITIVE_INFINITY) this.#timers.arm(IDLE, delayMs);
  }

  #onIdleTimer(): void {
    const stream = this.#stream;
    const limitMs = stream.isActive ? stream.idleTimeoutMs : this.#manager.config.idleTimeoutMs;
    if (stream.isActive) {
      this.#lastActivityMs = Math.max(this.#lastActivityMs, stream.lastUpstreamActivityMs);
    }
    const idleMs = this.#dispatcher.nowMs - this.#lastActivityMs;
    if (limitMs === undefined || idleMs < limitMs) {
      this.#armIdle();
      return;
    }
    if (stream.isActive) {
      stream.onIdleTimeout();
    } else {
      this.#stats.inc(HTTP.downstream_cx_idle_timeout);
      this.#startDrainSequence();
    }
  }

  /** Envoy's drain sequence: one more request is answered, with `connection: close`; without one it ends after the drain timeout. */
  #startDrainSequence(): void {
    if (this.#isDraining || this.#isClosing) return;
    this.#isDraining = true;
    this.#timers.arm(DRAIN, this.#manager.config.drainTimeoutMs);
  }

  #bytesOut(): number {
    return this.writer.bytesSent + this.writer.pendingBytes;
  }

  #countSent(): void {
    const { bytesSent } = this.writer;
    this.#stats.add(HTTP.downstream_cx_tx_bytes_total, bytesSent - this.#countedBytesSent);
    this.#countedBytesSent = bytesSent;
  }
}
