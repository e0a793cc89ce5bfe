// The client's end of one aggregated stream, for all its lives: subscriptions, ACK and NACK, reconnecting. Knows no transport,
// no clock and no content.
//
//   start ─► connecting ─ handleOpened ─► streaming ─ handleClosed ─► waiting (back-off, full jitter) ─ handleTimeout ─► connecting
import { create } from "@bufbuild/protobuf";
import type { Node } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { type Status, StatusSchema } from "#api/google/rpc/status_pb.ts";
import type { Random } from "#base/random.ts";
import { RECONNECT_BASE_MS, RECONNECT_MAX_MS } from "#xds/limits.ts";
import { STATUS, type XdsRequest, type XdsResponse, type XdsVariant } from "#xds/transport.ts";
import { Backoff } from "./backoff.ts";
import type { ResourceOwner } from "./owner.ts";
import { readResponse } from "./response.ts";
import { Watch } from "./watch.ts";

export interface XdsClientOptions {
  readonly variant: XdsVariant;
  /** Sent in the first request of every stream. */
  readonly node: Node;
  readonly owner: ResourceOwner;
  readonly random: Random;
  /** Default 500 ms up to 30 s, as Envoy. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
}

export class XdsClient {
  readonly variant: XdsVariant;
  readonly #node: Node;
  readonly #owner: ResourceOwner;
  readonly #backoff: Backoff;
  readonly #watches: Map<string, Watch> = new Map();
  #state: "stopped" | "connecting" | "streaming" | "waiting" = "stopped";
  #retryAtMs = 0;
  #hasSentNode = false;

  constructor(options: XdsClientOptions) {
    this.variant = options.variant;
    this.#node = options.node;
    this.#owner = options.owner;
    const limits = options.backoff ?? { baseMs: RECONNECT_BASE_MS, maxMs: RECONNECT_MAX_MS };
    this.#backoff = new Backoff(limits, options.random);
  }

  // ---- what the owner wants ----

  start(): void {
    if (this.#state === "stopped") this.#state = "connecting";
  }

  stop(): void {
    this.#state = "stopped";
  }

  /** Everything of a type. */
  subscribeAll(typeUrl: string): void {
    this.#watch(typeUrl).subscribeAll();
  }

  subscribe(typeUrl: string, names: readonly string[]): void {
    if (names.length > 0) this.#watch(typeUrl).subscribe(names);
  }

  unsubscribe(typeUrl: string, names: readonly string[]): void {
    this.#watches.get(typeUrl)?.unsubscribe(names);
  }

  /** Keeps back requests of a type, ACKs too, until `resume`: tells the server that what it sent is not in use yet. */
  pause(typeUrl: string): void {
    this.#watch(typeUrl).isPaused = true;
  }

  resume(typeUrl: string): void {
    this.#watch(typeUrl).isPaused = false;
  }

  // ---- what the driver does ----

  /** True when a stream should be opened now. */
  get wantsStream(): boolean {
    return this.#state === "connecting";
  }

  get isStreaming(): boolean {
    return this.#state === "streaming";
  }

  /** A stream was opened: everything is asked for anew on it. */
  handleOpened(): void {
    this.#state = "streaming";
    this.#hasSentNode = false;
    for (const watch of this.#watches.values()) watch.restart();
  }

  handleClosed(nowMs: number): void {
    if (this.#state === "stopped") return;
    this.#state = "waiting";
    this.#retryAtMs = nowMs + this.#backoff.nextDelayMs();
  }

  handleTimeout(nowMs: number): void {
    if (this.#state === "waiting" && this.#retryAtMs <= nowMs) this.#state = "connecting";
  }

  nextTimeoutMs(): number | undefined {
    return this.#state === "waiting" ? this.#retryAtMs : undefined;
  }

  handleResponse(response: XdsResponse): void {
    // Any answer shows a server that works: the next failure starts with a short wait again (Envoy, grpc_stream.h).
    this.#backoff.reset();
    const watch = this.#watches.get(response.typeUrl);
    // Nobody asked: not an error, and not ours to acknowledge.
    if (watch === undefined) return;
    watch.lastNonce = response.nonce;
    const reading = readResponse(response);
    if (reading.kind === "rejected") {
      watch.answer({ nonce: response.nonce, error: reading.message });
      return;
    }
    const verdict = this.#owner.handleUpdate(reading.update);
    watch.handleVerdict(reading.update, verdict);
    const error = verdict.kind === "rejected" ? verdict.message : undefined;
    watch.answer({ nonce: response.nonce, error });
  }

  /** The next message to send; call until undefined after anything was handled or wanted. */
  nextRequest(): XdsRequest | undefined {
    if (this.#state !== "streaming") return undefined;
    for (const watch of this.#watches.values()) {
      if (watch.isDue) return this.#request(watch);
    }
    return undefined;
  }

  #watch(typeUrl: string): Watch {
    let watch = this.#watches.get(typeUrl);
    if (watch === undefined) {
      watch = new Watch(typeUrl);
      this.#watches.set(typeUrl, watch);
    }
    return watch;
  }

  #request(watch: Watch): XdsRequest {
    const say = watch.take(this.variant);
    const { typeUrl } = watch;
    const error = say.answer?.error;
    const common = {
      typeUrl,
      ...(this.#hasSentNode ? {} : { node: this.#node }),
      ...(error === undefined ? {} : { errorDetail: errorDetail(error) }),
    };
    this.#hasSentNode = true;
    if (this.variant === "sotw") {
      const wildcard = watch.isWildcard && watch.names.size > 0 ? ["*"] : [];
      return create(DiscoveryRequestSchema, {
        ...common,
        versionInfo: watch.acceptedVersion,
        responseNonce: watch.lastNonce,
        resourceNames: [...wildcard, ...watch.names],
      });
    }
    return create(DeltaDiscoveryRequestSchema, {
      ...common,
      responseNonce: say.answer?.nonce ?? "",
      resourceNamesSubscribe: [...say.subscribe],
      resourceNamesUnsubscribe: [...say.unsubscribe],
      initialResourceVersions: say.isFirst ? Object.fromEntries(watch.versions) : {},
    });
  }
}

function errorDetail(message: string): Status {
  // Envoy uses the code Internal for every NACK (grpc_mux_impl.cc).
  return create(StatusSchema, { code: STATUS.internal, message });
}
