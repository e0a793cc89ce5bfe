// Exponential back-off with full jitter: how long to wait before the next attempt.
import { fraction, type Random } from "#base/random.ts";

export interface BackoffLimits {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Envoy's JitteredExponentialBackOffStrategy: the n-th wait is uniform in [0, min(base x 2^n, max)). Jitter over the whole
 * range is what keeps a thousand proxies from coming back in step after a pilot restart.
 */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: Random;
  #ceilingMs: number;

  constructor(limits: BackoffLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
    this.#ceilingMs = limits.baseMs;
  }

  nextDelayMs(): number {
    const delayMs = fraction(this.#random) * this.#ceilingMs;
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, this.#limits.maxMs);
    return delayMs;
  }

  /** The last attempt was good: the next failure starts small again. */
  reset(): void {
    this.#ceilingMs = this.#limits.baseMs;
  }
}
