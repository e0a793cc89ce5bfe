// Circuit breakers of one cluster and one priority: how many connections, pending requests, requests and retries may exist at once.
import { assert } from "#base/assert.ts";
import type { ThresholdsConfig } from "../config/cluster-config.ts";
import type { StatId } from "../stats/define-stats.ts";
import { CIRCUIT_BREAKER } from "../stats/schema/circuit-breaker.ts";
import { CIRCUIT_BREAKER_REMAINING } from "../stats/schema/circuit-breaker-remaining.ts";
import { isUsed, type StatBlock } from "../stats/stat-block.ts";
import { OwnCount, type ResourceCount, SharedCount, type SharedCounts } from "./resource-count.ts";

/** A cluster's resource priority (envoy.config.core.v3.RoutingPriority); not the priority of a locality. */
export type Priority = "default" | "high";

/** Where one resource shows itself; `remaining` only under `track_remaining`. */
interface ResourceGauges {
  readonly stats: StatBlock<"circuitBreaker">;
  readonly openId: StatId<"circuitBreaker">;
  readonly remaining: StatBlock<"circuitBreakerRemaining"> | undefined;
  readonly remainingId: StatId<"circuitBreakerRemaining">;
}

/**
 * One counted resource: another may be created while fewer than `max` exist (Envoy: `ResourceLimit::canCreate`).
 * The gauge `…_open` says the opposite, and is written only when the count changes: a maximum of 0 shows as open after
 * its first use, as in Envoy.
 */
export class Resource {
  readonly #max: number;
  readonly #gauges: ResourceGauges;
  readonly #count: ResourceCount;
  /** Those that this worker took. */
  #held = 0;

  constructor(max: number, gauges: ResourceGauges, count: ResourceCount) {
    this.#max = max;
    this.#count = count;
    this.#gauges = gauges;
    gauges.remaining?.set(gauges.remainingId, max);
  }

  /** How many exist. */
  get active(): number {
    return this.#count.value;
  }

  get max(): number {
    return this.#max;
  }

  get canAcquire(): boolean {
    return this.#count.value < this.max;
  }

  /** Takes one if there is room. */
  tryAcquire(): boolean {
    if (!this.#count.tryAdd(this.max)) return false;
    this.#held += 1;
    this.#show();
    return true;
  }

  /** Takes one in any case: the caller asked `canAcquire`, or a rule stands above the limit (host starvation). */
  acquire(): void {
    this.#count.add();
    this.#held += 1;
    this.#show();
  }

  release(): void {
    assert(this.#held > 0, "a resource is released as often as it was acquired");
    this.#held -= 1;
    this.#count.subtract();
    this.#show();
  }

  /** Writes the gauges anew where other workers count too: what they did, nobody has told this worker's gauges. */
  refresh(): void {
    const { stats, openId } = this.#gauges;
    if (isUsed(stats.values[openId] as number)) this.#show();
  }

  #show(): void {
    const { stats, openId, remaining, remainingId } = this.#gauges;
    const active = this.#count.value;
    stats.set(openId, active < this.max ? 0 : 1);
    remaining?.set(remainingId, Math.max(0, this.#max - active));
  }
}

/** Retries under a budget: a share of the requests active and pending, and never less than the minimum. */
class RetryBudget extends Resource {
  readonly #percent: number;
  readonly #minConcurrency: number;
  readonly #requests: Resource;
  readonly #pendingRequests: Resource;

  constructor(
    budget: NonNullable<ThresholdsConfig["retryBudget"]>,
    requests: Resource,
    pendingRequests: Resource,
    gauges: ResourceGauges,
    count: ResourceCount,
  ) {
    // The limit moves with every request, so "remaining" stays 0 (Envoy: clearRemainingGauge).
    super(0, gauges, count);
    this.#percent = budget.percent;
    this.#minConcurrency = budget.minConcurrency;
    this.#requests = requests;
    this.#pendingRequests = pendingRequests;
  }

  override get max(): number {
    const inFlight = this.#requests.active + this.#pendingRequests.active;
    return Math.max(Math.floor((this.#percent / 100) * inFlight), this.#minConcurrency);
  }
}

export class CircuitBreaker {
  readonly connections: Resource;
  readonly pendingRequests: Resource;
  readonly requests: Resource;
  readonly retries: Resource;
  /** Connections to one host; undefined means no limit of its own. */
  readonly maxConnectionsPerHost: number | undefined;

  /**
   * `remaining` is given when the thresholds say `track_remaining`, `shared` when there are other workers: its cells from
   * `firstCell` on.
   */
  constructor(
    thresholds: ThresholdsConfig,
    stats: StatBlock<"circuitBreaker">,
    remaining: StatBlock<"circuitBreakerRemaining"> | undefined,
    shared?: { readonly counts: SharedCounts; readonly firstCell: number },
  ) {
    const count = (index: number): ResourceCount =>
      shared === undefined
        ? new OwnCount()
        : new SharedCount(shared.counts, shared.firstCell + index);
    const open = CIRCUIT_BREAKER;
    const left = CIRCUIT_BREAKER_REMAINING;
    const gauges = (
      openId: StatId<"circuitBreaker">,
      remainingId: StatId<"circuitBreakerRemaining">,
    ): ResourceGauges => ({ stats, openId, remaining, remainingId });
    this.maxConnectionsPerHost = thresholds.perHostMaxConnections;
    this.connections = new Resource(
      thresholds.maxConnections,
      gauges(open.cx_open, left.remaining_cx),
      count(0),
    );
    this.pendingRequests = new Resource(
      thresholds.maxPendingRequests,
      gauges(open.rq_pending_open, left.remaining_pending),
      count(1),
    );
    this.requests = new Resource(
      thresholds.maxRequests,
      gauges(open.rq_open, left.remaining_rq),
      count(2),
    );
    const retryGauges = gauges(open.rq_retry_open, left.remaining_retries);
    const budget = thresholds.retryBudget;
    this.retries =
      budget === undefined
        ? new Resource(thresholds.maxRetries, retryGauges, count(3))
        : new RetryBudget(budget, this.requests, this.pendingRequests, retryGauges, count(3));
  }
  /** See Resource.refresh. */
  refreshGauges(): void {
    this.connections.refresh();
    this.pendingRequests.refresh();
    this.requests.refresh();
    this.retries.refresh();
  }
}
