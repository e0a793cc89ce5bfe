// The cells of a row of `sampan top`, and how they are coloured.
import { createColors } from "picocolors";
import { plain } from "../shell/plain.ts";
import type { SortKey, TopRow } from "./rows.ts";

export interface Column {
  readonly key: SortKey;
  readonly title: string;
  readonly isWide?: true;
  cell(row: TopRow): string;
}

const count = (value: number): string => String(Math.round(value));

export const COLUMNS: readonly Column[] = [
  { key: "name", title: "NAME", cell: ({ name }) => plain(name) },
  { key: "success", title: "SUCCESS", cell: ({ successRate }) => formatRate(successRate) },
  { key: "rps", title: "RPS", cell: ({ perSecond }) => formatPerSecond(perSecond) },
  { key: "p50", title: "P50", cell: ({ p50Ms }) => formatMs(p50Ms) },
  { key: "p95", title: "P95", cell: ({ p95Ms }) => formatMs(p95Ms) },
  { key: "p99", title: "P99", cell: ({ p99Ms }) => formatMs(p99Ms) },
  { key: "retries", title: "RETRIES", isWide: true, cell: ({ retries }) => count(retries) },
  { key: "pending", title: "PENDING", isWide: true, cell: ({ pending }) => count(pending) },
  { key: "overflow", title: "OVERFLOW", isWide: true, cell: ({ overflows }) => count(overflows) },
  { key: "ejected", title: "EJECTED", isWide: true, cell: ({ ejected }) => count(ejected) },
];

/** Two decimals: 99.99 % and 100 % are different things to say of a service. */
export function formatRate(rate: number | null): string {
  return rate === null ? "-" : `${(Math.floor(rate * 10_000) / 100).toFixed(2)}%`;
}

const formatPerSecond = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : value.toFixed(1);

/** Proxies count whole milliseconds: below one, nothing more is known. */
export function formatMs(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 1) return "<1ms";
  if (ms < 10) return `${ms.toFixed(1)}ms`;
  if (ms < 10_000) return `${Math.round(ms)}ms`;
  return `${(ms / 1000).toFixed(1)}s`;
}

/** Below these, linkerd's dashboard calls a service's success rate bad, and poor. */
const WARNING_RATE = 0.95;
const POOR_RATE = 0.9;

/** Colours a cell that was padded already. */
export function paint(hasColor: boolean): (column: Column, row: TopRow, text: string) => string {
  const colors = createColors(hasColor);
  return ({ key }, row, text) => {
    if (key === "success" && row.successRate !== null) {
      if (row.successRate < POOR_RATE) return colors.red(text);
      if (row.successRate < WARNING_RATE) return colors.yellow(text);
      return colors.green(text);
    }
    if ((key === "overflow" && row.overflows > 0) || (key === "ejected" && row.ejected > 0)) {
      return colors.yellow(text);
    }
    return row.requests === 0 ? colors.dim(text) : text;
  };
}
