// The timer port: a promise to be called back, which may be taken back.

export interface Timer {
  /** Takes the call back; harmless when it has already come. */
  cancel(): void;
}

export interface Timers {
  /** Calls `callback` once, not earlier than `delayMs` from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` every `periodMs` until cancelled. */
  every(periodMs: number, callback: () => void): Timer;
}
