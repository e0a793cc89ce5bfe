// The statistics page of a proxy, taken apart: our own renderer's, Envoy's form, and anything else.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { compileRegex } from "#base/regex.ts";
import { renderJson } from "#proxy/stats/render-json.ts";
import { CLUSTER } from "#proxy/stats/schema/cluster.ts";
import { StatsStore } from "#proxy/stats/stats-store.ts";
import { parseClusterStats, STATS_PATH } from "./cluster-stats.ts";

const REVIEWS = "outbound|9080|v1|reviews.default.svc.cluster.local";

test("our own page: counters, gauges and latencies of the mesh's clusters", () => {
  const stats = new StatsStore();
  const block = stats.block(`cluster.${REVIEWS}.`, CLUSTER);
  const codes = stats.responseCodes(`cluster.${REVIEWS}.`);
  for (const status of [200, 200, 404, 503]) codes.count(status);
  block.set(CLUSTER.upstream_rq_pending_active, 3);
  const time = stats.histogram(`cluster.${REVIEWS}.upstream_rq_time`);
  for (const ms of [4, 4, 250]) time.record(ms);
  stats.responseCodes("cluster.xds-grpc.").count(200);
  stats.rotateHistograms();
  const parsed = parseClusterStats(renderJson(stats.snapshot(), "detailed"));
  expect([...(parsed?.keys() ?? [])]).toEqual([REVIEWS]);
  const counts = parsed?.get(REVIEWS);
  expect(counts?.counters).toMatchObject({ completed: 4, failed: 1 });
  expect(counts?.gauges.pending).toBe(3);
  expect(counts?.latency.total).toBe(3);
  expect(counts?.latency.quantile(0.99)).toBeCloseTo(259.7);
});

// Lines of a real Envoy 1.40.
test("Envoy's page: parts of a cluster's requests are not counted twice", () => {
  const text = JSON.stringify({
    stats: [
      { name: `cluster.${REVIEWS}.upstream_rq_5xx`, value: 2 },
      { name: `cluster.${REVIEWS}.external.upstream_rq_5xx`, value: 2 },
      { name: `cluster.${REVIEWS}.retry.upstream_rq_5xx`, value: 1 },
      { name: `cluster.${REVIEWS}.outlier_detection.ejections_active`, value: 1 },
      { name: "cluster.PassthroughCluster.upstream_rq_completed", value: 7 },
      { name: "cluster.inbound|20001||.upstream_rq_completed", value: 9 },
      { name: "cluster.outbound_9080.upstream_rq_completed", value: 9 },
      {
        histograms: {
          supported_percentiles: [50],
          details: [
            {
              name: `cluster.${REVIEWS}.upstream_rq_time`,
              totals: [{ lower_bound: 1, width: 0.1, count: 13 }],
              intervals: [],
              percentiles: [],
            },
            { name: `cluster.${REVIEWS}.external.upstream_rq_time`, totals: [{ count: 99 }] },
          ],
        },
      },
    ],
  });
  const parsed = parseClusterStats(text);
  expect([...(parsed?.keys() ?? [])]).toEqual([REVIEWS, "PassthroughCluster", "inbound|20001||"]);
  const counts = parsed?.get(REVIEWS);
  expect(counts).toMatchObject({ counters: { failed: 2 }, gauges: { ejected: 1 } });
  expect(counts?.latency.total).toBe(13);
});

test("the filter of the page lets through what is read, and little else", () => {
  const filter = new URLSearchParams(STATS_PATH.split("?")[1]).get("filter") ?? "";
  const compiled = compileRegex(filter);
  if (compiled.kind === "failed") throw new Error(compiled.reason);
  const isWanted = (name: string): boolean => compiled.regex.search(name) !== undefined;
  expect(isWanted(`cluster.${REVIEWS}.upstream_rq_time`)).toBe(true);
  expect(isWanted(`cluster.${REVIEWS}.outlier_detection.ejections_active`)).toBe(true);
  expect(isWanted("cluster.inbound|20001||.upstream_rq_5xx")).toBe(true);
  expect(isWanted("cluster.PassthroughCluster.upstream_rq_completed")).toBe(true);
  expect(isWanted("cluster.xds-grpc.upstream_rq_completed")).toBe(false);
  expect(isWanted(`cluster.${REVIEWS}.upstream_cx_total`)).toBe(false);
});

test("anything else is no page, or counts nothing", () => {
  const page = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((text) => `{"stats":${text}}`),
    fc
      .json()
      .map((text) => `{"stats":[{"name":"cluster.${REVIEWS}.upstream_rq_5xx","value":${text}}]}`),
    fc.json().map((text) => `{"stats":[{"histograms":{"details":${text}}}]}`),
    fc
      .json()
      .map(
        (text) =>
          `{"stats":[{"histograms":{"details":[{"name":"cluster.${REVIEWS}.upstream_rq_time","totals":[${text}]}]}}]}`,
      ),
  );
  fc.assert(
    fc.property(page, (text) => {
      const counts = parseClusterStats(text)?.get(REVIEWS);
      if (counts !== undefined) expect(Number.isFinite(counts.counters.failed)).toBe(true);
    }),
  );
});
