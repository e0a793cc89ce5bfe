// The time port: what an engine is told the time by.

export interface Clock {
  /** Milliseconds since an arbitrary start, never going back; fractions allowed. For every duration and deadline. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump. Only for what people read: dates, log lines. */
  wallMs(): number;
}
