// How many of a resource exist: in this worker, or in all workers together, counted in memory that they share.

export interface ResourceCount {
  readonly value: number;
  /** Counts one more if fewer than `max` exist. */
  tryAdd(max: number): boolean;
  add(): void;
  subtract(): void;
}

/** Of the only worker. */
export class OwnCount implements ResourceCount {
  value = 0;

  tryAdd(max: number): boolean {
    if (this.value >= max) return false;
    this.value += 1;
    return true;
  }

  add(): void {
    this.value += 1;
  }

  subtract(): void {
    this.value -= 1;
  }
}

/** One of SharedCounts. About 15 ns to take and give back, where OwnCount needs 1 (measured on Bun 1.4.5). */
export class SharedCount implements ResourceCount {
  readonly #cells: SharedCounts;
  readonly #index: number;

  constructor(cells: SharedCounts, index: number) {
    this.#cells = cells;
    this.#index = index;
  }

  get value(): number {
    return Atomics.load(this.#cells, this.#index);
  }

  tryAdd(max: number): boolean {
    for (;;) {
      const value = this.value;
      if (value >= max) return false;
      // Another worker was faster: look again. Each turn of the loop is somebody's success.
      if (Atomics.compareExchange(this.#cells, this.#index, value, value + 1) === value)
        return true;
    }
  }

  add(): void {
    Atomics.add(this.#cells, this.#index, 1);
  }

  subtract(): void {
    Atomics.sub(this.#cells, this.#index, 1);
  }
}

/** The counts of one cluster's circuit breakers, for the workers that serve the same configuration of it. */
export type SharedCounts = Int32Array<SharedArrayBuffer>;

/** Connections, pending requests, requests, retries. */
export const RESOURCES_PER_PRIORITY = 4;
const PRIORITY_COUNT = 2;

export function createSharedCounts(): SharedCounts {
  const count = RESOURCES_PER_PRIORITY * PRIORITY_COUNT;
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}
