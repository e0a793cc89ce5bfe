// One fault configuration, compiled: which requests it concerns, and what it does to one of them. Percentages are drawn here.
import type { Random } from "#base/random.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { latin1Bytes } from "#codec/latin1.ts";
import type { FaultConfig, FractionalPercent } from "../../config/fault-config.ts";
import { X_ENVOY_DOWNSTREAM_SERVICE_NODE } from "../../http/header-names.ts";
import { compileHeaderMatcher, type HeaderPredicate } from "../../route/header-matcher.ts";

const ABORT_REQUEST = headerName("x-envoy-fault-abort-request");
const ABORT_GRPC_REQUEST = headerName("x-envoy-fault-abort-grpc-request");
const ABORT_PERCENTAGE = headerName("x-envoy-fault-abort-request-percentage");
const DELAY_REQUEST = headerName("x-envoy-fault-delay-request");
const DELAY_PERCENTAGE = headerName("x-envoy-fault-delay-request-percentage");

const MAX_U32 = 0xffff_ffff;

export interface Abort {
  readonly status: number;
  /** For gRPC requests, whose status is then said in `grpc-status`. */
  readonly grpcStatus: number | undefined;
}

const compiled = new WeakMap<FaultConfig, FaultSettings>();

/** The compiled form of `config`; made when first asked for. */
export function settingsOf(config: FaultConfig): FaultSettings {
  let settings = compiled.get(config);
  if (settings === undefined) {
    settings = new FaultSettings(config);
    compiled.set(config, settings);
  }
  return settings;
}

export class FaultSettings {
  /** Streams that may suffer a fault at a time. */
  readonly maxActiveFaults: number;
  readonly #config: FaultConfig;
  readonly #nodes: readonly Uint8Array[];
  readonly #headers: readonly HeaderPredicate[];
  /** A fixed abort is the same for all requests. */
  readonly #abort: Abort | undefined;

  constructor(config: FaultConfig) {
    const { abort } = config;
    this.maxActiveFaults = config.maxActiveFaults ?? Number.POSITIVE_INFINITY;
    this.#config = config;
    this.#nodes = config.downstreamNodes.map(latin1Bytes);
    this.#headers = config.headers.map(compileHeaderMatcher);
    if (abort?.kind === "http") this.#abort = { status: abort.status, grpcStatus: undefined };
    else if (abort?.kind === "grpc") this.#abort = { status: 200, grpcStatus: abort.status };
  }

  /** Whether a request to `clusterName` (undefined: to none) may suffer this fault at all. */
  matches(head: RequestHead, clusterName: string | undefined): boolean {
    const { upstreamCluster } = this.#config;
    if (upstreamCluster !== "" && upstreamCluster !== clusterName) return false;
    if (this.#nodes.length > 0 && !this.#comesFromNode(head)) return false;
    for (const matcher of this.#headers) if (!matcher.matches(head)) return false;
    return true;
  }

  /** How long to hold the request up; 0 for not at all. */
  drawDelayMs(head: RequestHead, random: Random): number {
    const { delay } = this.#config;
    if (delay === undefined) return 0;
    const name = delay.kind === "header" ? DELAY_PERCENTAGE : undefined;
    if (!strikes(delay.percentage, name, head, random)) return 0;
    if (delay.kind === "fixed") return delay.delayMs;
    return numberIn(head, DELAY_REQUEST, Number.MAX_SAFE_INTEGER) ?? 0;
  }

  /** The answer to give instead of the upstream's; undefined to let the request go. */
  drawAbort(head: RequestHead, random: Random): Abort | undefined {
    const { abort } = this.#config;
    if (abort === undefined) return undefined;
    const name = abort.kind === "header" ? ABORT_PERCENTAGE : undefined;
    if (!strikes(abort.percentage, name, head, random)) return undefined;
    return this.#abort ?? requestedAbort(head);
  }

  #comesFromNode(head: RequestHead): boolean {
    const at = head.find(X_ENVOY_DOWNSTREAM_SERVICE_NODE);
    if (at === -1) return false;
    for (const node of this.#nodes) if (head.valueIs(at, node)) return true;
    return false;
  }
}

/** Draws. A request may lower the numerator by the header `name`, where there is one, never raise it. */
function strikes(
  { numerator, denominator }: FractionalPercent,
  name: HeaderName | undefined,
  head: RequestHead,
  random: Random,
): boolean {
  let wanted = numerator;
  if (name !== undefined) wanted = Math.min(numberIn(head, name, MAX_U32) ?? numerator, numerator);
  return random.u32() % denominator < wanted;
}

/** The abort that a request asks for; a HTTP status wins over a gRPC status. */
function requestedAbort(head: RequestHead): Abort | undefined {
  const status = numberIn(head, ABORT_REQUEST, Number.MAX_SAFE_INTEGER);
  if (status !== undefined && status >= 200 && status < 600) {
    return { status, grpcStatus: undefined };
  }
  const grpcStatus = numberIn(head, ABORT_GRPC_REQUEST, Number.MAX_SAFE_INTEGER);
  return grpcStatus === undefined ? undefined : { status: 200, grpcStatus };
}

const [ZERO, NINE, PLUS] = [48, 57, 43];

/** The first field `name` as a whole number up to `max`; undefined when it is missing or something else. */
function numberIn(head: RequestHead, name: HeaderName, max: number): number | undefined {
  const index = head.find(name);
  if (index === -1) return undefined;
  const bytes = head.bytesAt(index);
  const end = head.valueEnd(index);
  let at = head.valueStart(index);
  if (bytes[at] === PLUS) at += 1;
  if (at >= end) return undefined;
  let value = 0;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < (ZERO as number) || byte > (NINE as number)) return undefined;
    value = value * 10 + byte - (ZERO as number);
    if (value > max) return undefined;
  }
  return value;
}
