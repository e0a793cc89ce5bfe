// When changes become a push: after a quiet time, but not later than a limit. Time is passed in.

/** Istio's PILOT_DEBOUNCE_MAX: under changes without end a push still happens this often. */
export const DEBOUNCE_MAX_MS = 10_000;

/**
 * ```
 *   idle ── change ──► waiting ── quiet for quietMs, or maxMs since the first change ──► due ── take ──► idle
 * ```
 */
export class Debounce {
  readonly #quietMs: number;
  readonly #maxMs: number;
  #firstMs: number | undefined;
  #lastMs = 0;

  /** `quietMs`: how long no further change may come; 0 makes every change due at once. */
  constructor(quietMs: number, maxMs: number = DEBOUNCE_MAX_MS) {
    this.#quietMs = quietMs;
    this.#maxMs = Math.max(maxMs, quietMs);
  }

  handleChange(nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#lastMs = nowMs;
  }

  /** When `take` will say true; undefined while nothing waits. */
  nextTimeoutMs(): number | undefined {
    if (this.#firstMs === undefined) return undefined;
    return Math.min(this.#lastMs + this.#quietMs, this.#firstMs + this.#maxMs);
  }

  /** True once for the changes that are due: the caller pushes now. */
  take(nowMs: number): boolean {
    const dueMs = this.nextTimeoutMs();
    if (dueMs === undefined || nowMs < dueMs) return false;
    this.#firstMs = undefined;
    return true;
  }
}
