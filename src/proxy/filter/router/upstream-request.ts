// One attempt of a request (Envoy's UpstreamRequest): a connection from the host's pool, the request on it, and the time it may take.
// Knows no policy: what comes of the attempt is told to its owner, who decides. The outlier detector hears of it here.
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { ClientConnection, UpstreamExchange } from "../../http/client-connection.ts";
import type { HttpServices } from "../../http/connection-manager.ts";
import { GRPC_STATUS } from "../../http/header-names.ts";
import { RESET, RESET_OF_POOL_FAILURE, type ResetReason } from "../../http/reset-reason.ts";
import type { Stream } from "../../http/stream.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Priority } from "../../upstream/circuit-breaker.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type {
  ConnectionPool,
  PoolFailureReason,
  PoolWaiter,
} from "../../upstream/connection-pool.ts";
import type { Host } from "../../upstream/host.ts";
import { NOT_WAITING } from "../../upstream/pending-queue.ts";
import { httpStatusOfGrpc } from "../local-reply.ts";

/** What an attempt may take; undefined: no limit of its own. */
export interface AttemptLimits {
  /** From the moment that the whole request is sent to the response's head. */
  readonly perTryTimeoutMs: number | undefined;
  /** Between bytes, in either direction. */
  readonly perTryIdleTimeoutMs: number | undefined;
}

/** Who made the attempt and decides what follows from it. */
export interface AttemptOwner {
  /** There is a connection: the head, and what there is of the body, may be sent. */
  onAttemptReady(): void;
  onAttemptInformational(head: ResponseHead): void;
  onAttemptHead(head: ResponseHead): void;
  onAttemptData(bytes: Uint8Array, start: number, end: number): void;
  onAttemptTrailers(trailers: HeaderBlock): void;
  /** The response is complete. */
  onAttemptEnd(): void;
  /** It is over without a whole response. `wasStarted`: something of the request had been sent. */
  onAttemptFailed(reason: ResetReason, wasStarted: boolean): void;
  /** It took longer than its limits allow, and has been dropped. */
  onAttemptTimeout(limit: "perTry" | "perTryIdle"): void;
  /** The upstream reads more slowly than the request is sent, or not any more. */
  onAttemptBackedUp(isBackedUp: boolean): void;
}

const [PER_TRY, PER_TRY_IDLE] = [0, 1] as const;

/** Made once a router and used for its attempts in turn, for there is one at a time. */
export class UpstreamRequest
  implements PoolWaiter<ClientConnection>, UpstreamExchange, TimeoutOwner
{
  poolSlot: number = NOT_WAITING;
  /** When a byte last came from upstream. */
  lastActivityMs = 0;
  /** Of the attempt under way, or the last one. */
  host: Host | undefined = undefined;
  readonly #stream: Stream;
  readonly #services: HttpServices;
  readonly #owner: AttemptOwner;
  #cluster: Cluster | undefined = undefined;
  #limits: AttemptLimits | undefined = undefined;
  #pool: ConnectionPool<ClientConnection> | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;
  #isResponseStarted = false;
  #sentBefore = 0;
  #acquiredAtMs = 0;
  readonly #perTryTimer: WheelTimer = new WheelTimer(this, PER_TRY);
  readonly #perTryIdleTimer: WheelTimer = new WheelTimer(this, PER_TRY_IDLE);

  constructor(stream: Stream, services: HttpServices, owner: AttemptOwner) {
    this.#stream = stream;
    this.#services = services;
    this.#owner = owner;
  }

  /** It has a connection, so that bytes may be sent. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  get isUnderWay(): boolean {
    return this.#connection !== undefined || this.poolSlot !== NOT_WAITING;
  }

  // ---- for the owner

  /** Asks the host's pool for a connection. The outcome may come from inside of this call. */
  start(cluster: Cluster, host: Host, priority: Priority, limits: AttemptLimits | undefined): void {
    const stream = this.#stream;
    this.#cluster = cluster;
    this.#limits = limits;
    this.#isResponseStarted = false;
    this.host = host;
    stream.upstreamHost = host.address;
    stream.upstreamHostname = host.hostname;
    const pool = host.pool(this.#services.poolKind, priority);
    this.#pool = pool;
    this.#acquiredAtMs = stream.dispatcher.nowMs;
    const outcome = pool.acquire(this);
    if (outcome === "overflow") this.onPoolFailure("overflow");
    else if (outcome !== "pending") this.onConnectionReady(outcome);
  }

  sendHead(head: RequestHead): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const stream = this.#stream;
    this.#sentBefore = connection.bytesSent;
    connection.startRequest(this, head, head.framing);
    stream.upstreamHeaderBytesSent = connection.bytesSent - this.#sentBefore;
    if (stream.owner.writer.isAboveWatermark) connection.pauseReading(true);
    this.#touchIdle();
  }

  sendData(bytes: Uint8Array, start: number, end: number): void {
    this.#connection?.sendData(bytes, start, end);
    this.#touchIdle();
  }

  /** The request is complete. */
  finish(trailers: HeaderBlock | undefined): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const stream = this.#stream;
    const { wheel, nowMs } = stream.dispatcher;
    connection.endRequest(trailers);
    stream.lastUpstreamTxMs = nowMs;
    stream.upstreamWireBytesSent = connection.bytesSent - this.#sentBefore;
    const perTryMs = this.#limits?.perTryTimeoutMs;
    if (perTryMs !== undefined && !this.#isResponseStarted) {
      wheel.arm(this.#perTryTimer, nowMs, perTryMs);
    }
  }

  /** The downstream reads more slowly than the response comes in, or not any more. */
  pauseReading(isPaused: boolean): void {
    this.#connection?.pauseReading(isPaused);
  }

  /** Lets go of it, whatever state it is in. */
  drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#disarm();
    connection?.abandon();
    if (this.poolSlot !== NOT_WAITING) this.#pool?.cancel(this);
  }

  /** The request is over: drops what is under way, and holds nothing any more. */
  release(): void {
    this.drop();
    this.#cluster = undefined;
    this.#limits = undefined;
    this.#pool = undefined;
    this.host = undefined;
  }

  /** The outlier detector hears that the host took too long. */
  reportTimeout(): void {
    const { host } = this;
    if (host === undefined) return;
    this.#cluster?.outlier?.handleLocalOrigin(host, "timeout", this.#stream.dispatcher.nowMs);
  }

  // ---- for the pool

  onConnectionReady(connection: ClientConnection): void {
    const stream = this.#stream;
    const { nowMs } = stream.dispatcher;
    this.#connection = connection;
    this.#cluster?.outlier?.handleLocalOrigin(connection.host, "connectSuccess", nowMs);
    stream.upstreamConnectionId = connection.id;
    stream.upstreamLocalAddress = connection.socket?.local;
    stream.upstreamProtocol = "HTTP/1.1";
    stream.connectionPoolReadyMs = nowMs - this.#acquiredAtMs;
    stream.firstUpstreamTxMs ??= nowMs;
    this.#owner.onAttemptReady();
  }

  onPoolFailure(reason: PoolFailureReason): void {
    this.#stream.upstreamTransportFailureReason =
      reason === "overflow" ? undefined : this.#services.poolKind.lastConnectError;
    this.#fail(RESET_OF_POOL_FAILURE[reason], false);
  }

  // ---- for the connection

  onUpstreamInformational(head: ResponseHead): void {
    this.#owner.onAttemptInformational(head);
  }

  onUpstreamHead(head: ResponseHead): void {
    const { nowMs, wheel } = this.#stream.dispatcher;
    this.#stream.firstUpstreamRxMs = nowMs;
    this.lastActivityMs = nowMs;
    this.#isResponseStarted = true;
    wheel.disarm(this.#perTryTimer);
    this.#touchIdle();
    const { outlier } = this.#cluster as Cluster;
    if (outlier !== undefined) {
      const grpc = head.value(GRPC_STATUS);
      const status = grpc === undefined ? head.status : httpStatusOfGrpc(Number(grpc));
      outlier.handleHttpStatus(this.host as Host, status, nowMs);
    }
    this.#owner.onAttemptHead(head);
  }

  onUpstreamData(bytes: Uint8Array, start: number, end: number): void {
    this.#touchIdle();
    this.lastActivityMs = this.#stream.dispatcher.nowMs;
    this.#stream.upstreamWireBytesReceived += end - start;
    this.#owner.onAttemptData(bytes, start, end);
  }

  onUpstreamTrailers(trailers: HeaderBlock): void {
    this.#owner.onAttemptTrailers(trailers);
  }

  onUpstreamEnd(): void {
    this.#connection = undefined;
    this.#stream.lastUpstreamRxMs = this.#stream.dispatcher.nowMs;
    this.#disarm();
    this.#owner.onAttemptEnd();
  }

  onUpstreamReset(reason: ResetReason): void {
    this.#connection = undefined;
    this.#fail(reason, true);
  }

  onUpstreamAboveWatermark(): void {
    this.#owner.onAttemptBackedUp(true);
  }

  onUpstreamBelowWatermark(): void {
    this.#owner.onAttemptBackedUp(false);
  }

  // ---- for the timer wheel

  onTimeout(kind: number): void {
    this.drop();
    this.reportTimeout();
    this.#owner.onAttemptTimeout(kind === PER_TRY ? "perTry" : "perTryIdle");
  }

  #fail(reason: ResetReason, wasStarted: boolean): void {
    this.#disarm();
    if (reason !== "overflow") {
      const event = RESET[reason].isConnectFailure ? "connectFailed" : "reset";
      const { nowMs } = this.#stream.dispatcher;
      this.#cluster?.outlier?.handleLocalOrigin(this.host as Host, event, nowMs);
    }
    this.#owner.onAttemptFailed(reason, wasStarted);
  }

  #touchIdle(): void {
    const idleMs = this.#limits?.perTryIdleTimeoutMs;
    if (idleMs === undefined) return;
    const { wheel, nowMs } = this.#stream.dispatcher;
    wheel.arm(this.#perTryIdleTimer, nowMs, idleMs);
  }

  #disarm(): void {
    if (this.#limits === undefined) return;
    const { wheel } = this.#stream.dispatcher;
    wheel.disarm(this.#perTryTimer);
    wheel.disarm(this.#perTryIdleTimer);
  }
}
