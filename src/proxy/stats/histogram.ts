// Log-linear histograms with two significant digits, in the bins of libcircllhist, which Envoy uses.

/** Bins of one power of ten: 10, 11, … 99 tenths of it. */
const BINS_PER_DECADE = 90;
/** Values are whole numbers below 10^15: as milliseconds, 31,000 years. Anything greater is counted as the greatest. */
const DECADES = 15;
/** Bin 0 holds the zeros; bin 1 starts at 1. */
const FIRST_BIN = 1;
const BIN_COUNT: number = FIRST_BIN + DECADES * BINS_PER_DECADE;

const POWERS: readonly number[] = Array.from({ length: DECADES + 1 }, (_, decade) => 10 ** decade);

/** The bin that `value` belongs to. Fractions are cut off, as Envoy records whole numbers only; negatives count as 0. */
export function binOf(value: number): number {
  // Also refuses NaN.
  if (!(value >= 1)) return 0;
  const whole = Math.floor(value);
  let decade = 0;
  while (decade < DECADES && whole >= (POWERS[decade + 1] as number)) decade += 1;
  if (decade >= DECADES) return BIN_COUNT - 1;
  const digits = Math.floor((whole * 10) / (POWERS[decade] as number));
  return FIRST_BIN + decade * BINS_PER_DECADE + digits - 10;
}

/** Where bin `bin` starts. */
export function binStart(bin: number): number {
  if (bin === 0) return 0;
  const decade = Math.floor((bin - FIRST_BIN) / BINS_PER_DECADE);
  const digits = 10 + ((bin - FIRST_BIN) % BINS_PER_DECADE);
  return (digits * (POWERS[decade] as number)) / 10;
}

/** How wide bin `bin` is; the bin of the zeros has no width. */
export function binWidth(bin: number): number {
  if (bin === 0) return 0;
  return (POWERS[Math.floor((bin - FIRST_BIN) / BINS_PER_DECADE)] as number) / 10;
}

/** Counts by bin. The array is as long as the greatest value so far needs, one power of ten at a time. */
export class BinCounts {
  counts: Float64Array = new Float64Array(0);
  total = 0;

  addTo(bin: number, count: number): void {
    if (bin >= this.counts.length) this.#grow(bin);
    this.counts[bin] = (this.counts[bin] as number) + count;
    this.total += count;
  }

  addAll(counts: Float64Array): void {
    for (let bin = 0; bin < counts.length; bin += 1) {
      const count = counts[bin] as number;
      if (count > 0) this.addTo(bin, count);
    }
  }

  clear(): void {
    this.counts.fill(0);
    this.total = 0;
  }

  #grow(bin: number): void {
    const decades = Math.ceil((bin + 1 - FIRST_BIN) / BINS_PER_DECADE);
    const counts = new Float64Array(FIRST_BIN + Math.max(decades, 1) * BINS_PER_DECADE);
    counts.set(this.counts);
    this.counts = counts;
  }
}

/**
 * What was recorded: since the last `rotate` (nobody sees that yet), in the interval before it, and in all intervals.
 * The caller rotates, every `stats_flush_interval`; there is no clock in here.
 */
export class Histogram {
  #recording = new BinCounts();
  #interval = new BinCounts();
  readonly cumulative: BinCounts = new BinCounts();

  get interval(): BinCounts {
    return this.#interval;
  }

  /** `value` is cut to a whole number; negatives count as 0. */
  record(value: number): void {
    this.#recording.addTo(binOf(value), 1);
  }

  /** Adds what another worker recorded, both by bin. */
  absorb(interval: Float64Array, cumulative: Float64Array): void {
    this.#interval.addAll(interval);
    this.cumulative.addAll(cumulative);
  }

  rotate(): void {
    const finished = this.#recording;
    this.#recording = this.#interval;
    this.#interval = finished;
    if (this.#recording.total > 0) this.#recording.clear();
    if (finished.total > 0) this.cumulative.addAll(finished.counts);
  }
}
