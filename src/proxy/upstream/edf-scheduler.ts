// Earliest deadline first: picks each entry in proportion to its weight, spread as evenly as weights allow, in O(log n).
// https://en.wikipedia.org/wiki/Earliest_deadline_first_scheduling, with Envoy's tie breaking and start (edf_scheduler.h).
import { assert } from "#base/assert.ts";

/** More picks than this are not worth to emulate: the start is random enough (Envoy: UINT_MAX / 10). */
const MAX_INITIAL_PICKS = 429_496_729;
/** Keeps weights from being multiples of each other, where rounding would let the bulk step overtake single picks. */
const WEIGHT_EPSILON = 1e-13;

/**
 * Every entry has a deadline; the earliest is picked, time moves there, and the entry comes back `1 / weight` later, with its
 * weight of that moment. At equal deadlines the one that came in first goes first. Weights must be positive.
 */
export class EdfScheduler<T> {
  readonly #weightOf: (entry: T) => number;
  /** Entries never move; the heap below holds their places here. */
  readonly #entries: readonly T[];
  readonly #deadlines: Float64Array;
  /** When an entry came in last: the tie breaker. */
  readonly #orders: Float64Array;
  /** A binary heap of places, the earliest first. */
  readonly #heap: Uint32Array;
  #now = 0;
  #nextOrder: number;

  /** Starts as if `initialPicks` had been made already, so that many proxies do not all begin with the same host. */
  constructor(entries: readonly T[], weightOf: (entry: T) => number, initialPicks: number) {
    this.#weightOf = weightOf;
    this.#entries = entries;
    this.#deadlines = new Float64Array(entries.length);
    this.#orders = new Float64Array(entries.length);
    this.#heap = new Uint32Array(entries.length);
    this.#nextOrder = entries.length;
    let picks = initialPicks % MAX_INITIAL_PICKS;
    picks -= this.#startAfter(picks);
    for (let place = (entries.length >> 1) - 1; place >= 0; place -= 1) this.#siftDown(place);
    if (entries.length > 0) for (; picks > 0; picks -= 1) this.pick();
  }

  /** undefined when there is no entry. Hot path. */
  pick(): T | undefined {
    if (this.#heap.length === 0) return undefined;
    const index = this.#heap[0] as number;
    const entry = this.#entries[index] as T;
    this.#now = this.#deadlines[index] as number;
    this.#deadlines[index] = this.#now + 1 / this.#weightOf(entry);
    this.#orders[index] = this.#nextOrder;
    this.#nextOrder += 1;
    this.#siftDown(0);
    return entry;
  }

  /**
   * Sets all deadlines as they are after at most `picks` picks, each entry having had the whole part of its share.
   * Returns how many that were; fewer than one per entry are missing.
   */
  #startAfter(picks: number): number {
    const weights = this.#entries.map((entry) => this.#weightOf(entry) + WEIGHT_EPSILON);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let made = 0;
    for (const [index, weight] of weights.entries()) {
      assert(weight > WEIGHT_EPSILON, "weights are positive");
      let share = Math.floor((weight * picks) / total);
      // Rounding may lift a share to its next whole number: that pick is not yet due.
      if (share > 0 && share / weight >= picks / total) share -= 1;
      this.#heap[index] = index;
      this.#orders[index] = index;
      this.#deadlines[index] = (share + 1) / weight;
      this.#now = Math.max(this.#now, share / weight);
      made += share;
    }
    return made;
  }

  #isBefore(a: number, b: number): boolean {
    const deadlineA = this.#deadlines[a] as number;
    const deadlineB = this.#deadlines[b] as number;
    return (
      deadlineA < deadlineB ||
      (deadlineA === deadlineB && (this.#orders[a] as number) < (this.#orders[b] as number))
    );
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const moving = heap[start] as number;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && this.#isBefore(heap[right] as number, heap[child] as number)) {
        child = right;
      }
      if (!this.#isBefore(heap[child] as number, moving)) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = moving;
  }
}
