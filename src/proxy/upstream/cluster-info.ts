// What a cluster's hosts and pools share and keep for as long as one of them lives, even after the cluster itself is gone.
import type { Random } from "#base/random.ts";
import type { ClusterConfig } from "../config/cluster-config.ts";
import type { Histogram } from "../stats/histogram.ts";
import type { ResponseCodeStats } from "../stats/response-code-stats.ts";
import { CIRCUIT_BREAKER } from "../stats/schema/circuit-breaker.ts";
import { CIRCUIT_BREAKER_REMAINING } from "../stats/schema/circuit-breaker-remaining.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import { HTTP1_CODEC } from "../stats/schema/http1-codec.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { TimerWheel } from "../timer-wheel.ts";
import { CircuitBreaker, type Priority } from "./circuit-breaker.ts";
import { RESOURCES_PER_PRIORITY, type SharedCounts } from "./resource-count.ts";

/** The worker's event loop as the upstream side needs it; the Dispatcher is one. */
export interface UpstreamLoop {
  /** The time of the event that is being handled. */
  readonly nowMs: number;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** Handles `task` as one event: for what comes from outside the loop, such as a resolved name. */
  run(task: () => void): void;
}

export class ClusterInfo {
  readonly name: string;
  readonly config: ClusterConfig;
  readonly loop: UpstreamLoop;
  /** `cluster.<stat name>.` */
  readonly statPrefix: string;
  readonly stats: StatBlock<"cluster">;
  readonly codes: ResponseCodeStats;
  readonly connectMs: Histogram;
  readonly connectionLengthMs: Histogram;
  readonly requestsPerConnection: Histogram;
  readonly #default: CircuitBreaker;
  readonly #high: CircuitBreaker;
  readonly #store: StatsStore;
  #requestTime: Histogram | undefined = undefined;
  #externalRequestTime: Histogram | undefined = undefined;
  #internalRequestTime: Histogram | undefined = undefined;
  #hasHttp1Codec = false;

  /** `counts`: of the circuit breakers, where other workers serve the cluster too. */
  constructor(
    config: ClusterConfig,
    store: StatsStore,
    loop: UpstreamLoop,
    counts: SharedCounts | undefined,
  ) {
    const prefix = `cluster.${config.statName}.`;
    this.name = config.name;
    this.config = config;
    this.loop = loop;
    this.statPrefix = prefix;
    this.stats = store.block(prefix, CLUSTER);
    this.codes = store.responseCodes(prefix);
    this.#store = store;
    this.connectMs = store.histogram(`${prefix}upstream_cx_connect_ms`);
    this.connectionLengthMs = store.histogram(`${prefix}upstream_cx_length_ms`);
    this.requestsPerConnection = store.histogram(`${prefix}upstream_rq_per_cx`);
    this.#default = createBreaker("default", config, store, prefix, counts);
    this.#high = createBreaker("high", config, store, prefix, counts);
  }

  /** `upstream_rq_time`: an answer from upstream is complete; to a request from outside, or to one of our own. */
  recordRequestTime(ms: number, origin: "external" | "internal"): void {
    const store = this.#store;
    const prefix = this.statPrefix;
    this.#requestTime ??= store.histogram(`${prefix}upstream_rq_time`);
    this.#requestTime.record(ms);
    if (origin === "external") {
      this.#externalRequestTime ??= store.histogram(`${prefix}external.upstream_rq_time`);
      this.#externalRequestTime.record(ms);
    } else {
      this.#internalRequestTime ??= store.histogram(`${prefix}internal.upstream_rq_time`);
      this.#internalRequestTime.record(ms);
    }
  }

  /** HTTP/1 is spoken to the cluster: from then on the codec's counters are listed. */
  noteHttp1Codec(): void {
    if (this.#hasHttp1Codec) return;
    this.#hasHttp1Codec = true;
    this.#store.block(`${this.statPrefix}http1.`, HTTP1_CODEC);
  }

  breaker(priority: Priority): CircuitBreaker {
    return priority === "default" ? this.#default : this.#high;
  }
}

function createBreaker(
  priority: Priority,
  config: ClusterConfig,
  store: StatsStore,
  statPrefix: string,
  counts: SharedCounts | undefined,
): CircuitBreaker {
  const thresholds = config.thresholds[priority];
  const prefix = `${statPrefix}circuit_breakers.${priority}.`;
  return new CircuitBreaker(
    thresholds,
    store.block(prefix, CIRCUIT_BREAKER),
    thresholds.trackRemaining ? store.block(prefix, CIRCUIT_BREAKER_REMAINING) : undefined,
    counts && { counts, firstCell: priority === "default" ? 0 : RESOURCES_PER_PRIORITY },
  );
}
