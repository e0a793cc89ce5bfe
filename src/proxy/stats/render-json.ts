// /stats?format=json, in the shapes of Envoy's.
import { formatInteger } from "./format-number.ts";
import type { Histogram } from "./histogram.ts";
import { BUCKET_BOUNDS, QUANTILES, quantiles } from "./histogram-statistics.ts";
import { bucketCounts, listBins, quantilePercent } from "./render-text.ts";
import type { HistogramMode } from "./stats-query.ts";
import type { HistogramSample, StatsSnapshot } from "./stats-store.ts";

export function renderJson(stats: StatsSnapshot, mode: HistogramMode = "summary"): string {
  const entries = [
    ...stats.texts.map(({ name, value }) => JSON.stringify({ name, value })),
    // By hand, since JSON.stringify would print gauges beyond 2^53 (a version's hash) with an exponent.
    ...stats.scalars.map(
      ({ name, value }) => `{"name":${JSON.stringify(name)},"value":${formatInteger(value)}}`,
    ),
  ];
  if (stats.histograms.length > 0) {
    entries.push(JSON.stringify({ histograms: histogramsJson(stats.histograms, mode) }));
  }
  return `{"stats":[${entries.join(",")}]}`;
}

function histogramsJson(samples: readonly HistogramSample[], mode: HistogramMode): unknown {
  const percents = QUANTILES.map(quantilePercent);
  switch (mode) {
    case "summary":
      return {
        supported_quantiles: percents,
        computed_quantiles: samples.map(({ name, histogram }) => ({
          name,
          values: quantilesJson(histogram),
        })),
      };
    case "detailed":
      return {
        supported_percentiles: percents,
        details: samples.map(({ name, histogram }) => ({
          name,
          totals: listBins(histogram.cumulative).map(binJson),
          intervals: listBins(histogram.interval).map(binJson),
          percentiles: quantilesJson(histogram),
        })),
      };
    case "cumulative":
    case "disjoint":
      return samples.map(({ name, histogram }) => ({
        name,
        buckets: bucketsJson(histogram, mode),
      }));
  }
}

/** JSON has no NaN: a quantile of nothing is null. */
function quantilesJson(histogram: Histogram): unknown[] {
  const interval = quantiles(histogram.interval);
  const orNull = (value: number | undefined): number | null =>
    value === undefined || Number.isNaN(value) ? null : value;
  return quantiles(histogram.cumulative).map((value, i) => ({
    cumulative: orNull(value),
    interval: orNull(interval[i]),
  }));
}

function bucketsJson(histogram: Histogram, mode: "cumulative" | "disjoint"): unknown[] {
  const interval = bucketCounts(histogram.interval, mode);
  const cumulative = bucketCounts(histogram.cumulative, mode);
  return BUCKET_BOUNDS.map((bound, i) => ({
    upper_bound: bound,
    interval: interval[i] ?? 0,
    cumulative: cumulative[i] ?? 0,
  }));
}

function binJson(bin: {
  readonly start: number;
  readonly width: number;
  readonly count: number;
}): unknown {
  return { lower_bound: bin.start, width: bin.width, count: bin.count };
}
