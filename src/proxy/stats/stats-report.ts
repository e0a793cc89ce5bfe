// The statistics of one worker as plain data, to be sent to another and added up there.
import type { StatsTable } from "./define-stats.ts";

export interface StatsReport {
  readonly blocks: readonly BlockReport[];
  readonly codes: readonly CodesReport[];
  readonly histograms: readonly HistogramReport[];
  readonly texts: ReadonlyMap<string, string>;
}

export interface BlockReport {
  readonly prefix: string;
  /** The same object in all blocks of a group: structured clone keeps it one, so names travel once. */
  readonly table: StatsTable;
  /** As in a StatBlock: -0 where never written. */
  readonly values: Float64Array;
}

/** Counts by status. */
export interface CodesReport {
  readonly prefix: string;
  readonly external: ReadonlyMap<number, number>;
  readonly internal: ReadonlyMap<number, number>;
  readonly retried: ReadonlyMap<number, number>;
}

/** Counts by bin. */
export interface HistogramReport {
  readonly name: string;
  readonly interval: Float64Array;
  readonly cumulative: Float64Array;
}
