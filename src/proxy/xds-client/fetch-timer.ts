// initial_fetch_timeout: how long start-up or a warming listener waits for the first word about a resource.
import type { Timer, Timers } from "#base/timers.ts";

export class FetchTimer {
  #timer: Timer | undefined;
  #isOver = false;
  readonly #onOver: (timedOut: boolean) => void;

  /** 0 waits for ever. `onOver` is called once: when the first word came (false), or when the time was up (true). */
  constructor(timers: Timers, timeoutMs: number, onOver: (timedOut: boolean) => void) {
    this.#onOver = onOver;
    if (timeoutMs > 0) this.#timer = timers.after(timeoutMs, () => this.#finish(true));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The server has spoken, well or badly. */
  handleWord(): void {
    this.#finish(false);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#isOver = true;
  }

  #finish(timedOut: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#onOver(timedOut);
  }
}
