// /stats as text: `name: value`, one a line, texts first, then counters and gauges, then histograms.
import { formatGeneral, formatInteger, formatShortest } from "./format-number.ts";
import { type BinCounts, binStart, binWidth, type Histogram } from "./histogram.ts";
import { BUCKET_BOUNDS, cumulativeCounts, QUANTILES, quantiles } from "./histogram-statistics.ts";
import type { HistogramMode } from "./stats-query.ts";
import type { StatsSnapshot } from "./stats-store.ts";

export function renderText(stats: StatsSnapshot, mode: HistogramMode = "summary"): string {
  const lines: string[] = [];
  for (const { name, value } of stats.texts) lines.push(`${name}: "${escapeText(value)}"`);
  for (const { name, value } of stats.scalars) lines.push(`${name}: ${formatInteger(value)}`);
  for (const { name, histogram } of stats.histograms) {
    lines.push(`${name}:${renderHistogram(histogram, mode)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A version or a server's name comes from the management server: it must not be able to forge a line. */
function escapeText(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function renderHistogram(histogram: Histogram, mode: HistogramMode): string {
  if (histogram.cumulative.total === 0) return " No recorded values";
  switch (mode) {
    case "summary":
      return ` ${renderSummary(histogram)}`;
    case "cumulative":
    case "disjoint":
      return ` ${renderBuckets(histogram, mode)}`;
    case "detailed":
      return `\n  totals=${renderBins(histogram.cumulative)}\n  intervals=${renderBins(histogram.interval)}\n  summary=${renderSummary(histogram)}`;
  }
}

/** `P50(1.05,2.05)`: the value in the last interval, then in all. */
export function renderSummary(histogram: Histogram): string {
  const interval = quantiles(histogram.interval);
  const cumulative = quantiles(histogram.cumulative);
  return QUANTILES.map((quantile, i) => {
    const values = [interval[i] ?? Number.NaN, cumulative[i] ?? Number.NaN];
    return `P${quantilePercent(quantile)}(${values.map(formatShortest).join(",")})`;
  }).join(" ");
}

/** 0.995 -> 99.5; a plain product would give 99.50000000000001 for some. */
export function quantilePercent(quantile: number): number {
  return Number((quantile * 100).toFixed(3));
}

function renderBuckets(histogram: Histogram, mode: "cumulative" | "disjoint"): string {
  const interval = bucketCounts(histogram.interval, mode);
  const cumulative = bucketCounts(histogram.cumulative, mode);
  return BUCKET_BOUNDS.map(
    (bound, i) => `B${formatGeneral(bound, 6)}(${interval[i] ?? 0},${cumulative[i] ?? 0})`,
  ).join(" ");
}

/** Counts by bucket: of all values up to the bound, or (disjoint) of those since the bound before. */
export function bucketCounts(bins: BinCounts, mode: "cumulative" | "disjoint"): number[] {
  const counts = cumulativeCounts(bins);
  if (mode === "cumulative") return counts;
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}

function renderBins(bins: BinCounts): string {
  return listBins(bins)
    .map((bin) => ` ${formatShortest(bin.start)},${formatShortest(bin.width)}:${bin.count}`)
    .join(",")
    .trimStart();
}

/** The bins that hold something. */
export function listBins(
  bins: BinCounts,
): { readonly start: number; readonly width: number; readonly count: number }[] {
  const listed: { readonly start: number; readonly width: number; readonly count: number }[] = [];
  bins.counts.forEach((count, bin) => {
    if (count > 0) listed.push({ start: binStart(bin), width: binWidth(bin), count });
  });
  return listed;
}
