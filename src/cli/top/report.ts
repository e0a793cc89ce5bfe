// What one look at the mesh has found, in every format.
import type { Result } from "../shell/output.ts";
import { COLUMNS } from "./cells.ts";
import type { Polled } from "./poller.ts";
import { type Grouping, gatherRows, type SortKey, sortRows, type TopRow } from "./rows.ts";
import type { TopFrame } from "./screen.ts";
import type { TrafficWindow } from "./window.ts";

/** `sampan top -o json`. */
export interface TopReport {
  readonly by: Grouping;
  /** The time that was measured; counters are of it. */
  readonly measuredMs: number;
  /** Proxies that were asked. */
  readonly proxyCount: number;
  /** Those that did not answer. */
  readonly failedProxies: readonly { readonly proxy: string; readonly reason: string }[];
  readonly rows: readonly TopRow[];
}

export function reportOf(
  polled: Polled,
  window: TrafficWindow,
  by: Grouping,
  nowMs: number,
): TopReport {
  const known: Readonly<Record<Grouping, readonly string[]>> = {
    service: polled.services,
    subset: [],
    workload: polled.workloads,
    proxy: polled.proxies,
  };
  return {
    by,
    measuredMs: Math.round(window.measuredMs),
    proxyCount: polled.proxyCount,
    failedProxies: polled.failures,
    rows: gatherRows(window.traffic(nowMs), by, known[by]),
  };
}

export function frameOf(report: TopReport, polled: Polled): TopFrame {
  return {
    rows: report.rows,
    grouping: report.by,
    proxyCount: report.proxyCount,
    measuredMs: report.measuredMs,
    problems: problemsOf(polled),
  };
}

/** A line for each thing that makes the numbers less than the whole. */
export function problemsOf({ failures, leftOut, pilotProblem }: Polled): readonly string[] {
  const [first] = failures;
  const others = failures.length - 1;
  return [
    ...(pilotProblem === undefined ? [] : [pilotProblem.split("\n")[0] ?? ""]),
    ...(first === undefined
      ? []
      : [`${first.proxy}: ${first.reason}${others > 0 ? ` (and ${others} more proxies)` : ""}`]),
    ...(leftOut === 0 ? [] : [`${leftOut} proxies beyond the limit are not asked`]),
  ];
}

export function resultOf(report: TopReport, sort: SortKey, isReversed: boolean): Result {
  const rows = sortRows(report.rows, sort, isReversed);
  const tableOf = (isWide: boolean): readonly (readonly string[])[] => {
    const columns = COLUMNS.filter((column) => isWide || column.isWide !== true);
    return [
      columns.map(({ title }) => title),
      ...rows.map((row) => columns.map((column) => column.cell(row))),
    ];
  };
  return {
    table: () => tableOf(false),
    wide: () => tableOf(true),
    value: { ...report, rows } satisfies TopReport,
  };
}
