// The last HTTP filter: forwards one request to a host of its cluster, over and over as the retry policy allows, and brings the
// response back. Which host is the cluster's choice, an attempt the UpstreamRequest's affair, whether to try again the RetryState's.
import type { SocketAddress } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { ForwardAction, RetryPolicy } from "../../config/route-config.ts";
import { BodyBuffer } from "../../http/body-buffer.ts";
import type { HttpServices } from "../../http/connection-manager.ts";
import {
  decimalBytes,
  TRUE,
  X_ENVOY_OVERLOADED,
  X_ENVOY_UPSTREAM_SERVICE_TIME,
} from "../../http/header-names.ts";
import { PAUSE } from "../../http/pause-reason.ts";
import { RESET, type ResetReason } from "../../http/reset-reason.ts";
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
import type { Host } from "../../upstream/host.ts";
import type { PickContext } from "../../upstream/pick-context.ts";
import { answerByRoute } from "./answer-by-route.ts";
import { resetDetails, setAttemptCount, setExpectedTimeout } from "./attempt-fields.ts";
import { isRetriable, RetryState } from "./retry-state.ts";
import { type ShadowRequest, startShadows } from "./shadow-request.ts";
import { type AttemptLimits, type AttemptOwner, UpstreamRequest } from "./upstream-request.ts";

const [GLOBAL_TIMEOUT, BACK_OFF] = [0, 1] as const;

/** Made once a downstream connection and used for its requests in turn. */
export class Router implements AttemptOwner, PickContext, TimeoutOwner {
  readonly originalDestination: SocketAddress | undefined = undefined;
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
  #limits: AttemptLimits | undefined = undefined;
  readonly #attempt: UpstreamRequest;
  #isRequestEnded = false;
  /** The client gets an upstream's response: nothing is tried again. */
  #isResponseStarted = false;
  /** The body so far: what could not be sent yet, and, while a retry is possible, all of it. */
  readonly #body: BodyBuffer = new BodyBuffer();
  #keepsBody = false;
  #trailers: HeaderBlock | undefined = undefined;
  #triedHosts: Host[] = [];
  #shadows: ShadowRequest[] = [];

  readonly #globalTimer: WheelTimer = new WheelTimer(this, GLOBAL_TIMEOUT);
  readonly #backOffTimer: WheelTimer = new WheelTimer(this, BACK_OFF);

  constructor(stream: Stream, services: HttpServices, suppressEnvoyHeaders: boolean) {
    this.#stream = stream;
    this.#services = services;
    this.#suppressEnvoyHeaders = suppressEnvoyHeaders;
    this.#attempt = new UpstreamRequest(stream, services, this);
  }

  // ---- for the stream

  /** When a byte last came from upstream. */
  get lastActivityMs(): number {
    return this.#attempt.lastActivityMs;
  }

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
    this.#setAttemptFields(head, entry, action);
    finalizeRequest(entry, choice, head, stream, this.#suppressEnvoyHeaders);
    const host = cluster.pick(this);
    // What goes to nobody is not copied either, as in Envoy.
    if (action.mirrors.length > 0 && host !== undefined) {
      this.#shadows = startShadows(action, stream, this.#services, head);
    }
    // The end is noted before the attempt starts, so that head and end leave in one go.
    if (isEnd) this.#endRequest();
    this.#attemptAt(host, cluster, action);
  }

  onRequestData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#cluster === undefined) return;
    for (const shadow of this.#shadows) shadow.sendData(bytes, start, end);
    if (this.#keepsBody && this.#body.size + end - start > this.#bufferLimitBytes) {
      this.#stopKeepingBody();
    }
    const { isConnected } = this.#attempt;
    if (this.#keepsBody || !isConnected) {
      this.#body.append(bytes, start, end);
      if (!isConnected && this.#body.size > this.#bufferLimitBytes) {
        this.#stream.owner.pauseRequest(PAUSE.bodyIsHeld, true);
      }
    }
    if (isConnected) this.#attempt.sendData(bytes, start, end);
  }

  onRequestTrailers(trailers: HeaderBlock): void {
    if (this.#cluster?.config.enableTrailers === true) this.#trailers = trailers;
  }

  onRequestEnd(): void {
    if (this.#cluster === undefined || this.#isRequestEnded) return;
    this.#endRequest();
    this.#attempt.finish(this.#trailers);
  }

  onDownstreamAboveWatermark(): void {
    this.#attempt.pauseReading(true);
  }

  onDownstreamBelowWatermark(): void {
    this.#attempt.pauseReading(false);
  }

  /** The stream is over: whatever is still under way is given up. */
  onStreamEnd(): void {
    this.#entry = undefined;
    this.#action = undefined;
    this.#target = undefined;
    if (this.#cluster === undefined) return;
    this.#attempt.release();
    const { wheel } = this.#stream.dispatcher;
    wheel.disarm(this.#globalTimer);
    wheel.disarm(this.#backOffTimer);
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
  }

  // ---- for the load balancer

  get hostSelectionRetryCount(): number {
    return this.#stream.attemptCount > 1 ? (this.#retry?.policy.hostSelectionMaxAttempts ?? 0) : 0;
  }

  shouldAvoid(host: Host): boolean {
    return this.#retry?.policy.avoidPreviousHosts === true && this.#triedHosts.includes(host);
  }

  // ---- for the attempt

  onAttemptReady(): void {
    const head = this.#stream.requestHead as RequestHead;
    if (this.#action?.hostRewrite?.kind === "auto") this.#takeHostname(head, this.#action);
    this.#attempt.sendHead(head);
    if (this.#body.size > 0) {
      this.#attempt.sendData(this.#body.bytes, 0, this.#body.size);
      if (!this.#keepsBody) this.#body.clear();
      this.#stream.owner.pauseRequest(PAUSE.bodyIsHeld, false);
    }
    if (this.#isRequestEnded) this.#attempt.finish(this.#trailers);
  }

  onAttemptInformational(head: ResponseHead): void {
    this.#cluster?.codes.count(head.status);
    if (head.status === 100 && this.#stream.manager.config.proxy100Continue) {
      this.#stream.sendContinue();
    }
  }

  onAttemptHead(head: ResponseHead): void {
    if (this.#retry !== undefined && this.#retriesResponse(head)) return;
    const stream = this.#stream;
    const { status } = head;
    const { stats } = this.#attempt.host as Host;
    this.#cluster?.codes.count(status);
    if (status >= 500) stats.rqError += 1;
    else stats.rqSuccess += 1;
    this.#isResponseStarted = true;
    this.#keepsBody = false;
    if (!this.#suppressEnvoyHeaders && stream.requestCompleteMs !== undefined) {
      const serviceMs = Math.round(stream.dispatcher.nowMs - stream.requestCompleteMs);
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

  onAttemptData(bytes: Uint8Array, start: number, end: number): void {
    this.#stream.sendData(bytes, start, end);
  }

  onAttemptTrailers(trailers: HeaderBlock): void {
    if (this.#cluster?.config.enableTrailers !== true) return;
    if (this.#stream.manager.config.enableTrailers) this.#stream.responseTrailers = trailers;
  }

  onAttemptEnd(): void {
    const stream = this.#stream;
    if (stream.requestCompleteMs !== undefined) {
      const tookMs = stream.dispatcher.nowMs - stream.requestCompleteMs;
      this.#cluster?.recordRequestTime(tookMs, "external");
    }
    stream.sendEnd(stream.responseTrailers);
  }

  onAttemptFailed(reason: ResetReason, wasStarted: boolean): void {
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

  onAttemptTimeout(limit: "perTry" | "perTryIdle"): void {
    const isIdle = limit === "perTryIdle";
    this.#cluster?.stats.inc(
      isIdle ? CLUSTER.upstream_rq_per_try_idle_timeout : CLUSTER.upstream_rq_per_try_timeout,
    );
    (this.#attempt.host as Host).stats.rqTimeout += 1;
    if (!this.#isResponseStarted) {
      if (this.#retriesReset("localReset", true)) return;
      this.#chargeAbort(504, false);
    }
    this.#replyTimeout(isIdle ? "upstream_per_try_idle_timeout" : "upstream_per_try_timeout");
  }

  onAttemptBackedUp(isBackedUp: boolean): void {
    this.#stream.owner.pauseRequest(PAUSE.upstreamIsSlow, isBackedUp);
  }

  // ---- for the timer wheel

  onTimeout(kind: number): void {
    if (kind === GLOBAL_TIMEOUT) {
      this.#onGlobalTimeout();
      return;
    }
    this.#retry?.started();
    this.#stream.attemptCount += 1;
    this.#startAttempt();
  }

  // ---- attempts

  get #bufferLimitBytes(): number {
    return this.#stream.manager.bufferLimitBytes;
  }

  #preparePolicy(policy: RetryPolicy | undefined, action: ForwardAction, head: RequestHead): void {
    this.#limits = undefined;
    this.#retry = undefined;
    this.#keepsBody = false;
    if (policy === undefined) return;
    const { perTryIdleTimeoutMs } = policy;
    let { perTryTimeoutMs } = policy;
    // One that the global timeout always beats is none.
    if (action.timeoutMs !== undefined && (perTryTimeoutMs ?? 0) >= action.timeoutMs) {
      perTryTimeoutMs = undefined;
    }
    if (perTryTimeoutMs !== undefined || perTryIdleTimeoutMs !== undefined) {
      this.#limits = { perTryTimeoutMs, perTryIdleTimeoutMs };
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
    if (stream.attemptCount > 1) {
      this.#setAttemptFields(stream.requestHead as RequestHead, this.#entry as RouteEntry, action);
      stream.resetUpstream();
    }
    this.#attemptAt(cluster.pick(this), cluster, action);
  }

  #attemptAt(host: Host | undefined, cluster: Cluster, action: ForwardAction): void {
    if (host === undefined) {
      const stream = this.#stream;
      stream.addFlag(FLAG.UH);
      cluster.codes.count(503);
      this.#replyLocally(503, "no healthy upstream", "no_healthy_upstream");
      return;
    }
    if (this.#retry !== undefined) this.#triedHosts.push(host);
    this.#attempt.start(cluster, host, action.priority, this.#limits);
  }

  /** The request asks for the host by the name it was resolved from (auto_host_rewrite). */
  #takeHostname(head: RequestHead, action: ForwardAction): void {
    const hostname = this.#attempt.host?.hostname ?? "";
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

  /** More body came than may be kept for another attempt: there will be none. */
  #stopKeepingBody(): void {
    this.#keepsBody = false;
    this.#cluster?.stats.inc(CLUSTER.retry_or_shadow_abandoned);
    this.#retry?.release();
    this.#retry = undefined;
    if (this.#attempt.isConnected) this.#body.clear();
  }

  /** A head came that the policy may not want to pass on. */
  #retriesResponse(head: ResponseHead): boolean {
    const cluster = this.#cluster as Cluster;
    const verdict = (this.#retry as RetryState).afterResponse(head);
    if (verdict === "retry") {
      cluster.codes.countRetried(head.status);
      (this.#attempt.host as Host).stats.rqError += 1;
      this.#attempt.drop();
      this.#scheduleRetry();
      return true;
    }
    this.#flagVerdict(verdict);
    return false;
  }

  #scheduleRetry(): void {
    const { wheel, nowMs } = this.#stream.dispatcher;
    this.#stream.owner.pauseRequest(PAUSE.upstreamIsSlow, false);
    wheel.arm(this.#backOffTimer, nowMs, (this.#retry as RetryState).backOffMs);
  }

  #flagVerdict(verdict: "no" | "limit" | "overflow"): void {
    if (verdict === "limit") this.#stream.addFlag(FLAG.URX);
    else if (verdict === "overflow") this.#stream.addFlag(FLAG.UO);
  }

  #retriesReset(reason: ResetReason, wasStarted: boolean): boolean {
    if (this.#retry === undefined) return false;
    const verdict = this.#retry.afterReset(reason, wasStarted);
    if (verdict === "retry") {
      (this.#attempt.host as Host).stats.rqError += 1;
      this.#scheduleRetry();
      return true;
    }
    this.#flagVerdict(verdict);
    return false;
  }

  #onGlobalTimeout(): void {
    const { host, isUnderWay } = this.#attempt;
    if (isUnderWay && host !== undefined) {
      this.#cluster?.stats.inc(CLUSTER.upstream_rq_timeout);
      host.stats.rqTimeout += 1;
      if (!this.#isResponseStarted) {
        this.#attempt.reportTimeout();
        this.#chargeAbort(504, false);
      }
    }
    this.#attempt.drop();
    this.#replyTimeout("response_timeout");
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
    const { host } = this.#attempt;
    if (host !== undefined) host.stats.rqError += 1;
    stream.addFlag(flag);
    stream.breakResponse(details);
  }

  /** Counts a status that we give because the upstream gave none. */
  #chargeAbort(status: number, isDropped: boolean): void {
    this.#cluster?.codes.count(status);
    const { host } = this.#attempt;
    if (!isDropped && host !== undefined) host.stats.rqError += 1;
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

  // ---- fields

  #setAttemptFields(head: RequestHead, entry: RouteEntry, action: ForwardAction): void {
    const { requestCompleteMs, attemptCount, dispatcher } = this.#stream;
    if (!this.#suppressEnvoyHeaders) {
      const elapsedMs =
        requestCompleteMs === undefined ? undefined : dispatcher.nowMs - requestCompleteMs;
      setExpectedTimeout(head, this.#limits?.perTryTimeoutMs, action.timeoutMs, elapsedMs);
    }
    if (entry.virtualHost.includeRequestAttemptCount) setAttemptCount(head, attemptCount);
  }

  #setResponseAttemptCount(head: ResponseHead, entry: RouteEntry): void {
    if (entry.virtualHost.includeAttemptCountInResponse) {
      setAttemptCount(head, this.#stream.attemptCount);
    }
  }
}
