// A copy of a request, sent to another cluster as it streams by; nobody waits for its response (request_mirror_policies).
import type { HeaderBlock } from "#codec/header-block.ts";
import { encodeRequestHead } from "#codec/http1/encoder.ts";
import type { Framing } from "#codec/http1/framing.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";
import type { FractionalPercent } from "../../config/fault-config.ts";
import type { ForwardAction, MirrorPolicy } from "../../config/route-config.ts";
import { BodyBuffer } from "../../http/body-buffer.ts";
import type { ClientConnection, UpstreamExchange } from "../../http/client-connection.ts";
import type { HttpServices } from "../../http/connection-manager.ts";
import { TRUE, X_ENVOY_INTERNAL, X_FORWARDED_FOR } from "../../http/header-names.ts";
import { RESET, RESET_OF_POOL_FAILURE, type ResetReason } from "../../http/reset-reason.ts";
import type { Stream } from "../../http/stream.ts";
import { ASYNC_CLIENT } from "../../stats/schema/async-client.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Cluster } from "../../upstream/cluster.ts";
import type {
  ConnectionPool,
  PoolFailureReason,
  PoolWaiter,
} from "../../upstream/connection-pool.ts";
import type { Host } from "../../upstream/host.ts";
import { NOT_WAITING } from "../../upstream/pending-queue.ts";
import { NO_PICK_CONTEXT } from "../../upstream/pick-context.ts";

/** Starts a shadow for each policy of the route whose dice fall so. A cluster that is not there is no error. */
export function startShadows(
  action: ForwardAction,
  stream: Stream,
  services: HttpServices,
  head: RequestHead,
): ShadowRequest[] {
  const shadows: ShadowRequest[] = [];
  if (head.framing === "tunnel") return shadows;
  for (const policy of action.mirrors) {
    if (!strikes(policy.fraction, services)) continue;
    const cluster = services.clusters.cluster(policy.cluster);
    const host = cluster?.pick(NO_PICK_CONTEXT);
    if (cluster === undefined || host === undefined) continue;
    const encoded = encodeShadowHead(head, policy, stream.downstreamLocalAddress.host);
    const shadow = new ShadowRequest(services, cluster, host, head, encoded);
    shadow.start(action.timeoutMs);
    shadows.push(shadow);
  }
  return shadows;
}

function strikes(fraction: FractionalPercent | undefined, services: HttpServices): boolean {
  if (fraction === undefined) return true;
  return services.dispatcher.random.u32() % fraction.denominator < fraction.numerator;
}

/** Written at once: the original goes on to change under retries, and is gone when its stream is. */
function encodeShadowHead(
  head: RequestHead,
  policy: MirrorPolicy,
  localHost: string,
): OutputBuffer {
  const out = new OutputBuffer(1024);
  const authority = head.authority();
  const forwardedFor = head.value(X_FORWARDED_FOR);
  if (policy.shadowHostSuffix) head.setAuthority(shadowAuthority(authority));
  head.append(X_ENVOY_INTERNAL, TRUE);
  head.set(
    X_FORWARDED_FOR,
    forwardedFor === undefined ? localHost : `${forwardedFor},${localHost}`,
  );
  encodeRequestHead(out, head, head.framing);
  head.setAuthority(authority);
  head.remove(X_ENVOY_INTERNAL);
  head.remove(X_FORWARDED_FOR);
  if (forwardedFor !== undefined) head.append(X_FORWARDED_FOR, forwardedFor);
  return out;
}

/** "reviews:9080" -> "reviews-shadow:9080". */
function shadowAuthority(authority: string): string {
  const port = /:\d+$/.exec(authority)?.[0] ?? "";
  return `${authority.slice(0, authority.length - port.length)}-shadow${port}`;
}

export class ShadowRequest implements PoolWaiter<ClientConnection>, UpstreamExchange, TimeoutOwner {
  poolSlot: number = NOT_WAITING;
  readonly #services: HttpServices;
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #pool: ConnectionPool<ClientConnection>;
  readonly #method: string;
  readonly #framing: Framing;
  readonly #head: OutputBuffer;
  readonly #body: BodyBuffer = new BodyBuffer();
  readonly #timer: WheelTimer = new WheelTimer(this, 0);
  #connection: ClientConnection | undefined = undefined;
  #hasEnded = false;
  #isOver = false;
  #endedAtMs = 0;

  constructor(
    services: HttpServices,
    cluster: Cluster,
    host: Host,
    head: RequestHead,
    encoded: OutputBuffer,
  ) {
    this.#services = services;
    this.#cluster = cluster;
    this.#host = host;
    this.#pool = host.pool(services.poolKind, "default");
    this.#method = head.method;
    this.#framing = head.framing;
    this.#head = encoded;
  }

  /** `timeoutMs`: as long as the original may take. */
  start(timeoutMs: number | undefined): void {
    const { dispatcher, asyncClientStats } = this.#services;
    asyncClientStats.inc(ASYNC_CLIENT.rq_total);
    if (timeoutMs !== undefined) dispatcher.wheel.arm(this.#timer, dispatcher.nowMs, timeoutMs);
    const outcome = this.#pool.acquire(this);
    if (outcome === "overflow") this.onPoolFailure("overflow");
    else if (outcome !== "pending") this.onConnectionReady(outcome);
  }

  sendData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    if (this.#connection !== undefined) {
      this.#connection.sendData(bytes, start, end);
      return;
    }
    if (this.#body.size + end - start > this.#cluster.config.bufferLimitBytes) {
      this.#cluster.stats.inc(CLUSTER.retry_or_shadow_abandoned);
      this.cancel();
      return;
    }
    this.#body.append(bytes, start, end);
  }

  end(): void {
    if (this.#isOver || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endedAtMs = this.#services.dispatcher.nowMs;
    this.#connection?.endRequest(undefined);
  }

  cancel(): void {
    const connection = this.#connection;
    this.#finish();
    connection?.abandon();
    this.#pool.cancel(this);
  }

  onConnectionReady(connection: ClientConnection): void {
    this.#connection = connection;
    const { nowMs } = this.#services.dispatcher;
    this.#cluster.outlier?.handleLocalOrigin(this.#host, "connectSuccess", nowMs);
    connection.startEncodedRequest(this, this.#method, this.#head, this.#framing);
    if (this.#body.size > 0) connection.sendData(this.#body.bytes, 0, this.#body.size);
    this.#body.clear();
    if (this.#hasEnded) connection.endRequest(undefined);
  }

  onPoolFailure(reason: PoolFailureReason): void {
    this.#fail(RESET_OF_POOL_FAILURE[reason]);
  }

  onUpstreamInformational(_head: ResponseHead): void {}

  onUpstreamHead(head: ResponseHead): void {
    this.#cluster.codes.countInternal(head.status);
    if (head.status >= 500) this.#host.stats.rqError += 1;
    else this.#host.stats.rqSuccess += 1;
    const { nowMs } = this.#services.dispatcher;
    this.#cluster.outlier?.handleHttpStatus(this.#host, head.status, nowMs);
  }

  onUpstreamData(_bytes: Uint8Array, _start: number, _end: number): void {}

  onUpstreamTrailers(_trailers: HeaderBlock): void {}

  onUpstreamEnd(): void {
    if (this.#hasEnded) {
      const { nowMs } = this.#services.dispatcher;
      this.#cluster.recordRequestTime(nowMs - this.#endedAtMs, "internal");
    }
    this.#finish();
  }

  onUpstreamReset(reason: ResetReason): void {
    this.#fail(reason);
  }

  /** A slow shadow may not hold up the original: what does not fit is the shadow's loss. */
  onUpstreamAboveWatermark(): void {
    this.#cluster.stats.inc(CLUSTER.retry_or_shadow_abandoned);
    this.cancel();
  }

  onUpstreamBelowWatermark(): void {}

  onTimeout(_kind: number): void {
    this.#cluster.stats.inc(CLUSTER.upstream_rq_timeout);
    this.#host.stats.rqTimeout += 1;
    this.#cluster.codes.countInternal(504);
    this.cancel();
  }

  #fail(reason: ResetReason): void {
    const { status, isConnectFailure } = RESET[reason];
    if (reason !== "overflow") {
      this.#cluster.outlier?.handleLocalOrigin(
        this.#host,
        isConnectFailure ? "connectFailed" : "reset",
        this.#services.dispatcher.nowMs,
      );
      this.#host.stats.rqError += 1;
    }
    this.#cluster.codes.countInternal(status);
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#connection = undefined;
    this.#body.clear();
    this.#services.dispatcher.wheel.disarm(this.#timer);
  }
}
