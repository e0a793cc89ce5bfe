// A clock and timers that move only when a test says so.
import type { Clock } from "../clock.ts";
import type { Timer, Timers } from "../timers.ts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Both ports over one virtual time. Timers due at the same moment run in the order in which they were set. */
export class FakeTime implements Clock, Timers {
  #nowMs = 0;
  #order = 0;
  readonly #wallStartMs: number;
  #entries: Entry[] = [];

  /** `wallStartMs` is what `wallMs` says at time 0; default 2026-01-02T03:04:05Z. */
  constructor(wallStartMs: number = 1_767_323_045_000) {
    this.#wallStartMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run: callback,
    };
    this.#entries.push(entry);
    return { cancel: () => this.#remove(entry) };
  }

  every(periodMs: number, callback: () => void): Timer {
    let cancelled = false;
    let timer: Timer;
    const again = (): void => {
      timer = this.after(periodMs, () => {
        callback();
        if (!cancelled) again();
      });
    };
    again();
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** When the next timer is due, in `nowMs` terms. */
  nextTimerMs(): number | undefined {
    return this.#first()?.atMs;
  }

  get timerCount(): number {
    return this.#entries.length;
  }

  /** Moves time by `deltaMs`, running each timer at its moment; `between` runs after each one (to pump a network, say). */
  advance(deltaMs: number, between?: () => void): void {
    const endMs = this.#nowMs + deltaMs;
    for (;;) {
      const next = this.#first();
      if (next === undefined || next.atMs > endMs) break;
      this.#remove(next);
      this.#nowMs = next.atMs;
      next.run();
      between?.();
    }
    this.#nowMs = endMs;
  }

  #first(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      if (
        best === undefined ||
        entry.atMs < best.atMs ||
        (entry.atMs === best.atMs && entry.order < best.order)
      ) {
        best = entry;
      }
    }
    return best;
  }

  #remove(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    if (index >= 0) this.#entries.splice(index, 1);
  }
}
