// One request's life: decoded head in, through the HTTP filters to the router, and the response back out. One object a
// connection, used for its requests in turn (HTTP/1 has one at a time).
import type { HeaderBlock } from "#codec/header-block.ts";
import {
  encodeChunkEnd,
  encodeChunkHead,
  encodeContinue,
  encodeLastChunk,
  encodeResponseHead,
} from "#codec/http1/encoder.ts";
import type { Framing } from "#codec/http1/framing.ts";
import { removeHopByHop } from "#codec/http1/hop-by-hop.ts";
import type { RequestSink } from "#codec/http1/request-decoder.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { checkRequestHead } from "#codec/http1/request-policy.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import { reasonPhrase } from "#codec/http1/status-text.ts";
import type { ProtocolError } from "#codec/protocol-error.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { FilterStream } from "../filter/filter.ts";
import { type ChainOwner, HttpFilterChain } from "../filter/http-filter-chain.ts";
import { writeLocalReply } from "../filter/local-reply.ts";
import { Router } from "../filter/router/router.ts";
import { FLAG, withFlag } from "../response-flags.ts";
import type { RouteEntry } from "../route/route-table.ts";
import type { SocketWriter } from "../socket-writer.ts";
import { HTTP } from "../stats/schema/http.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import {
  CLOSE,
  CONNECTION,
  DATE,
  EXPECT,
  KEEP_ALIVE,
  SERVER,
  X_REQUEST_ID,
} from "./header-names.ts";
import { normalizePath } from "./path-normalization.ts";
import { PAUSE } from "./pause-reason.ts";
import { appendVia, prepareRequestHead } from "./request-headers.ts";
import { type ConnectionFacts, StreamRecord } from "./stream-record.ts";
import { removeUnderscores } from "./underscores.ts";

/** The connection as its stream needs it. */
export interface StreamOwner {
  readonly facts: ConnectionFacts;
  readonly writer: SocketWriter;
  /** The response is complete: the stream may end as soon as the decoder has returned. */
  onResponseComplete(): void;
  /** The rest of the response will never come: the downstream must see that. */
  onResponseBroken(): void;
  /** The stream's bytes are not wanted for now; `reason` is one of PAUSE. */
  pauseRequest(reason: number, isPaused: boolean): void;
  /** The first byte of a request has come. */
  onRequestBegin(): void;
  /** Whether the response in hand shall say `connection: close`; `endsBody`: its body ends with the connection. Asked once a response. */
  closesAfterResponse(endsBody: boolean): boolean;
  /** A timeout for this stream that is shorter than what the connection looks for by itself. */
  watchIdle(timeoutMs: number): void;
}

const MAX_DURATION = 0;

export class Stream
  extends StreamRecord
  implements RequestSink, FilterStream, ChainOwner, TimeoutOwner
{
  readonly manager: ConnectionManager;
  readonly dispatcher: Dispatcher;
  readonly owner: StreamOwner;
  /** A request has begun and is not over. */
  isActive = false;
  /** The request's last byte was decoded. */
  isRequestComplete = false;
  isResponseStarted = false;
  isResponseComplete = false;
  routeEntry: RouteEntry | undefined = undefined;
  /** The one random number of this request: for runtime fractions of all routes, and the weighted choice. */
  random = 0;
  /** undefined: none. */
  idleTimeoutMs: number | undefined = undefined;
  readonly #router: Router;
  readonly #filters: HttpFilterChain;
  #localHead: ResponseHead | undefined = undefined;
  #responseFraming: Framing = "none";
  readonly #durationTimer: WheelTimer = new WheelTimer(this, MAX_DURATION);

  constructor(manager: ConnectionManager, owner: StreamOwner) {
    super(owner.facts);
    this.manager = manager;
    this.dispatcher = manager.services.dispatcher;
    this.owner = owner;
    this.#router = new Router(this, manager.services, manager.suppressEnvoyHeaders);
    this.#filters = new HttpFilterChain(
      this,
      manager.filters.map((factory) => factory.createFilter(this)),
      this.#router,
      manager.bufferLimitBytes,
    );
  }

  /** When a byte last came from upstream, or this request began. */
  get lastUpstreamActivityMs(): number {
    return this.#router.lastActivityMs;
  }

  /** What was answered and the downstream has not taken yet. */
  get unsentBytes(): number {
    return this.owner.writer.pendingBytes;
  }

  get clusterName(): string | undefined {
    return this.#router.clusterName;
  }

  /** The first byte of a request has come. */
  begin(): void {
    const { stats, config } = this.manager;
    this.resetRecord(this.dispatcher.nowMs, this.dispatcher.wallMs());
    this.protocol = "HTTP/1.1"; // what the codec speaks, until a head says 1.0
    this.isActive = true;
    this.isRequestComplete = false;
    this.isResponseStarted = false;
    this.isResponseComplete = false;
    this.routeEntry = undefined;
    this.#responseFraming = "none";
    this.idleTimeoutMs = config.streamIdleTimeoutMs;
    stats.inc(HTTP.downstream_rq_total);
    stats.inc(HTTP.downstream_rq_http1_total);
    stats.inc(HTTP.downstream_rq_active);
    this.owner.onRequestBegin();
  }

  // ---- the decoder's side

  onHead(head: RequestHead): void {
    if (!this.isActive) this.begin();
    const { manager, dispatcher } = this;
    const { headersWithUnderscores } = manager.config;
    if (headersWithUnderscores !== "allow" && removeUnderscores(head)) {
      if (headersWithUnderscores === "reject") {
        head.keepAlive = false;
        this.onError(UNEXPECTED_UNDERSCORE);
        return;
      }
    }
    this.requestHead = head;
    if (head.minorVersion === 0) this.protocol = "HTTP/1.0";
    this.random = dispatcher.random.u32();
    if (hasNoBody(head)) this.#completeRequest();
    if (head.expectsContinue && !manager.config.proxy100Continue) {
      head.remove(EXPECT);
      if (!this.isRequestComplete) this.sendContinue();
    }
    if (!this.#passesPolicy(head)) return;
    this.downstreamRemoteAddress = prepareRequestHead(head, manager, this.owner.facts);
    this.#matchRoute(head);
    this.#filters.onRequestHead(head);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (this.isResponseComplete) return;
    this.bytesReceived += end - start;
    this.#filters.onRequestData(bytes, start, end);
  }

  onTrailers(trailers: HeaderBlock): void {
    if (this.isResponseComplete || !this.manager.config.enableTrailers) return;
    this.#filters.onRequestTrailers(trailers);
  }

  onEnd(): void {
    if (this.isRequestComplete) return;
    this.#completeRequest();
    if (!this.isResponseComplete) this.#filters.onRequestEnd();
  }

  onError(error: ProtocolError): void {
    // The answer is out and the connection closes: what else the downstream sends concerns nobody.
    if (this.isActive && this.isResponseComplete) return;
    const { stats } = this.manager;
    stats.inc(HTTP.downstream_cx_protocol_error);
    if (!this.isActive) this.begin();
    this.addFlag(FLAG.DPE);
    if (this.isResponseStarted) {
      stats.inc(HTTP.downstream_rq_rx_reset);
      this.responseCodeDetails = error.details;
      this.owner.onResponseBroken();
      return;
    }
    // Envoy answers what its codec refuses with the reason phrase.
    this.sendLocalReply(error.status, reasonPhrase(error.status), error.details);
  }

  // ---- the filters' side

  addFlag(flag: number): void {
    this.responseFlags = withFlag(this.responseFlags, flag);
  }

  continueRequest(): void {
    if (this.isActive && !this.isResponseComplete) this.#filters.resume();
  }

  onHeldBody(isTooMuch: boolean): void {
    this.owner.pauseRequest(PAUSE.bodyIsHeld, isTooMuch);
  }

  sendLocalReply(status: number, body: string, details: string, grpcStatus?: number): void {
    const head = this.localHead();
    this.finishLocalReply(head, status, body, details, grpcStatus);
  }

  /** An empty head for a reply of our own; fields put into it stand before all others. */
  localHead(): ResponseHead {
    this.#localHead ??= new ResponseHead();
    this.#localHead.reset();
    return this.#localHead;
  }

  finishLocalReply(
    head: ResponseHead,
    status: number,
    body: string,
    details: string,
    grpcStatus?: number,
  ): void {
    if (this.isResponseComplete) return;
    this.responseCodeDetails = details;
    if (this.isResponseStarted) {
      this.breakResponse(details);
      return;
    }
    const text = writeLocalReply(head, this.requestHead, { status, body, grpcStatus });
    this.#sendHead(head, head.framing);
    if (text !== "") {
      this.bytesSent += text.length;
      this.owner.writer.buffer().ascii(text);
    }
    this.#completeResponse();
  }

  // ---- the router's side

  /** The upstream's head, or a direct response's: cleaned, marked and sent. */
  sendHead(head: ResponseHead, details: string): void {
    this.responseCodeDetails = details;
    this.#sendHead(head, this.#framingDownstream(head));
  }

  sendData(bytes: Uint8Array, start: number, end: number): void {
    const { writer } = this.owner;
    this.bytesSent += end - start;
    if (this.#responseFraming !== "chunked") {
      writer.write(bytes, start, end);
      return;
    }
    encodeChunkHead(writer.buffer(), end - start);
    writer.write(bytes, start, end);
    encodeChunkEnd(writer.buffer());
  }

  sendEnd(trailers: HeaderBlock | undefined): void {
    if (this.isResponseComplete) return;
    if (this.#responseFraming === "chunked") encodeLastChunk(this.owner.writer.buffer(), trailers);
    this.responseTrailers = trailers;
    this.#completeResponse();
  }

  sendContinue(): void {
    if (this.isResponseStarted) return;
    this.manager.countResponse(100);
    encodeContinue(this.owner.writer.buffer());
  }

  /** The response cannot be completed. */
  breakResponse(details: string): void {
    if (this.isResponseComplete) return;
    this.responseCodeDetails = details;
    this.manager.stats.inc(HTTP.downstream_rq_tx_reset);
    this.manager.stats.inc(HTTP.downstream_rq_rx_reset);
    this.owner.onResponseBroken();
  }

  // ---- the connection's side

  onDownstreamAboveWatermark(): void {
    this.#router.onDownstreamAboveWatermark();
  }

  onDownstreamBelowWatermark(): void {
    this.#router.onDownstreamBelowWatermark();
  }

  onIdleTimeout(): void {
    this.manager.stats.inc(HTTP.downstream_rq_idle_timeout);
    this.addFlag(FLAG.SI);
    this.sendLocalReply(this.#timeoutStatus(), "stream timeout", "stream_idle_timeout");
  }

  onRequestTimeout(): void {
    this.manager.stats.inc(HTTP.downstream_rq_timeout);
    this.sendLocalReply(this.#timeoutStatus(), "request timeout", "request_overall_timeout");
  }

  onHeadersTimeout(): void {
    this.manager.stats.inc(HTTP.downstream_rq_header_timeout);
    this.sendLocalReply(408, "request header timeout", "request_header_timeout");
  }

  onTimeout(_kind: number): void {
    this.manager.stats.inc(HTTP.downstream_rq_max_duration_reached);
    this.sendLocalReply(
      this.#timeoutStatus(),
      "downstream duration timeout",
      "max_duration_timeout",
    );
  }

  /** The stream is over, answered or not: counts and logs it, and lets go of all it holds. */
  end(): void {
    const { manager, dispatcher } = this;
    this.isActive = false;
    dispatcher.wheel.disarm(this.#durationTimer);
    this.#filters.onStreamEnd();
    this.endMs = dispatcher.nowMs;
    manager.stats.dec(HTTP.downstream_rq_active);
    manager.requestTime.record(dispatcher.nowMs - this.startMs);
    for (const log of manager.logs) log.write(this);
  }

  #completeRequest(): void {
    this.isRequestComplete = true;
    this.requestCompleteMs = this.dispatcher.nowMs;
  }

  /** Refuses what Envoy's connection manager refuses before any route is looked at. */
  #passesPolicy(head: RequestHead): boolean {
    const { config, stats } = this.manager;
    if (head.scheme !== "" && !config.allowAbsoluteUrl) {
      stats.inc(HTTP.downstream_rq_non_relative_path);
      this.sendLocalReply(404, "", "absolute_path_rejected");
      return false;
    }
    const rejection = checkRequestHead(head, config);
    if (rejection === undefined) {
      if (!config.normalizePath && !config.mergeSlashes) return true;
      if (normalizePath(head, config)) return true;
      stats.inc(HTTP.downstream_rq_failed_path_normalization);
      head.keepAlive = false;
      this.sendLocalReply(400, "", "path_normalization_failed");
      return false;
    }
    if (rejection.details === "upgrade_failed") {
      stats.inc(HTTP.downstream_rq_ws_on_non_ws_route);
      this.#matchRoute(head); // for the log: Envoy looks for the route first
    } else if (rejection.details === "route_not_found") {
      stats.inc(HTTP.rq_total);
      stats.inc(HTTP.no_route);
    } else if (rejection.details === "absolute_path_rejected") {
      stats.inc(HTTP.downstream_rq_non_relative_path);
    } else if (rejection.details === "path_normalization_failed") {
      stats.inc(HTTP.downstream_rq_failed_path_normalization);
    }
    if (rejection.closes) head.keepAlive = false;
    if (rejection.flag !== undefined) this.addFlag(FLAG[rejection.flag]);
    this.sendLocalReply(rejection.status, "", rejection.details);
    return false;
  }

  #matchRoute(head: RequestHead): void {
    const { config, routes } = this.manager;
    const entry = routes.table?.match(head, this.random);
    this.routeEntry = entry;
    let maxDurationMs = config.maxStreamDurationMs;
    if (entry !== undefined) {
      const { route, virtualHost } = entry;
      if (route.name !== "") this.routeName = route.name;
      this.virtualHostName = virtualHost.name;
      if (route.action.kind === "forward") {
        const { idleTimeoutMs, maxStreamDurationMs } = route.action;
        if (idleTimeoutMs !== "inherit") {
          this.idleTimeoutMs = idleTimeoutMs;
          if (idleTimeoutMs !== undefined) this.owner.watchIdle(idleTimeoutMs);
        }
        if (maxStreamDurationMs !== "inherit") maxDurationMs = maxStreamDurationMs;
      }
    }
    if (maxDurationMs !== undefined) {
      this.dispatcher.wheel.arm(this.#durationTimer, this.dispatcher.nowMs, maxDurationMs);
    }
    this.#router.chooseCluster(entry, head);
  }

  /** How a body from upstream is delimited downstream. */
  #framingDownstream(head: ResponseHead): Framing {
    const isHttp10 = this.requestHead?.minorVersion === 0;
    switch (head.framing) {
      case "none":
      case "length":
      case "tunnel":
        return head.framing;
      case "chunked":
      case "untilClose":
        return isHttp10 ? "untilClose" : "chunked";
    }
  }

  #sendHead(head: ResponseHead, framing: Framing): void {
    const { manager, owner, dispatcher } = this;
    this.#filters.onResponseHead(head);
    removeHopByHop(head);
    if (!head.has(DATE)) head.append(DATE, dispatcher.date());
    this.#setServer(head);
    if (manager.config.alwaysSetRequestIdInResponse) this.#echoRequestId(head);
    if (manager.via !== undefined) appendVia(head, manager.via);
    const request = this.requestHead;
    if (framing !== "tunnel") {
      if (!this.isRequestComplete) {
        manager.stats.inc(HTTP.downstream_rq_response_before_rq_complete);
      }
      if (owner.closesAfterResponse(framing === "untilClose")) head.append(CONNECTION, CLOSE);
      else if (request?.minorVersion === 0) head.append(CONNECTION, KEEP_ALIVE);
    }
    this.isResponseStarted = true;
    this.responseHead = head;
    this.responseCode = head.status;
    this.firstDownstreamTxMs = dispatcher.nowMs;
    this.#responseFraming = framing;
    manager.countResponse(head.status);
    const out = owner.writer.buffer();
    const before = out.end;
    encodeResponseHead(out, head, framing, request?.minorVersion ?? 1);
    this.downstreamHeaderBytesSent = out.end - before;
  }

  #setServer(head: ResponseHead): void {
    const { manager } = this;
    switch (manager.config.serverHeader) {
      case "overwrite":
        head.set(SERVER, manager.serverName);
        return;
      case "appendIfAbsent":
        if (!head.has(SERVER)) head.append(SERVER, manager.serverName);
        return;
      case "passThrough":
        return;
    }
  }

  #echoRequestId(head: ResponseHead): void {
    const id = this.requestHead?.value(X_REQUEST_ID);
    if (id !== undefined) head.set(X_REQUEST_ID, id);
  }

  #completeResponse(): void {
    this.isResponseComplete = true;
    // The rest of the request is not wanted any more; Envoy counts its reset as one that came in.
    if (!this.isRequestComplete) this.manager.stats.inc(HTTP.downstream_rq_rx_reset);
    this.lastDownstreamTxMs = this.dispatcher.nowMs;
    this.owner.onResponseComplete();
  }

  #timeoutStatus(): 408 | 504 {
    return this.isRequestComplete ? 504 : 408;
  }
}

const UNEXPECTED_UNDERSCORE: ProtocolError = {
  status: 400,
  details: "http1.unexpected_underscore",
  message: "Field name must not have an underscore",
  blame: "remote",
  scope: "connection",
};

function hasNoBody(head: RequestHead): boolean {
  return head.framing === "none" || (head.framing === "length" && head.contentLength === 0);
}
