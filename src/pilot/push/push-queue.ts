// Who still has to be offered the newest snapshot. A proxy is in here at most once, however many changes come: changes merge.

import type { Clock } from "#base/clock.ts";
import type { Timers } from "#base/timers.ts";

/** How long one turn may take before requests, acknowledgements and timers get theirs. */
const TURN_MS = 10;

export class PushQueue<Item> {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #push: (item: Item) => void;
  readonly #waiting = new Set<Item>();
  #isScheduled = false;

  constructor(clock: Clock, timers: Timers, push: (item: Item) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#push = push;
  }

  get length(): number {
    return this.#waiting.size;
  }

  add(item: Item): void {
    this.#waiting.add(item);
    this.#schedule();
  }

  delete(item: Item): void {
    this.#waiting.delete(item);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    this.#timers.after(0, () => {
      this.#isScheduled = false;
      this.#turn();
      this.#schedule();
    });
  }

  #turn(): void {
    const untilMs = this.#clock.nowMs() + TURN_MS;
    for (const item of this.#waiting) {
      this.#waiting.delete(item);
      this.#push(item);
      if (this.#clock.nowMs() >= untilMs) return;
    }
  }
}
