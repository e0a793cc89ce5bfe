// What can be said of a histogram from its bins: quantiles, sum, and counts up to given bounds. All as libcircllhist says it.
import { type BinCounts, binStart, binWidth } from "./histogram.ts";

/** The quantiles that Envoy prints. */
export const QUANTILES: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** Upper bounds of the buckets that Envoy prints (its defaults; milliseconds where the histogram is of time). */
export const BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

/**
 * The values at `quantiles` (rising, each in 0 … 1), NaN for each when nothing was counted. The q-quantile is the k-th
 * smallest value, k = ⌈q·n⌉ but at least 1; within a bin its c values are taken to lie at 1/(c+1), 2/(c+1), … of the width.
 */
export function quantiles(bins: BinCounts, wanted: readonly number[] = QUANTILES): number[] {
  if (bins.total === 0) return wanted.map(() => Number.NaN);
  let bin = -1;
  let below = 0;
  let upTo = 0;
  return wanted.map((quantile) => {
    const rank = Math.min(Math.max(Math.ceil(quantile * bins.total), 1), bins.total);
    while (upTo < rank) {
      bin += 1;
      below = upTo;
      upTo += bins.counts[bin] as number;
    }
    const share = (rank - below) / (upTo - below + 1);
    return binStart(bin) + share * binWidth(bin);
  });
}

/** The sum of all values, each taken as the harmonic mean of its bin's bounds, which halves the worst relative error. */
export function approximateSum(bins: BinCounts): number {
  let sum = 0;
  for (let bin = 1; bin < bins.counts.length; bin += 1) {
    const count = bins.counts[bin] as number;
    if (count === 0) continue;
    const low = binStart(bin);
    const high = low + binWidth(bin);
    sum += count * ((2 * low * high) / (low + high));
  }
  return sum;
}

/** For each of `bounds` (rising), how many values lie in bins that start at or below it. */
export function cumulativeCounts(
  bins: BinCounts,
  bounds: readonly number[] = BUCKET_BOUNDS,
): number[] {
  let bin = 0;
  let count = 0;
  return bounds.map((bound) => {
    while (bin < bins.counts.length && binStart(bin) <= bound) {
      count += bins.counts[bin] as number;
      bin += 1;
    }
    return count;
  });
}
