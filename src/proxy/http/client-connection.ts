// One HTTP/1 connection to an upstream host: a request goes out, its response comes back to the exchange that sent it.
// Knows nothing of routes or retries; which request gets it is the pool's affair.
import type { Socket, SocketError } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import {
  encodeChunkEnd,
  encodeChunkHead,
  encodeLastChunk,
  encodeRequestHead,
} from "#codec/http1/encoder.ts";
import type { Framing } from "#codec/http1/framing.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { ResponseDecoder, type ResponseSink } from "#codec/http1/response-decoder.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { RESPONSE_LIMITS } from "#codec/limits.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { ProtocolError } from "#codec/protocol-error.ts";
import { connectErrorText, connectFailureOf } from "../connect-error.ts";
import type { DispatchedConnectHandler, DispatchedNet } from "../dispatched-net.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { SocketWriter, type SocketWriterOwner } from "../socket-writer.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import {
  type ConnectionPool,
  PoolEntry,
  type PooledConnection,
  type PoolKind,
} from "../upstream/connection-pool.ts";
import type { Host } from "../upstream/host.ts";
import type { ResetReason } from "./reset-reason.ts";

/** Who sent the request and wants the response: the router's attempt, or a shadow request. */
export interface UpstreamExchange {
  /** A 1xx response other than 101. The head is valid during the call only. */
  onUpstreamInformational(head: ResponseHead): void;
  onUpstreamHead(head: ResponseHead): void;
  /** Valid for ever; nobody writes into them again. */
  onUpstreamData(bytes: Uint8Array, start: number, end: number): void;
  onUpstreamTrailers(trailers: HeaderBlock): void;
  /** The response is complete. The connection is no longer the exchange's. */
  onUpstreamEnd(): void;
  /** The response will never be complete. The connection is gone. */
  onUpstreamReset(reason: ResetReason): void;
  /** The upstream reads more slowly than the request comes in. */
  onUpstreamAboveWatermark(): void;
  onUpstreamBelowWatermark(): void;
}

/** Makes HTTP/1 connections for the pools of one worker. */
export class HttpPoolKind implements PoolKind<ClientConnection> {
  readonly protocol = "http1" as const;
  /** Why the last attempt to connect failed; read by who is told of the failure, while it is being told. */
  lastConnectError: string | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #net: DispatchedNet;

  constructor(dispatcher: Dispatcher, net: DispatchedNet) {
    this.#dispatcher = dispatcher;
    this.#net = net;
  }

  connect(host: Host, pool: ConnectionPool<ClientConnection>): ClientConnection {
    return new ClientConnection(this.#dispatcher, this.#net, host, pool, this);
  }
}

export class ClientConnection
  implements PooledConnection, DispatchedConnectHandler, SocketWriterOwner
{
  readonly poolEntry: PoolEntry = new PoolEntry();
  readonly host: Host;
  readonly id: number;
  socket: Socket | undefined;
  /** Who gets what the decoder finds; undefined between requests. */
  exchange: UpstreamExchange | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #pool: ConnectionPool<ClientConnection>;
  readonly #kind: HttpPoolKind;
  readonly #stats: StatBlock<"cluster">;
  readonly #writer: SocketWriter;
  readonly #decoder: ResponseDecoder;
  readonly #connecting: { cancel(): void };
  #framing: Framing = "none";
  #isRequestComplete = true;
  #isResponseComplete = true;
  #isKeptAlive = true;
  #isClosed = false;
  #isReadPaused = false;
  #isReceiving = false;
  #isAbandoned = false;
  /** FIN or RST came. */
  #hasRemoteEnded = false;
  #countedBytesSent = 0;

  constructor(
    dispatcher: Dispatcher,
    net: DispatchedNet,
    host: Host,
    pool: ConnectionPool<ClientConnection>,
    kind: HttpPoolKind,
  ) {
    this.host = host;
    this.id = dispatcher.nextConnectionId();
    this.#dispatcher = dispatcher;
    this.#pool = pool;
    this.#kind = kind;
    this.#stats = host.cluster.stats;
    this.#writer = new SocketWriter(dispatcher, this, host.cluster.config.bufferLimitBytes);
    this.#decoder = new ResponseDecoder(RESPONSE_LIMITS, new ResponseRelay(this));
    host.cluster.noteHttp1Codec();
    this.#connecting = net.connect(host.address, this);
  }

  /** Bytes given to the kernel so far, for who wants to know what one request took on the wire. */
  get bytesSent(): number {
    return this.#writer.bytesSent + this.#writer.pendingBytes;
  }

  // ---- for the exchange

  /** Sends the head; `framing` says how the body that follows is delimited. */
  startRequest(exchange: UpstreamExchange, head: RequestHead, framing: Framing): void {
    this.exchange = exchange;
    this.#framing = framing;
    this.#isRequestComplete = false;
    this.#isResponseComplete = false;
    this.#decoder.expect(head.method, framing === "tunnel");
    encodeRequestHead(this.#writer.buffer(), head, framing);
  }

  /** The same for a head that was encoded before. */
  startEncodedRequest(
    exchange: UpstreamExchange,
    method: string,
    head: OutputBuffer,
    framing: Framing,
  ): void {
    this.exchange = exchange;
    this.#framing = framing;
    this.#isRequestComplete = false;
    this.#isResponseComplete = false;
    this.#decoder.expect(method, false);
    this.#writer.buffer().copy(head.bytes, head.start, head.end);
  }

  sendData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#framing !== "chunked") {
      this.#writer.write(bytes, start, end);
      return;
    }
    encodeChunkHead(this.#writer.buffer(), end - start);
    this.#writer.write(bytes, start, end);
    encodeChunkEnd(this.#writer.buffer());
  }

  endRequest(trailers: HeaderBlock | undefined): void {
    if (this.#isRequestComplete) return;
    this.#isRequestComplete = true;
    if (this.#framing === "chunked") encodeLastChunk(this.#writer.buffer(), trailers);
    // The end of a tunnel's bytes can only be said by FIN.
    else if (this.#framing === "tunnel") this.#writer.notifyWhenFlushed();
  }

  /**
   * The exchange is no longer interested. What was begun on the connection makes it unusable, so it closes; unless the rest of
   * the response came in the same read (a small answer that is retried).
   */
  abandon(): void {
    if (this.exchange === undefined) return;
    this.exchange = undefined;
    if (this.#isReceiving) this.#isAbandoned = true;
    else this.#closeWith("local", "localReset");
  }

  /** The exchange's downstream is slow, or not any more. */
  pauseReading(isPaused: boolean): void {
    if (this.#isReadPaused === isPaused) return;
    this.#isReadPaused = isPaused;
    if (isPaused) {
      this.#stats.inc(CLUSTER.upstream_flow_control_paused_reading_total);
      this.socket?.pause();
    } else {
      this.#stats.inc(CLUSTER.upstream_flow_control_resumed_reading_total);
      this.socket?.resume();
    }
  }

  // ---- for the pool

  isReusable(): boolean {
    return (
      !this.#isClosed &&
      this.#isKeptAlive &&
      this.#isRequestComplete &&
      this.#isResponseComplete &&
      // Who answers without reading would have the next request wait behind the rest of this one, above the watermark unseen.
      this.#writer.pendingBytes === 0
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    const exchange = this.exchange;
    this.exchange = undefined;
    exchange?.onUpstreamReset("localReset");
  }

  // ---- for the decoder

  noteHead(head: ResponseHead): void {
    if (!head.keepAlive && head.framing !== "untilClose" && head.framing !== "tunnel") {
      this.#stats.inc(CLUSTER.upstream_cx_close_notify);
    }
    if (!head.keepAlive || head.framing === "untilClose" || head.framing === "tunnel") {
      this.#isKeptAlive = false;
    }
  }

  noteResponseEnd(): void {
    // Told to the exchange when the decoder has returned: the next request may start at once, and must find it at rest.
    this.#isResponseComplete = true;
  }

  noteProtocolError(): void {
    this.#stats.inc(CLUSTER.upstream_cx_protocol_error);
    this.#closeWith(this.#hasRemoteEnded ? "remote" : "local", "protocolError");
  }

  // ---- for the socket

  onConnect(socket: Socket): void {
    this.socket = socket;
    this.#writer.attach(socket);
    this.#pool.onConnected(this);
  }

  onData(bytes: Uint8Array): void {
    this.#receive(bytes);
  }

  onDrain(): void {
    if (!this.#isClosed) this.#writer.onDrain();
  }

  onEnd(): void {
    if (!this.#isClosed) this.#remoteClosed(false);
  }

  onClose(error: SocketError | undefined): void {
    if (this.#isClosed) return;
    if (this.socket === undefined) this.#connectFailed(error);
    else this.#remoteClosed(error !== undefined);
  }

  handleBug(bug: unknown): void {
    this.#dispatcher.reportBug("upstream connection", bug);
    this.#closeWith("local", "localReset");
  }

  // ---- for the writer

  onAboveWatermark(): void {
    this.#stats.inc(CLUSTER.upstream_flow_control_backed_up_total);
    this.exchange?.onUpstreamAboveWatermark();
  }

  onBelowWatermark(): void {
    this.#stats.inc(CLUSTER.upstream_flow_control_drained_total);
    this.exchange?.onUpstreamBelowWatermark();
  }

  onFlushed(): void {
    if (!this.#isClosed) this.socket?.end();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#stats.add(CLUSTER.upstream_cx_rx_bytes_total, bytes.length);
    if (this.#isResponseComplete) {
      // An upstream that speaks unasked may not answer the next request with it.
      this.noteProtocolError();
      return;
    }
    this.#isReceiving = true;
    const consumed = this.#decoder.receive(bytes, 0, bytes.length);
    this.#isReceiving = false;
    if (this.#isClosed) return;
    if (!this.#isResponseComplete) {
      if (this.#isAbandoned) this.#closeWith("local", "localReset");
      return;
    }
    this.#isAbandoned = false;
    if (consumed < bytes.length) {
      this.#stats.inc(CLUSTER.upstream_cx_protocol_error);
      this.#isKeptAlive = false;
    }
    this.#finishResponse();
  }

  #finishResponse(): void {
    const exchange = this.exchange;
    this.exchange = undefined;
    exchange?.onUpstreamEnd();
    if (this.#isClosed) return;
    if (!this.#isRequestComplete) {
      // Answered early: what is left of the request has nowhere to go.
      this.#closeWith(this.#hasRemoteEnded ? "remote" : "local", "localReset");
      return;
    }
    if (this.#isReadPaused) this.pauseReading(false);
    this.#countSent();
    this.#pool.release(this, this.#hasRemoteEnded ? "remote" : "local");
  }

  /** FIN or RST came. */
  #remoteClosed(isReset: boolean): void {
    this.#hasRemoteEnded = true;
    if (this.#isResponseComplete) {
      this.#closeWith("remote", "connectionTermination");
    } else if (this.#decoder.isIdle) {
      this.#closeWith("remote", "connectionTermination");
    } else if (isReset) {
      // A body that FIN would end is cut short by RST: the downstream must see that.
      this.noteProtocolError();
    } else {
      this.#decoder.end();
      if (this.#isClosed) return;
      this.#isKeptAlive = false;
      if (this.#isResponseComplete) this.#finishResponse();
      else this.#closeWith("remote", "protocolError");
    }
  }

  #connectFailed(error: SocketError | undefined): void {
    this.#isClosed = true;
    this.#kind.lastConnectError = connectErrorText(error);
    this.#pool.onConnectFailed(this, connectFailureOf(error));
    this.#kind.lastConnectError = undefined;
  }

  #closeWith(closedBy: "local" | "remote", reason: ResetReason): void {
    if (this.#isClosed) return;
    this.#end();
    const exchange = this.exchange;
    this.exchange = undefined;
    this.#pool.onClosed(this, closedBy);
    exchange?.onUpstreamReset(reason);
  }

  #end(): void {
    this.#isClosed = true;
    this.#countSent();
    this.#writer.detach();
    if (this.socket === undefined) this.#connecting.cancel();
    else this.socket.close();
  }

  #countSent(): void {
    const { bytesSent } = this.#writer;
    this.#stats.add(CLUSTER.upstream_cx_tx_bytes_total, bytesSent - this.#countedBytesSent);
    this.#countedBytesSent = bytesSent;
  }
}

/** The decoder's sink: hands on to whatever exchange the connection serves now. */
class ResponseRelay implements ResponseSink {
  readonly #connection: ClientConnection;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  onInformational(head: ResponseHead): void {
    this.#connection.exchange?.onUpstreamInformational(head);
  }

  onHead(head: ResponseHead): void {
    this.#connection.noteHead(head);
    this.#connection.exchange?.onUpstreamHead(head);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#connection.exchange?.onUpstreamData(bytes, start, end);
  }

  onTrailers(trailers: HeaderBlock): void {
    this.#connection.exchange?.onUpstreamTrailers(trailers);
  }

  onEnd(): void {
    this.#connection.noteResponseEnd();
  }

  onError(_error: ProtocolError): void {
    this.#connection.noteProtocolError();
  }
}
