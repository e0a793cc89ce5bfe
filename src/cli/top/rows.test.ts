// From samples to rows: rates over the window, several proxies as one, restarts, order.
import { expect, test } from "bun:test";
import { type ClusterCounts, type ClusterStats, noCounts } from "./cluster-stats.ts";
import { LatencyBins } from "./latency-bins.ts";
import { filterRows, gatherRows, type SortKey, sortRows, type TopRow } from "./rows.ts";
import { TrafficWindow } from "./window.ts";

const V1 = "outbound|9080|v1|reviews.default.svc.cluster.local";
const V2 = "outbound|9080|v2|reviews.default.svc.cluster.local";

interface Counted {
  readonly completed?: number;
  readonly failed?: number;
  readonly ejected?: number;
  readonly overflows?: number;
  /** Requests of 10 ms. */
  readonly timed?: number;
}

function counts({ completed = 0, failed = 0, ejected = 0, overflows = 0, timed = 0 }: Counted) {
  const latency = new LatencyBins();
  latency.add(10, 1, timed);
  const all: ClusterCounts = noCounts();
  return {
    counters: { ...all.counters, completed, failed, overflows },
    gauges: { ...all.gauges, ejected },
    latency,
  };
}

const stats = (clusters: Readonly<Record<string, Counted>>): ClusterStats =>
  new Map(Object.entries(clusters).map(([name, counted]) => [name, counts(counted)]));

const brief = ({ name, requests, perSecond, successRate }: TopRow) =>
  `${name} ${requests} ${perSecond}/s ${successRate}`;

test("counters of several proxies and subsets are one service", () => {
  const window = new TrafficWindow(10_000);
  window.add("a", 0, stats({ [V1]: { completed: 100, failed: 50 } }));
  window.add("b", 0, stats({}));
  window.add("a", 2000, stats({ [V1]: { completed: 110, failed: 51 }, [V2]: { completed: 10 } }));
  window.add("b", 2000, stats({ [V1]: { completed: 20 } }));
  const traffic = window.traffic(0);
  expect(gatherRows(traffic, "service", []).map(brief)).toEqual(["reviews.default 40 20/s 0.975"]);
  expect(gatherRows(traffic, "subset", []).map(brief)).toEqual([
    "reviews.default:9080 v1 30 15/s 0.9666666666666667",
    "reviews.default:9080 v2 10 5/s 1",
  ]);
  expect(gatherRows(traffic, "proxy", []).map(brief)).toEqual(["a 20 10/s 0.95", "b 20 10/s 1"]);
});

test("what a workload is sent is its own row, and no service's", () => {
  const window = new TrafficWindow(10_000);
  window.add("reviews-v1-1", 0, stats({}));
  window.add(
    "reviews-v1-1",
    1000,
    stats({ "inbound|20001||": { completed: 5 }, [V1]: { completed: 1 } }),
  );
  expect(gatherRows(window.traffic(0), "workload", ["idle"]).map(brief)).toEqual([
    "reviews-v1-1 5 5/s 1",
    "idle 0 0/s null",
  ]);
  expect(gatherRows(window.traffic(0), "service", []).map(brief)).toEqual([
    "reviews.default 1 1/s 1",
  ]);
});

test("the window slides: what is older is not counted", () => {
  const window = new TrafficWindow(4000);
  for (let second = 0; second <= 20; second += 2) {
    const completed = second <= 10 ? second * 100 : 1000 + (second - 10);
    window.add("a", second * 1000, stats({ [V1]: { completed, timed: completed } }));
  }
  expect(window.measuredMs).toBe(4000);
  expect(gatherRows(window.traffic(0), "service", []).map(brief)).toEqual([
    "reviews.default 4 1/s 1",
  ]);
});

test("one sample is nothing yet, and a proxy that left is forgotten", () => {
  const window = new TrafficWindow(4000);
  window.add("a", 0, stats({ [V1]: { completed: 5 } }));
  expect(window.traffic(0)).toEqual([]);
  window.add("a", 1000, stats({ [V1]: { completed: 6 } }));
  expect(window.traffic(0)).toHaveLength(1);
  window.keep(new Set(["b"]));
  expect(window.traffic(0)).toEqual([]);
  expect(window.measuredMs).toBe(0);
});

test("a proxy that does not answer any more is not shown as it was for ever", () => {
  const window = new TrafficWindow(4000);
  window.add("a", 0, stats({}));
  window.add("a", 1000, stats({ [V1]: { completed: 6 } }));
  expect(window.traffic(5000)).toHaveLength(1);
  expect(window.traffic(5001)).toEqual([]);
});

test("a proxy that was restarted counts from nothing", () => {
  const window = new TrafficWindow(10_000);
  window.add("a", 0, stats({ [V1]: { completed: 1000, failed: 10, timed: 1000 } }));
  window.add("a", 1000, stats({ [V1]: { completed: 3, failed: 1, timed: 3 } }));
  const [row] = gatherRows(window.traffic(0), "service", []);
  expect(row).toMatchObject({ requests: 3, perSecond: 3 });
  expect(row?.p50Ms).toBeCloseTo(10.5);
});

test("ejections are those of the proxy that sees most, overflows are added up", () => {
  const window = new TrafficWindow(10_000);
  for (const [proxy, ejected] of [
    ["a", 2],
    ["b", 1],
  ] as const) {
    window.add(proxy, 0, stats({}));
    window.add(proxy, 1000, stats({ [V1]: { ejected, overflows: 4 } }));
  }
  expect(gatherRows(window.traffic(0), "service", [])).toMatchObject([
    { ejected: 2, overflows: 8 },
  ]);
});

const row = (name: string, perSecond: number, successRate: number | null): TopRow => ({
  name,
  requests: perSecond,
  perSecond,
  successRate,
  p50Ms: successRate,
  p95Ms: null,
  p99Ms: null,
  pending: 0,
  overflows: 0,
  ejected: 0,
  retries: 0,
});

test.each<[SortKey, boolean, string]>([
  ["name", false, "a b c d"],
  ["name", true, "d c b a"],
  ["rps", false, "b a c d"],
  ["rps", true, "d a c b"],
  ["success", false, "a b c d"], // the worst first, those without a value last
  ["success", true, "b a c d"],
  ["p50", false, "b a c d"],
  ["p99", false, "a b c d"],
])("by %s, reversed %p", (key, isReversed, expected) => {
  const rows = [row("d", 0, null), row("c", 5, null), row("b", 9, 1), row("a", 5, 0.5)];
  expect(
    sortRows(rows, key, isReversed)
      .map(({ name }) => name)
      .join(" "),
  ).toBe(expected);
});

test("a filter is a part of the name, in any case", () => {
  const rows = [row("reviews.default", 1, 1), row("ratings.default", 1, 1)];
  expect(filterRows(rows, "REV").map(({ name }) => name)).toEqual(["reviews.default"]);
  expect(filterRows(rows, "")).toHaveLength(2);
});
