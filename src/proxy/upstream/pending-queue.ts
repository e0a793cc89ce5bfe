// Requests that wait for a connection, first in first out; any of them can leave from the middle, in constant time.

/** Not in a queue. */
export const NOT_WAITING = -1;

export interface Waiting {
  /** The queue's own note of where it keeps this one: starts as NOT_WAITING, written by the queue only. */
  poolSlot: number;
}

/** Fewer places than this are not worth to move the waiters together. */
const COMPACT_AT = 64;

/** The number of waiters is bounded by whoever pushes (the circuit breaker's pending requests). */
export class PendingQueue<W extends Waiting> {
  /** Waiters in order of arrival, with holes where one left. */
  readonly #slots: (W | undefined)[] = [];
  /** Everything before it is a hole. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(waiter: W): void {
    waiter.poolSlot = this.#slots.length;
    this.#slots.push(waiter);
    this.#size += 1;
  }

  /** The one who waits longest; undefined when nobody does. */
  shift(): W | undefined {
    while (this.#head < this.#slots.length) {
      const waiter = this.#slots[this.#head];
      if (waiter !== undefined) {
        this.#vacate(waiter);
        return waiter;
      }
      this.#head += 1;
    }
    return undefined;
  }

  /** Takes `waiter` out. Returns false when it is not in this queue. */
  remove(waiter: W): boolean {
    if (waiter.poolSlot === NOT_WAITING || this.#slots[waiter.poolSlot] !== waiter) return false;
    this.#vacate(waiter);
    return true;
  }

  #vacate(waiter: W): void {
    this.#slots[waiter.poolSlot] = undefined;
    waiter.poolSlot = NOT_WAITING;
    this.#size -= 1;
    if (this.#size === 0) {
      this.#slots.length = 0;
      this.#head = 0;
    } else if (this.#slots.length >= COMPACT_AT && this.#size * 2 <= this.#slots.length) {
      this.#compact();
    }
  }

  /** Halves the places at least, so its cost is spread over as many departures. */
  #compact(): void {
    let kept = 0;
    for (let index = this.#head; index < this.#slots.length; index += 1) {
      const waiter = this.#slots[index];
      if (waiter === undefined) continue;
      waiter.poolSlot = kept;
      this.#slots[kept] = waiter;
      kept += 1;
    }
    this.#slots.length = kept;
    this.#head = 0;
  }
}
