// /stats/prometheus: the text exposition format 0.0.4, with Envoy's metric names and labels.
import { formatGeneral, formatInteger } from "./format-number.ts";
import type { Histogram } from "./histogram.ts";
import {
  approximateSum,
  BUCKET_BOUNDS,
  cumulativeCounts,
  QUANTILES,
  quantiles,
} from "./histogram-statistics.ts";
import type { StatsSnapshot } from "./stats-store.ts";
import type { TagExtractor } from "./tag-extractor.ts";

export interface PrometheusOptions {
  /** Histograms as buckets of all time, or as quantiles of the last interval. */
  readonly histograms: "cumulative" | "summary";
  /** Texts as gauges of value 0 with the text as a label. */
  readonly textReadouts: boolean;
}

const DEFAULTS: PrometheusOptions = { histograms: "cumulative", textReadouts: false };
/** How many digits Envoy prints of sums and quantiles: more than a double has, so nothing is lost. */
const DIGITS = 32;

interface Sample<T> {
  readonly value: T;
  readonly labels: string;
}

/** Counters, gauges, texts, histograms; in each, metrics by name and samples by full name. */
export function renderPrometheus(
  stats: StatsSnapshot,
  tags: TagExtractor,
  options: PrometheusOptions = DEFAULTS,
): string {
  const lines: string[] = [];
  for (const kind of ["counter", "gauge"] as const) {
    const scalars = stats.scalars.filter((scalar) => scalar.kind === kind);
    for (const [metric, samples] of byMetric(scalars, tags)) {
      lines.push(`# TYPE ${metric} ${kind}`);
      for (const { value, labels } of samples) {
        lines.push(`${metric}{${labels}} ${formatInteger(value.value)}`);
      }
    }
  }
  if (options.textReadouts) {
    for (const [metric, samples] of byMetric(stats.texts, tags)) {
      lines.push(`# TYPE ${metric} gauge`);
      for (const { value, labels } of samples) {
        lines.push(`${metric}{${join(labels, label("text_value", value.value))}} 0`);
      }
    }
  }
  const renderHistogram = options.histograms === "summary" ? renderSummary : renderBuckets;
  const type = options.histograms === "summary" ? "summary" : "histogram";
  for (const [metric, samples] of byMetric(stats.histograms, tags)) {
    lines.push(`# TYPE ${metric} ${type}`);
    for (const { value, labels } of samples) {
      renderHistogram(metric, labels, value.histogram, lines);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Samples under their metric's name, sorted by the name without tags; within it they keep the order they came in. */
function byMetric<T extends { readonly name: string }>(
  samples: readonly T[],
  tags: TagExtractor,
): Map<string, Sample<T>[]> {
  const groups = new Map<string, Sample<T>[]>();
  for (const sample of samples) {
    const tagged = tags.extract(sample.name);
    const labels = tagged.tags.map(({ tag, value }) => label(tag, value)).join(",");
    let group = groups.get(tagged.name);
    if (group === undefined) {
      group = [];
      groups.set(tagged.name, group);
    }
    group.push({ value: sample, labels });
  }
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  const metrics = new Map<string, Sample<T>[]>();
  for (const [name, group] of sorted) {
    const metric = metricName(name);
    // Two names may become one metric (a.b and a_b): a metric must not be announced twice.
    const known = metrics.get(metric);
    if (known === undefined) metrics.set(metric, group);
    else known.push(...group);
  }
  return metrics;
}

function renderBuckets(
  metric: string,
  labels: string,
  histogram: Histogram,
  lines: string[],
): void {
  const bins = histogram.cumulative;
  cumulativeCounts(bins).forEach((count, i) => {
    const bound = label("le", formatGeneral(BUCKET_BOUNDS[i] ?? 0, DIGITS));
    lines.push(`${metric}_bucket{${join(labels, bound)}} ${formatInteger(count)}`);
  });
  lines.push(`${metric}_bucket{${join(labels, label("le", "+Inf"))}} ${formatInteger(bins.total)}`);
  lines.push(`${metric}_sum{${labels}} ${formatGeneral(approximateSum(bins), DIGITS)}`);
  lines.push(`${metric}_count{${labels}} ${formatInteger(bins.total)}`);
}

function renderSummary(
  metric: string,
  labels: string,
  histogram: Histogram,
  lines: string[],
): void {
  const bins = histogram.interval;
  quantiles(bins).forEach((value, i) => {
    const quantile = label("quantile", String(QUANTILES[i] ?? 0));
    lines.push(`${metric}{${join(labels, quantile)}} ${formatGeneral(value, DIGITS)}`);
  });
  lines.push(`${metric}_sum{${labels}} ${formatGeneral(approximateSum(bins), DIGITS)}`);
  lines.push(`${metric}_count{${labels}} ${formatInteger(bins.total)}`);
}

function join(labels: string, more: string): string {
  return labels === "" ? more : `${labels},${more}`;
}

function label(tag: string, value: string): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  return `${cleanName(tag)}="${escaped}"`;
}

function metricName(name: string): string {
  return `envoy_${cleanName(name)}`;
}

function cleanName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, "_");
}
