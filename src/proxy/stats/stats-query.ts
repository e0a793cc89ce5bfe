// Which statistics a page shows, and how; parsed from the query of /stats.
import type { HistogramSample, ScalarSample, StatsSnapshot, TextSample } from "./stats-store.ts";

export const STATS_FORMATS = ["text", "json", "prometheus"] as const;

export const HISTOGRAM_MODES = ["cumulative", "disjoint", "detailed", "summary"] as const;
export type HistogramMode = (typeof HISTOGRAM_MODES)[number];

export const STAT_TYPES = ["All", "Counters", "Histograms", "Gauges", "TextReadouts"] as const;
export type StatType = (typeof STAT_TYPES)[number];

export interface StatsFilter {
  readonly usedOnly: boolean;
  readonly type: StatType;
  /** Whether a name is shown. */
  isWanted(name: string): boolean;
}

/** The part of `snapshot` that `filter` lets through. Texts and histograms count as used once they hold something. */
export function selectStats(snapshot: StatsSnapshot, filter: StatsFilter): StatsSnapshot {
  const { type, usedOnly } = filter;
  const wantsType = (wanted: StatType): boolean => type === "All" || type === wanted;
  const isTextWanted = (text: TextSample): boolean =>
    !(usedOnly && text.value === "") && filter.isWanted(text.name);
  const isScalarWanted = (scalar: ScalarSample): boolean =>
    wantsType(scalar.kind === "counter" ? "Counters" : "Gauges") &&
    !(usedOnly && !scalar.isUsed) &&
    filter.isWanted(scalar.name);
  const isHistogramWanted = ({ name, histogram }: HistogramSample): boolean =>
    !(usedOnly && histogram.cumulative.total === 0) && filter.isWanted(name);
  return {
    texts: wantsType("TextReadouts") ? snapshot.texts.filter(isTextWanted) : [],
    scalars: snapshot.scalars.filter(isScalarWanted),
    histograms: wantsType("Histograms") ? snapshot.histograms.filter(isHistogramWanted) : [],
  };
}
