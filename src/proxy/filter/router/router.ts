// The last HTTP filter: forwards one request to a host of its cluster, over and over as the retry policy allows, and brings the
// response back. Which host is the cluster's choice, which connection the pool's, and whether to try again the RetryState's.
import type { SocketAddress } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { ForwardAction, RetryPolicy } from "../../config/route-config.ts";
import { BodyBuffer } from "../../http/body-buffer.ts";
import type { ClientConnection, UpstreamExchange } from "../../http/client-connection.ts";
import type { HttpServices } from "../../http/connection-manager.ts";
import {
  decimalBytes,
  GRPC_STATUS,
  TRUE,
  X_ENVOY_ATTEMPT_COUNT,
  X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
  X_ENVOY_OVERLOADED,
  X_ENVOY_UPSTREAM_SERVICE_TIME,
} from "../../http/header-names.ts";
import { PAUSE } from "../../http/pause-reason.ts";
import { RESET, RESET_OF_POOL_FAILURE, type ResetReason } from "../../http/reset-reason.ts";
import type { Stream } from "../../http/stream.ts";
import { FLAG } from "../../response-flags.ts";
import { finalizeRequest, finalizeResponse } from "../../route/finalize.ts";
import { rewriteHost } from "../../route/path-rewrite.ts";
import { pickCluster } from "../../route/pick-cluster.ts";
import type { ClusterChoice, RouteEntry } from "../../route/route-entry.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { HTTP } from "../../stats/schema/http.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type {
  ConnectionPool,
  PoolFailureReason,
  PoolWaiter,
} from "../../upstream/connection-pool.ts";
import type { Host } from "../../upstream/host.ts";
import { NOT_WAITING } from "../../upstream/pending-queue.ts";
import type { PickContext } from "../../upstream/pick-context.ts";
import { httpStatusOfGrpc } from "../local-reply.ts";
import { answerByRoute } from "./answer-by-route.ts";
import { isRetriable, RetryState } from "./retry-state.ts";
import { type ShadowRequest, startShadows } from "./shadow-request.ts";

const [GLOBAL_TIMEOUT, PER_TRY_TIMEOUT, PER_TRY_IDLE_TIMEOUT, BACK_OFF] = [0, 1, 2, 3] as const;

/** Made once a connection and used for its requests in turn; it is also the attempt, for there is one at a time. */
export class Router
  implements PoolWaiter<ClientConnection>, UpstreamExchange, PickContext, TimeoutOwner
{
  poolSlot: number = NOT_WAITING;
  readonly originalDestination: SocketAddress | undefined = undefined;
  /** When a byte last came from upstream. */
  lastActivityMs = 0;
  readonly #stream: Stream;
  readonly #services: HttpServices;
  readonly #suppressEnvoyHeaders: boolean;
  #entry: RouteEntry | undefined = undefined;
  #action: ForwardAction | undefined = undefined;
  #choice: ClusterChoice | undefined = undefined;
  /** The cluster that the route names, if it is there. */
  #target: Cluster | undefined = undefined;
  /** The same, once the request is being forwarded. */
  #cluster: Cluster | undefined = undefined;
  #retry: RetryState | undefined = undefined;
  #perTryTimeoutMs: number | undefined = undefined;

  #host: Host | undefined = undefined;
  #pool: ConnectionPool<ClientConnection> | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;
  #sentBefore = 0;
  #acquiredAtMs = 0;
  #isRequestEnded = false;
  #isResponseStarted = false;
  /** The body so far: what could not be sent yet, and, while a retry is possible, all of it. */
  readonly #body: BodyBuffer = new BodyBuffer();
  #keepsBody = false;
  #trailers: HeaderBlock | undefined = undefined;
  #triedHosts: Host[] = [];
  #shadows: ShadowRequest[] = [];

  readonly #globalTimer: WheelTimer = new WheelTimer(this, GLOBAL_TIMEOUT);
  readonly #perTryTimer: WheelTimer = new WheelTimer(this, PER_TRY_TIMEOUT);
  readonly #perTryIdleTimer: WheelTimer = new WheelTimer(this, PER_TRY_IDLE_TIMEOUT);
  readonly #backOffTimer: WheelTimer = new WheelTimer(this, BACK_OFF);

  constructor(stream: Stream, services: HttpServices, suppressEnvoyHeaders: boolean) {
    this.#stream = stream;
    this.#services = services;
    this.#suppressEnvoyHeaders = suppressEnvoyHeaders;
  }

  // ---- for the stream

  /** The cluster that the request will go to; undefined: none. */
  get clusterName(): string | undefined {
    return this.#choice?.name;
  }

  /** Decides where the request will go; before the filters run, since some depend on it. */
  chooseCluster(entry: RouteEntry | undefined, head: RequestHead): void {
    this.#entry = entry;
    this.#action = undefined;
    this.#choice = undefined;
    this.#target = undefined;
    if (entry?.route.action.kind !== "forward") return;
    this.#action = entry.route.action;
    const choice = pickCluster(entry, this.#stream.random, head);
    this.#choice = choice;
    const target = choice === undefined ? undefined : this.#services.clusters.cluster(choice.name);
    if (target === undefined) return;
    // A request that a filter answers is logged with the cluster that it would have gone to.
    this.#target = target;
    this.#stream.upstreamCluster = target.name;
    this.#stream.upstreamClusterStatName = target.config.statName;
  }

  onRequestHead(head: RequestHead, isEnd: boolean): void {
    const stream = this.#stream;
    const { stats } = stream.manager;
    this.#isRequestEnded = false;
    this.#isResponseStarted = false;
    stats.inc(HTTP.rq_total);
    const entry = this.#entry;
    const action = this.#action;
    if (entry === undefined) {
      stats.inc(HTTP.no_route);
      stream.addFlag(FLAG.NR);
      stream.sendLocalReply(404, "", "route_not_found");
      return;
    }
    if (action === undefined) {
      stats.inc(HTTP.rq_direct_response);
      answerByRoute(stream, entry, head);
      return;
    }
    const choice = this.#choice;
    const cluster = this.#target;
    if (choice === undefined || cluster === undefined) {
      stats.inc(HTTP.no_cluster);
      stream.addFlag(FLAG.NC);
      stream.sendLocalReply(action.clusterNotFoundStatus, "", "cluster_not_found");
      return;
    }
    this.#cluster = cluster;
    stream.attemptCount = 1;
    this.#preparePolicy(entry.retryPolicy, action, head);
    this.#setTimeoutHeader(head, action);
    this.#setAttemptCount(head, entry);
    finalizeRequest(entry, choice, head, stream, this.#suppressEnvoyHeaders);
    if (action.mirrors.length > 0) {
      this.#shadows = startShadows(action, stream, this.#services, head);
    }
    // The end is noted before the attempt starts, so that head and end leave in one go.
    if (isEnd) this.#endRequest();
    this.#startAttempt();
  }

  onRequestData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#cluster === undefined) return;
    for (const shadow of this.#shadows) shadow.sendData(bytes, start, end);
    if (this.#keepsBody && this.#body.size + end - start > this.#bufferLimitBytes) {
      this.#stopKeepingBody();
    }
    const connection = this.#connection;
    if (this.#keepsBody || connection === undefined) {
      this.#body.append(bytes, start, end);
      if (connection === undefined && this.#body.size > this.#bufferLimitBytes) {
        this.#stream.owner.pauseRequest(PAUSE.bodyIsHeld, true);
      }
    }
    if (connection === undefined) return;
    connection.sendData(bytes, start, end);
    this.#touchPerTryIdle();
  }

  onRequestTrailers(trailers: HeaderBlock): void {
    if (this.#cluster?.config.enableTrailers === true) this.#trailers = trailers;
  }

  onRequestEnd(): void {
    if (this.#cluster === undefined || this.#isRequestEnded) return;
    this.#endRequest();
    if (this.#connection !== undefined) this.#finishSending(this.#connection);
  }

  onDownstreamAboveWatermark(): void {
    this.#connection?.pauseReading(true);
  }

  onDownstreamBelowWatermark(): void {
    this.#connection?.pauseReading(false);
  }

  /** The stream is over: whatever is still under way is given up. */
  onStreamEnd(): void {
    this.#entry = undefined;
    this.#action = undefined;
    this.#target = undefined;
    if (this.#cluster === undefined) return;
    this.#dropAttempt();
    this.#disarmAll();
    this.#retry?.release();
    this.#retry = undefined;
    if (this.#body.size > 0) this.#body.clear();
    if (this.#shadows.length > 0) {
      for (const shadow of this.#shadows) if (!this.#isRequestEnded) shadow.cancel();
      this.#shadows = [];
    }
    if (this.#triedHosts.length > 0) this.#triedHosts = [];
    this.#trailers = undefined;
    this.#cluster = undefined;
    this.#host = undefined;
    this.#pool = undefined;
  }

  // ---- for the load balancer

  get hostSelectionRetryCount(): number {
    return this.#stream.attemptCount > 1 ? (this.#retry?.policy.hostSelectionMaxAttempts ?? 0) : 0;
  }

  shouldAvoid(host: Host): boolean {
    return this.#retry?.policy.avoidPreviousHosts === true && this.#triedHosts.includes(host);
  }

  // ---- for the pool

  onConnectionReady(connection: ClientConnection): void {
    const stream = this.#stream;
    const head = stream.requestHead as RequestHead;
    const { nowMs } = stream.dispatcher;
    this.#connection = connection;
    this.#cluster?.outlier?.handleLocalOrigin(connection.host, "connectSuccess", nowMs);
    stream.upstreamConnectionId = connection.id;
    stream.upstreamLocalAddress = connection.socket?.local;
    stream.upstreamProtocol = "HTTP/1.1";
    stream.connectionPoolReadyMs = nowMs - this.#acquiredAtMs;
    stream.firstUpstreamTxMs ??= nowMs;
    if (this.#action?.hostRewrite?.kind === "auto") this.#takeHostname(head, this.#action);
    this.#sentBefore = connection.bytesSent;
    connection.startRequest(this, head, head.framing);
    stream.upstreamHeaderBytesSent = connection.bytesSent - this.#sentBefore;
    if (stream.owner.writer.isAboveWatermark) connection.pauseReading(true);
    if (this.#body.size > 0) {
      connection.sendData(this.#body.bytes, 0, this.#body.size);
      if (!this.#keepsBody) this.#body.clear();
      stream.owner.pauseRequest(PAUSE.bodyIsHeld, false);
    }
    if (this.#isRequestEnded) this.#finishSending(connection);
    this.#touchPerTryIdle();
  }

  onPoolFailure(reason: PoolFailureReason): void {
    const reset = RESET_OF_POOL_FAILURE[reason];
    this.#stream.upstreamTransportFailureReason =
      reason === "overflow" ? undefined : this.#services.poolKind.lastConnectError;
    this.#failAttempt(reset, false);
  }

  // ---- for the connection

  onUpstreamInformational(head: ResponseHead): void {
    this.#cluster?.codes.count(head.status);
    if (head.status === 100 && this.#stream.manager.config.proxy100Continue) {
      this.#stream.sendContinue();
    }
  }

  onUpstreamHead(head: ResponseHead): void {
    const stream = this.#stream;
    const cluster = this.#cluster as Cluster;
    const host = this.#host as Host;
    const { nowMs } = stream.dispatcher;
    const { status } = head;
    stream.firstUpstreamRxMs = nowMs;
    this.lastActivityMs = nowMs;
    stream.dispatcher.wheel.disarm(this.#perTryTimer);
    this.#touchPerTryIdle();
    if (cluster.outlier !== undefined) {
      const grpc = head.value(GRPC_STATUS);
      const counted = grpc === undefined ? status : httpStatusOfGrpc(Number(grpc));
      cluster.outlier.handleHttpStatus(host, counted, nowMs);
    }
    if (this.#retry !== undefined && this.#retriesResponse(head)) return;
    cluster.codes.count(status);
    if (status >= 500) host.stats.rqError += 1;
    else host.stats.rqSuccess += 1;
    this.#isResponseStarted = true;
    this.#keepsBody = false;
    if (!this.#suppressEnvoyHeaders && stream.requestCompleteMs !== undefined) {
      const serviceMs = Math.round(nowMs - stream.requestCompleteMs);
      head.set(X_ENVOY_UPSTREAM_SERVICE_TIME, decimalBytes(serviceMs));
    }
    const entry = this.#entry as RouteEntry;
    this.#setResponseAttemptCount(head, entry);
    // Header operations may speak of the response.
    stream.responseHead = head;
    stream.responseCode = status;
    stream.responseCodeDetails = "via_upstream";
    finalizeResponse(entry, this.#choice, head, stream);
    stream.sendHead(head, "via_upstream");
  }

  onUpstreamData(bytes: Uint8Array, start: number, end: number): void {
    this.#touchPerTryIdle();
    this.lastActivityMs = this.#stream.dispatcher.nowMs;
    this.#stream.upstreamWireBytesReceived += end - start;
    this.#stream.sendData(bytes, start, end);
  }

  onUpstreamTrailers(trailers: HeaderBlock): void {
    if (this.#cluster?.config.enableTrailers !== true) return;
    if (this.#stream.manager.config.enableTrailers) this.#stream.responseTrailers = trailers;
  }

  onUpstreamEnd(): void {
    const stream = this.#stream;
    const { nowMs } = stream.dispatcher;
    this.#connection = undefined;
    stream.lastUpstreamRxMs = nowMs;
    if (stream.requestCompleteMs !== undefined) {
      this.#cluster?.recordRequestTime(nowMs - stream.requestCompleteMs, "external");
    }
    stream.sendEnd(stream.responseTrailers);
  }

  onUpstreamReset(reason: ResetReason): void {
    this.#connection = undefined;
    this.#failAttempt(reason, true);
  }

  onUpstreamAboveWatermark(): void {
    this.#stream.owner.pauseRequest(PAUSE.upstreamIsSlow, true);
  }

  onUpstreamBelowWatermark(): void {
    this.#stream.owner.pauseRequest(PAUSE.upstreamIsSlow, false);
  }

  // ---- for the timer wheel

  onTimeout(kind: number): void {
    switch (kind) {
      case GLOBAL_TIMEOUT:
        this.#onGlobalTimeout();
        break;
      case PER_TRY_TIMEOUT:
        this.#onPerTryTimeout(CLUSTER.upstream_rq_per_try_timeout, "upstream_per_try_timeout");
        break;
      case PER_TRY_IDLE_TIMEOUT:
        this.#onPerTryTimeout(
          CLUSTER.upstream_rq_per_try_idle_timeout,
          "upstream_per_try_idle_timeout",
        );
        break;
      default:
        this.#retry?.started();
        this.#stream.attemptCount += 1;
        this.#startAttempt();
    }
  }

  // ---- attempts

  get #bufferLimitBytes(): number {
    return this.#stream.manager.bufferLimitBytes;
  }

  #preparePolicy(policy: RetryPolicy | undefined, action: ForwardAction, head: RequestHead): void {
    this.#perTryTimeoutMs = undefined;
    this.#retry = undefined;
    this.#keepsBody = false;
    if (policy === undefined) return;
    const perTryMs = policy.perTryTimeoutMs;
    // One that the global timeout always beats is none.
    if (perTryMs !== undefined && (action.timeoutMs === undefined || perTryMs < action.timeoutMs)) {
      this.#perTryTimeoutMs = perTryMs;
    }
    if (!isRetriable(policy, head) || head.framing === "tunnel") return;
    const cluster = this.#cluster as Cluster;
    this.#retry = new RetryState(
      policy,
      cluster,
      cluster.breaker(action.priority),
      this.#services.dispatcher.random,
    );
    this.#keepsBody = true;
  }

  #startAttempt(): void {
    const stream = this.#stream;
    const cluster = this.#cluster as Cluster;
    const action = this.#action as ForwardAction;
    if (stream.attemptCount > 1) this.#renewHeaders(stream.requestHead as RequestHead, action);
    const host = cluster.pick(this);
    this.#host = host;
    if (host === undefined) {
      stream.addFlag(FLAG.UH);
      cluster.codes.count(503);
      this.#replyLocally(503, "no healthy upstream", "no_healthy_upstream");
      return;
    }
    stream.upstreamHost = host.address;
    stream.upstreamHostname = host.hostname;
    if (this.#retry !== undefined) this.#triedHosts.push(host);
    const pool = host.pool(this.#services.poolKind, action.priority);
    this.#pool = pool;
    this.#acquiredAtMs = stream.dispatcher.nowMs;
    const outcome = pool.acquire(this);
    if (outcome === "overflow") this.onPoolFailure("overflow");
    else if (outcome !== "pending") this.onConnectionReady(outcome);
  }

  /** Envoy's bookkeeping in a request that is sent once more. */
  #renewHeaders(head: RequestHead, action: ForwardAction): void {
    this.#setTimeoutHeader(head, action);
    this.#setAttemptCount(head, this.#entry as RouteEntry);
    this.#stream.resetUpstream();
  }

  /** The request asks for the host by the name it was resolved from (auto_host_rewrite). */
  #takeHostname(head: RequestHead, action: ForwardAction): void {
    const hostname = this.#host?.hostname ?? "";
    if (hostname === "" || this.#choice?.weighted?.hostRewrite !== undefined) return;
    rewriteHost(head, hostname, {
      appendForwardedHost: action.appendXForwardedHost,
      keepOriginal: !this.#suppressEnvoyHeaders,
    });
  }

  #endRequest(): void {
    const { wheel, nowMs } = this.#stream.dispatcher;
    this.#isRequestEnded = true;
    for (const shadow of this.#shadows) shadow.end();
    const timeoutMs = this.#action?.timeoutMs;
    if (timeoutMs !== undefined) wheel.arm(this.#globalTimer, nowMs, timeoutMs);
  }

  #finishSending(connection: ClientConnection): void {
    const stream = this.#stream;
    connection.endRequest(this.#trailers);
    stream.lastUpstreamTxMs = stream.dispatcher.nowMs;
    stream.upstreamWireBytesSent = connection.bytesSent - this.#sentBefore;
    if (this.#perTryTimeoutMs !== undefined && !this.#isResponseStarted) {
      stream.dispatcher.wheel.arm(
        this.#perTryTimer,
        stream.dispatcher.nowMs,
        this.#perTryTimeoutMs,
      );
    }
  }

  /** More body came than may be kept for another attempt: there will be none. */
  #stopKeepingBody(): void {
    this.#keepsBody = false;
    this.#cluster?.stats.inc(CLUSTER.retry_or_shadow_abandoned);
    this.#retry?.release();
    this.#retry = undefined;
    if (this.#connection !== undefined) this.#body.clear();
  }

  /** Lets go of the attempt under way, whatever state it is in. */
  #dropAttempt(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.abandon();
    if (this.poolSlot !== NOT_WAITING) this.#pool?.cancel(this);
  }

  /** A head came that the policy may not want to pass on. */
  #retriesResponse(head: ResponseHead): boolean {
    const cluster = this.#cluster as Cluster;
    const verdict = (this.#retry as RetryState).afterResponse(head);
    if (verdict === "retry") {
      cluster.codes.countRetried(head.status);
      (this.#host as Host).stats.rqError += 1;
      this.#dropAttempt();
      this.#scheduleRetry();
      return true;
    }
    this.#flagVerdict(verdict);
    return false;
  }

  #scheduleRetry(): void {
    const { wheel, nowMs } = this.#stream.dispatcher;
    wheel.disarm(this.#perTryTimer);
    wheel.disarm(this.#perTryIdleTimer);
    this.#stream.owner.pauseRequest(PAUSE.upstreamIsSlow, false);
    wheel.arm(this.#backOffTimer, nowMs, (this.#retry as RetryState).backOffMs);
  }

  #flagVerdict(verdict: "no" | "limit" | "overflow"): void {
    if (verdict === "limit") this.#stream.addFlag(FLAG.URX);
    else if (verdict === "overflow") this.#stream.addFlag(FLAG.UO);
  }

  /** The attempt ended without a whole response. */
  #failAttempt(reason: ResetReason, wasStarted: boolean): void {
    const cluster = this.#cluster as Cluster;
    const host = this.#host as Host;
    const { nowMs } = this.#stream.dispatcher;
    const { isConnectFailure } = RESET[reason];
    if (reason !== "overflow") {
      cluster.outlier?.handleLocalOrigin(host, isConnectFailure ? "connectFailed" : "reset", nowMs);
    }
    if (this.#isResponseStarted) {
      this.#abortResponse(RESET[reason].flag, resetDetails("after", reason, undefined));
      return;
    }
    if (this.#retriesReset(reason, wasStarted)) return;
    const { status, flag, text } = RESET[reason];
    this.#chargeAbort(status, reason === "overflow");
    this.#stream.addFlag(flag);
    const retried = this.#stream.attemptCount > 1 ? "retried and the latest " : "";
    this.#replyLocally(
      status,
      `upstream connect error or disconnect/reset before headers. ${retried}reset reason: ${text}`,
      resetDetails("before", reason, this.#stream.upstreamTransportFailureReason),
      reason === "overflow",
    );
  }

  #retriesReset(reason: ResetReason, wasStarted: boolean): boolean {
    if (this.#retry === undefined) return false;
    const verdict = this.#retry.afterReset(reason, wasStarted);
    if (verdict === "retry") {
      (this.#host as Host).stats.rqError += 1;
      this.#scheduleRetry();
      return true;
    }
    this.#flagVerdict(verdict);
    return false;
  }

  #onGlobalTimeout(): void {
    const cluster = this.#cluster as Cluster;
    const host = this.#host;
    const isUnderWay = this.#connection !== undefined || this.poolSlot !== NOT_WAITING;
    if (isUnderWay && host !== undefined) {
      cluster.stats.inc(CLUSTER.upstream_rq_timeout);
      host.stats.rqTimeout += 1;
      if (!this.#isResponseStarted) {
        cluster.outlier?.handleLocalOrigin(host, "timeout", this.#stream.dispatcher.nowMs);
        this.#chargeAbort(504, false);
      }
    }
    this.#dropAttempt();
    this.#replyTimeout("response_timeout");
  }

  #onPerTryTimeout(
    counter:
      | typeof CLUSTER.upstream_rq_per_try_timeout
      | typeof CLUSTER.upstream_rq_per_try_idle_timeout,
    details: string,
  ): void {
    const cluster = this.#cluster as Cluster;
    const host = this.#host as Host;
    cluster.stats.inc(counter);
    host.stats.rqTimeout += 1;
    this.#dropAttempt();
    cluster.outlier?.handleLocalOrigin(host, "timeout", this.#stream.dispatcher.nowMs);
    if (!this.#isResponseStarted) {
      if (this.#retriesReset("localReset", true)) return;
      this.#chargeAbort(504, false);
    }
    this.#replyTimeout(details);
  }

  #replyTimeout(details: string): void {
    if (this.#isResponseStarted) {
      this.#abortResponse(FLAG.UT, details);
      return;
    }
    this.#stream.addFlag(FLAG.UT);
    this.#replyLocally(504, "upstream request timeout", details);
  }

  /** The client has part of a response that will not go on. */
  #abortResponse(flag: number, details: string): void {
    const stream = this.#stream;
    const host = this.#host;
    if (host !== undefined) host.stats.rqError += 1;
    stream.addFlag(flag);
    stream.breakResponse(details);
  }

  /** Counts a status that we give because the upstream gave none. */
  #chargeAbort(status: number, isDropped: boolean): void {
    this.#cluster?.codes.count(status);
    if (!isDropped && this.#host !== undefined) this.#host.stats.rqError += 1;
  }

  #replyLocally(status: number, body: string, details: string, isOverloaded = false): void {
    const stream = this.#stream;
    const entry = this.#entry as RouteEntry;
    const head = stream.localHead();
    finalizeResponse(entry, this.#choice, head, stream);
    if (isOverloaded && !this.#suppressEnvoyHeaders) head.append(X_ENVOY_OVERLOADED, TRUE);
    this.#setResponseAttemptCount(head, entry);
    stream.finishLocalReply(head, status, body, details);
  }

  // ---- fields and timers

  #setTimeoutHeader(head: RequestHead, action: ForwardAction): void {
    if (this.#suppressEnvoyHeaders) return;
    const globalMs = action.timeoutMs;
    let expectedMs = this.#perTryTimeoutMs ?? globalMs;
    if (expectedMs === undefined) return;
    const { requestCompleteMs } = this.#stream;
    if (globalMs !== undefined && requestCompleteMs !== undefined) {
      const elapsedMs = Math.floor(this.#stream.dispatcher.nowMs - requestCompleteMs);
      // 0 would mean for ever; our own timer is about to fire.
      expectedMs = elapsedMs >= globalMs ? 1 : Math.min(expectedMs, globalMs - elapsedMs);
    }
    head.set(X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, decimalBytes(Math.ceil(expectedMs)));
  }

  #setAttemptCount(head: RequestHead, entry: RouteEntry): void {
    if (entry.virtualHost.includeRequestAttemptCount) {
      head.set(X_ENVOY_ATTEMPT_COUNT, decimalBytes(this.#stream.attemptCount));
    }
  }

  #setResponseAttemptCount(head: ResponseHead, entry: RouteEntry): void {
    if (entry.virtualHost.includeAttemptCountInResponse) {
      head.set(X_ENVOY_ATTEMPT_COUNT, decimalBytes(this.#stream.attemptCount));
    }
  }

  #touchPerTryIdle(): void {
    const idleMs = this.#retry?.policy.perTryIdleTimeoutMs;
    if (idleMs === undefined) return;
    this.#stream.dispatcher.wheel.arm(this.#perTryIdleTimer, this.#stream.dispatcher.nowMs, idleMs);
  }

  #disarmAll(): void {
    const { wheel } = this.#stream.dispatcher;
    wheel.disarm(this.#globalTimer);
    wheel.disarm(this.#perTryTimer);
    wheel.disarm(this.#perTryIdleTimer);
    wheel.disarm(this.#backOffTimer);
  }
}

/** "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}". */
function resetDetails(
  when: "before" | "after",
  reason: ResetReason,
  failure: string | undefined,
): string {
  const cause = failure === undefined ? "" : `|${failure.replaceAll(" ", "_")}`;
  return `upstream_reset_${when}_response_started{${RESET[reason].details}${cause}}`;
}
