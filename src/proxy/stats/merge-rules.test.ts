import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { defineStats } from "./define-stats.ts";
import { MERGE_RULES, mergeRules } from "./merge-rules.ts";
import { CIRCUIT_BREAKER } from "./schema/circuit-breaker.ts";
import { CIRCUIT_BREAKER_REMAINING } from "./schema/circuit-breaker-remaining.ts";
import { CLUSTER } from "./schema/cluster.ts";
import { CLUSTER_MANAGER } from "./schema/cluster-manager.ts";
import { HTTP } from "./schema/http.ts";
import { LISTENER_MANAGER } from "./schema/listener-manager.ts";
import { OUTLIER_DETECTION } from "./schema/outlier-detection.ts";
import { type StatsSnapshot, StatsStore } from "./stats-store.ts";

/** What all stores say together, the first being worker 0's, as it comes out at the other side of a channel. */
function merged(...stores: readonly StatsStore[]): StatsSnapshot {
  const all = new StatsStore();
  for (const store of stores) all.absorb(structuredClone(store.report()));
  return all.snapshot();
}

const valueOf = ({ scalars }: StatsSnapshot, name: string): number | undefined =>
  scalars.find((sample) => sample.name === name)?.value;

/** One value for each worker, and what is shown. */
function shown(name: keyof typeof CLUSTER & string, values: readonly number[]): number | undefined {
  const stores = values.map((value) => {
    const store = new StatsStore();
    const block = store.block("cluster.a.", CLUSTER);
    if (!Object.is(value, -0)) block.set(CLUSTER[name] as number, value);
    return store;
  });
  return valueOf(merged(...stores), `cluster.a.${name}`);
}

describe("statistics of several workers", () => {
  test.each([
    // name                    worker 0, 1, 2   shown
    ["upstream_rq_total", [3, 4, 5], 12],
    ["upstream_rq_active", [1, 0, 2], 3],
    ["membership_change", [1, 1, 1], 1],
    ["membership_total", [2, 2, 2], 2],
    ["membership_healthy", [2, 1, 2], 1],
    ["membership_healthy", [2, -0, 2], 2],
    ["membership_excluded", [0, 1, 0], 1],
    ["warming_state", [0, 1, 0], 1],
  ] as const)("cluster.a.%s of %p is shown as %p", (name, values, expected) => {
    expect(shown(name, values)).toBe(expected);
  });

  test("what no worker ever wrote stays unused, what one wrote is used", () => {
    const [main, other] = [new StatsStore(), new StatsStore()];
    main.block("http.in.", HTTP);
    other.block("http.in.", HTTP).set(HTTP.downstream_cx_active, 0);
    const used = merged(main, other).scalars.filter(({ isUsed }) => isUsed);
    expect(used.map(({ name }) => name)).toEqual(["http.in.downstream_cx_active"]);
  });

  test("a block, codes and a text that only one worker has are shown", () => {
    const [main, other] = [new StatsStore(), new StatsStore()];
    main.text("control_plane.identifier").set("pilot-1");
    other.block("http.in.", HTTP).inc(HTTP.downstream_cx_total);
    other.responseCodes("cluster.a.").count(503);
    const all = merged(main, other);
    expect(all.texts).toEqual([{ name: "control_plane.identifier", value: "pilot-1" }]);
    expect(valueOf(all, "http.in.downstream_cx_total")).toBe(1);
    expect(valueOf(all, "cluster.a.upstream_rq_503")).toBe(1);
  });

  test("codes and histograms: as if one worker had counted everything", () => {
    const counted = fc.array(
      fc.record({
        worker: fc.nat({ max: 2 }),
        status: fc.integer({ min: 100, max: 999 }),
        ms: fc.integer({ min: 0, max: 100_000 }),
      }),
    );
    fc.assert(
      fc.property(counted, (requests) => {
        const alone = new StatsStore();
        const workers = [new StatsStore(), new StatsStore(), new StatsStore()];
        for (const { worker, status, ms } of requests) {
          for (const store of [alone, workers[worker] as StatsStore]) {
            store.responseCodes("cluster.a.").count(status);
            store.histogram("cluster.a.upstream_rq_time").record(ms);
          }
        }
        for (const store of [alone, ...workers]) store.rotateHistograms();
        const all = merged(...workers);
        const expected = alone.snapshot();
        expect(all.scalars).toEqual(expected.scalars);
        const [bins, wanted] = [all.histograms[0], expected.histograms[0]].map((sample) => [
          sample?.histogram.interval,
          sample?.histogram.cumulative,
        ]);
        expect(bins).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  test("a report shows one moment: counting on changes nothing in what was merged", () => {
    const store = new StatsStore();
    const block = store.block("http.in.", HTTP);
    block.inc(HTTP.downstream_cx_total);
    const all = new StatsStore();
    all.absorb(store.report());
    block.inc(HTTP.downstream_cx_total);
    expect(valueOf(all.snapshot(), "http.in.downstream_cx_total")).toBe(1);
  });
});

describe("the table of rules", () => {
  const tables = [
    CIRCUIT_BREAKER,
    CIRCUIT_BREAKER_REMAINING,
    CLUSTER,
    CLUSTER_MANAGER,
    LISTENER_MANAGER,
    OUTLIER_DETECTION,
  ].map(({ table }) => table);

  test("names groups and statistics that exist", () => {
    const groups = new Map(tables.map(({ group, names }) => [group as string, names]));
    expect(Object.keys(MERGE_RULES).sort()).toEqual([...groups.keys()].sort());
    for (const [group, { except }] of Object.entries(MERGE_RULES)) {
      for (const name of Object.keys(except)) expect(groups.get(group)).toContain(name);
    }
  });

  test("counters of requests and connections are sums, whatever the group", () => {
    const wrong = tables.flatMap((table) =>
      table.names.filter(
        (name, id) =>
          /^upstream_(cx|rq)_.*total$|^ejections_/.test(name) &&
          table.kinds[id] === "counter" &&
          mergeRules(table)[id] !== "sum",
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("a group that is not listed is summed", () => {
    const { table } = defineStats("other", { anything: "gauge" });
    expect(mergeRules(table)).toEqual(["sum"]);
  });
});
