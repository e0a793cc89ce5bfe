// Rows of `sampan top`: the traffic of the window by service, subset, workload or proxy; sorted and chosen.
import { parseOutboundCluster } from "#pilot/translate/names.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import { LatencyBins } from "./latency-bins.ts";
import { MAX_ROWS } from "./limits.ts";
import type { ClusterTraffic } from "./window.ts";

export const GROUPINGS = ["service", "subset", "workload", "proxy"] as const;
/**
 * By service, subset and proxy it is what clients' sidecars and gateways see of what they send; by workload what each workload's
 * own sidecar sees of what it is sent.
 */
export type Grouping = (typeof GROUPINGS)[number];

/** One row of `sampan top -o json`. */
export interface TopRow {
  /** "reviews.default", "reviews.default:9080 v1", "reviews-v1-1" */
  readonly name: string;
  /** Responses within the window. */
  readonly requests: number;
  readonly perSecond: number;
  /** 0 to 1: the share that was no 5xx; null without requests. */
  readonly successRate: number | null;
  /** Milliseconds; null without requests. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Requests that wait for a connection, now. */
  readonly pending: number;
  /** Requests that a circuit breaker refused, within the window. */
  readonly overflows: number;
  /** Hosts that outlier detection has ejected, now: of the proxy that has ejected most. */
  readonly ejected: number;
  /** Within the window. */
  readonly retries: number;
}

interface Gathering {
  requests: number;
  perSecond: number;
  failed: number;
  pending: number;
  overflows: number;
  ejected: number;
  retries: number;
  readonly latency: LatencyBins;
}

/** `known`: names that have a row without traffic, too. */
export function gatherRows(
  traffic: readonly ClusterTraffic[],
  grouping: Grouping,
  known: readonly string[],
): TopRow[] {
  const rows = new Map<string, Gathering>();
  const rowOf = (name: string): Gathering | undefined => {
    let row = rows.get(name);
    if (row === undefined && rows.size < MAX_ROWS) {
      row = {
        requests: 0,
        perSecond: 0,
        failed: 0,
        pending: 0,
        overflows: 0,
        ejected: 0,
        retries: 0,
        latency: new LatencyBins(),
      };
      rows.set(name, row);
    }
    return row;
  };
  for (const one of traffic) {
    const name = nameOf(one, grouping);
    const row = name === undefined ? undefined : rowOf(name);
    if (row !== undefined) gather(row, one);
  }
  for (const name of known) rowOf(name);
  return [...rows].map(([name, row]) => toRow(name, row));
}

function gather(row: Gathering, { counts, elapsedMs }: ClusterTraffic): void {
  const { counters, gauges, latency } = counts;
  row.requests += counters.completed;
  if (elapsedMs > 0) row.perSecond += (counters.completed * 1000) / elapsedMs;
  row.failed += counters.failed;
  row.pending += gauges.pending;
  row.overflows += counters.overflows;
  row.ejected = Math.max(row.ejected, gauges.ejected);
  row.retries += counters.retries;
  row.latency.addAll(latency);
}

function toRow(name: string, row: Gathering): TopRow {
  const { latency, requests, failed, perSecond, pending, overflows, ejected, retries } = row;
  return {
    name,
    requests,
    perSecond: rounded(perSecond),
    successRate: requests === 0 ? null : Math.max(0, 1 - failed / requests),
    p50Ms: quantileMs(latency, 0.5),
    p95Ms: quantileMs(latency, 0.95),
    p99Ms: quantileMs(latency, 0.99),
    pending,
    overflows,
    ejected,
    retries,
  };
}

/** More digits than three are noise. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function quantileMs(latency: LatencyBins, q: number): number | null {
  const value = latency.quantile(q);
  return value === undefined ? null : rounded(value);
}

/** undefined: traffic that this grouping does not look at. */
function nameOf({ cluster, proxy }: ClusterTraffic, grouping: Grouping): string | undefined {
  const isInbound = cluster.startsWith("inbound|");
  if (grouping === "workload") return isInbound ? proxy : undefined;
  if (isInbound) return undefined;
  if (grouping === "proxy") return proxy;
  const outbound = parseOutboundCluster(cluster);
  if (outbound === undefined) return cluster;
  const service = shortServiceName(outbound.hostname);
  if (grouping === "service") return service;
  return `${service}:${outbound.port}${outbound.subset === "" ? "" : ` ${outbound.subset}`}`;
}

export const SORT_KEYS = [
  "name",
  "success",
  "rps",
  "p50",
  "p95",
  "p99",
  "pending",
  "overflow",
  "ejected",
  "retries",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const VALUES: Readonly<Record<Exclude<SortKey, "name">, (row: TopRow) => number | null>> = {
  success: ({ successRate }) => successRate,
  rps: ({ perSecond }) => perSecond,
  p50: ({ p50Ms }) => p50Ms,
  p95: ({ p95Ms }) => p95Ms,
  p99: ({ p99Ms }) => p99Ms,
  pending: ({ pending }) => pending,
  overflow: ({ overflows }) => overflows,
  ejected: ({ ejected }) => ejected,
  retries: ({ retries }) => retries,
};

/** Names from A, and the lowest success rate first; of all else the greatest. */
export const isAscending = (key: SortKey, isReversed: boolean): boolean =>
  (key === "name" || key === "success") !== isReversed;

/**
 * What wants to be looked at first: the greatest first, but names from A, and the lowest success rate first. `isReversed`: the
 * other way round. Rows without a value are last either way, and equal ones by name, so that nothing jumps.
 */
export function sortRows(rows: readonly TopRow[], key: SortKey, isReversed: boolean): TopRow[] {
  const sign = isAscending(key, isReversed) ? 1 : -1;
  return [...rows].sort((a, b) => {
    if (key === "name") return sign * byName(a, b);
    const [one, other] = [VALUES[key](a), VALUES[key](b)];
    if (one === null || other === null) {
      return Number(one === null) - Number(other === null) || byName(a, b);
    }
    return sign * (one - other) || byName(a, b);
  });
}

const byName = (a: TopRow, b: TopRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Those whose name holds `text`, case not counted. */
export const filterRows = (rows: readonly TopRow[], text: string): readonly TopRow[] =>
  text === "" ? rows : rows.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
