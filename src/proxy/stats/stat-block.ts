// The counters and gauges of one owner (a cluster, a listener, …) side by side in one typed array.
import type { StatId, StatsTable } from "./define-stats.ts";

/**
 * Hot path: an increment is one addition in a typed array.
 *
 * A value never written is -0, which prints as 0 and turns into an ordinary number by any addition or `set`: that is
 * how `?usedonly` tells an untouched gauge from one that came back to 0, without a second write per increment.
 */
export class StatBlock<G extends string = string> {
  readonly values: Float64Array;
  readonly table: StatsTable<G>;

  constructor(table: StatsTable<G>) {
    this.table = table;
    this.values = new Float64Array(table.names.length).fill(-0);
  }

  inc(id: StatId<G>): void {
    this.values[id] = (this.values[id] as number) + 1;
  }

  /** For gauges: a counter never goes down. */
  dec(id: StatId<G>): void {
    this.values[id] = (this.values[id] as number) - 1;
  }

  add(id: StatId<G>, count: number): void {
    this.values[id] = (this.values[id] as number) + count;
  }

  /** For gauges. */
  set(id: StatId<G>, value: number): void {
    this.values[id] = value;
  }

  value(id: StatId<G>): number {
    return (this.values[id] as number) + 0;
  }

  /** Counters to 0, gauges as they are. A counter that was used stays so. */
  resetCounters(): void {
    for (let id = 0; id < this.values.length; id += 1) {
      if (this.table.kinds[id] === "counter" && isUsed(this.values[id] as number)) {
        this.values[id] = 0;
      }
    }
  }
}

/** Whether a stored value was ever written. */
export function isUsed(value: number): boolean {
  return !Object.is(value, -0);
}
