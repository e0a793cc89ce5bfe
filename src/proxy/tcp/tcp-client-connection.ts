// One TCP connection to an upstream host, used by one downstream connection and then gone. Bytes pass through it unread.
import type { Socket, SocketError } from "#base/net.ts";
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
import type { ClosedBy } from "../upstream/pool-counters.ts";

/** The downstream connection that the bytes are for. */
export interface TcpUpstreamOwner {
  /** Valid for ever; nobody writes into them again. */
  onUpstreamData(bytes: Uint8Array): void;
  /** The upstream will send nothing more. */
  onUpstreamEnd(): void;
  /** All that was written has gone out, the end too if it was said. */
  onUpstreamFlushed(): void;
  /** The connection is gone and its owner did not ask for it. */
  onUpstreamClosed(isReset: boolean): void;
  onUpstreamAboveWatermark(): void;
  onUpstreamBelowWatermark(): void;
}

/** Makes TCP connections for the pools of one worker. */
export class TcpPoolKind implements PoolKind<TcpClientConnection> {
  readonly protocol = "tcp" as const;
  /** Why the last attempt to connect failed; read by who is told of the failure, while it is being told. */
  lastConnectError: string | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #net: DispatchedNet;

  constructor(dispatcher: Dispatcher, net: DispatchedNet) {
    this.#dispatcher = dispatcher;
    this.#net = net;
  }

  connect(host: Host, pool: ConnectionPool<TcpClientConnection>): TcpClientConnection {
    return new TcpClientConnection(this.#dispatcher, this.#net, host, pool, this);
  }
}

export class TcpClientConnection
  implements PooledConnection, DispatchedConnectHandler, SocketWriterOwner
{
  readonly poolEntry: PoolEntry = new PoolEntry();
  readonly id: number;
  socket: Socket | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #pool: ConnectionPool<TcpClientConnection>;
  readonly #kind: TcpPoolKind;
  readonly #stats: StatBlock<"cluster">;
  readonly #writer: SocketWriter;
  readonly #connecting: { cancel(): void };
  #owner: TcpUpstreamOwner | undefined;
  #endsWriting = false;
  #isClosed = false;
  #countedBytesSent = 0;

  constructor(
    dispatcher: Dispatcher,
    net: DispatchedNet,
    host: Host,
    pool: ConnectionPool<TcpClientConnection>,
    kind: TcpPoolKind,
  ) {
    this.id = dispatcher.nextConnectionId();
    this.#dispatcher = dispatcher;
    this.#pool = pool;
    this.#kind = kind;
    this.#stats = host.cluster.stats;
    this.#writer = new SocketWriter(dispatcher, this, host.cluster.config.bufferLimitBytes);
    this.#connecting = net.connect(host.address, this);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  // ---- for the owner

  /** Bytes that came are for `owner` from now on. */
  start(owner: TcpUpstreamOwner): void {
    this.#owner = owner;
    this.socket?.resume();
  }

  write(bytes: Uint8Array): void {
    this.#writer.write(bytes, 0, bytes.length);
    this.#writer.notifyWhenFlushed();
  }

  /** Nothing more will be written: FIN follows what waits. */
  endWriting(): void {
    this.#endsWriting = true;
    this.#writer.notifyWhenFlushed();
  }

  /** The downstream is slow, or not any more. */
  pauseReading(isPaused: boolean): void {
    if (isPaused) {
      this.#stats.inc(CLUSTER.upstream_flow_control_paused_reading_total);
      this.socket?.pause();
    } else {
      this.#stats.inc(CLUSTER.upstream_flow_control_resumed_reading_total);
      this.socket?.resume();
    }
  }

  /** The owner is done with it; what waits to be written is dropped. `closedBy` is who wanted the end, for statistics. */
  finish(closedBy: ClosedBy): void {
    this.#owner = undefined;
    this.#closeWith(closedBy, false);
  }

  /** The same with RST: the downstream's own reset, passed on. */
  reset(): void {
    this.#owner = undefined;
    if (this.#isClosed) return;
    this.#end(true);
    this.#pool.onClosed(this, "local");
  }

  // ---- for the pool

  isReusable(): boolean {
    return false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#leaveOwner(false);
  }

  // ---- for the socket

  onConnect(socket: Socket): void {
    this.socket = socket;
    this.#writer.attach(socket);
    this.#pool.onConnected(this);
    // Nobody wants it yet: what it says waits in the kernel.
    if (this.#owner === undefined && !this.#isClosed) socket.pause();
  }

  onData(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#stats.add(CLUSTER.upstream_cx_rx_bytes_total, bytes.length);
    this.#owner?.onUpstreamData(bytes);
  }

  onDrain(): void {
    if (this.#isClosed) return;
    this.#writer.onDrain();
    this.#countSent();
  }

  onEnd(): void {
    if (this.#isClosed) return;
    if (this.#owner === undefined) this.#closeWith("remote", false);
    else this.#owner.onUpstreamEnd();
  }

  onClose(error: SocketError | undefined): void {
    if (this.#isClosed) return;
    if (this.socket === undefined) this.#connectFailed(error);
    else this.#closeWith("remote", error !== undefined);
  }

  handleBug(bug: unknown): void {
    this.#dispatcher.reportBug("upstream TCP connection", bug);
    this.#closeWith("local", false);
  }

  // ---- for the writer

  onAboveWatermark(): void {
    this.#stats.inc(CLUSTER.upstream_flow_control_backed_up_total);
    this.#owner?.onUpstreamAboveWatermark();
  }

  onBelowWatermark(): void {
    this.#stats.inc(CLUSTER.upstream_flow_control_drained_total);
    this.#owner?.onUpstreamBelowWatermark();
  }

  onFlushed(): void {
    if (this.#isClosed) return;
    this.#countSent();
    if (this.#endsWriting) this.socket?.end();
    this.#owner?.onUpstreamFlushed();
  }

  #connectFailed(error: SocketError | undefined): void {
    this.#isClosed = true;
    this.#kind.lastConnectError = connectErrorText(error);
    this.#pool.onConnectFailed(this, connectFailureOf(error));
    this.#kind.lastConnectError = undefined;
  }

  #closeWith(closedBy: ClosedBy, isReset: boolean): void {
    if (this.#isClosed) return;
    this.#end();
    this.#pool.onClosed(this, closedBy);
    this.#leaveOwner(isReset);
  }

  #leaveOwner(isReset: boolean): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.onUpstreamClosed(isReset);
  }

  /** Noted first: a runtime may tell of the end at once. */
  #end(withReset = false): void {
    this.#isClosed = true;
    this.#countSent();
    this.#writer.detach();
    if (this.socket === undefined) this.#connecting.cancel();
    else if (withReset) this.socket.reset();
    else this.socket.close();
  }

  #countSent(): void {
    const { bytesSent } = this.#writer;
    this.#stats.add(CLUSTER.upstream_cx_tx_bytes_total, bytesSent - this.#countedBytesSent);
    this.#countedBytesSent = bytesSent;
  }
}
