// How long to wait before a program that ended is started again: longer each time, from the start after it ran well.

export const FIRST_DELAY_MS = 1_000;
/** Kubernetes waits up to five minutes; a person at a keyboard would not. */
export const MAX_DELAY_MS = 30_000;
/** Whoever ran this long did not crash at start. */
export const STEADY_MS = 10_000;

export class RestartBackOff {
  #delayMs = FIRST_DELAY_MS;

  /** The delay before the next start of a program that just ended after `ranMs`. */
  next(ranMs: number): number {
    if (ranMs >= STEADY_MS) this.#delayMs = FIRST_DELAY_MS;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(MAX_DELAY_MS, delayMs * 2);
    return delayMs;
  }
}
