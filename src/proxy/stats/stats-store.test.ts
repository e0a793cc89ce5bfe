import { expect, test } from "bun:test";
import { renderJson } from "./render-json.ts";
import { renderPrometheus } from "./render-prometheus.ts";
import { renderText } from "./render-text.ts";
import { FAULT } from "./schema/fault.ts";
import { WATCHDOG } from "./schema/watchdog.ts";
import { type StatsFilter, selectStats } from "./stats-query.ts";
import { StatsStore } from "./stats-store.ts";
import { TagExtractor } from "./tag-extractor.ts";

/** The histogram of downstream_rq_time, a text and a few counters, as seen on a running Envoy 1.40. */
function sample(): StatsStore {
  const store = new StatsStore();
  const fault = store.block("http.ingress:http.fault.", FAULT);
  fault.inc(FAULT.aborts_injected);
  store.responseCodes("cluster.a.").count(200);
  store.text("cluster_manager.cds.version_text").set("v9");
  const time = store.histogram("http.ingress_http.downstream_rq_time");
  for (let i = 0; i < 15; i += 1) time.record(0);
  for (const value of [3, 24]) time.record(value);
  store.rotateHistograms();
  for (const value of [100, 100]) time.record(value);
  store.rotateHistograms();
  store.rotateHistograms();
  store.histogram("cluster_manager.cds.update_duration");
  return store;
}

const ALL: StatsFilter = { usedOnly: false, type: "All", isWanted: () => true };

test("renderText prints texts, scalars and histograms, each sorted", () => {
  expect(renderText(sample().snapshot())).toBe(`cluster_manager.cds.version_text: "v9"
cluster.a.external.upstream_rq_200: 1
cluster.a.external.upstream_rq_2xx: 1
cluster.a.external.upstream_rq_completed: 1
cluster.a.upstream_rq_200: 1
cluster.a.upstream_rq_2xx: 1
cluster.a.upstream_rq_completed: 1
http.ingress_http.fault.aborts_injected: 1
http.ingress_http.fault.active_faults: 0
http.ingress_http.fault.delays_injected: 0
http.ingress_http.fault.faults_overflow: 0
http.ingress_http.fault.response_rl_injected: 0
cluster_manager.cds.update_duration: No recorded values
http.ingress_http.downstream_rq_time: P0(nan,0) P25(nan,0) P50(nan,0) P75(nan,0) P90(nan,103.33333333333333) P95(nan,106.66666666666667) P99(nan,106.66666666666667) P99.5(nan,106.66666666666667) P99.9(nan,106.66666666666667) P100(nan,106.66666666666667)
`);
});

test.each([
  [
    "cumulative",
    "B0.5(0,15) B1(0,15) B5(0,16) B10(0,16) B25(0,17) B50(0,17) B100(0,19) B250(0,19) B500(0,19) B1000(0,19) B2500(0,19) B5000(0,19) B10000(0,19) B30000(0,19) B60000(0,19) B300000(0,19) B600000(0,19) B1.8e+06(0,19) B3.6e+06(0,19)",
  ],
  [
    "disjoint",
    "B0.5(0,15) B1(0,0) B5(0,1) B10(0,0) B25(0,1) B50(0,0) B100(0,2) B250(0,0) B500(0,0) B1000(0,0) B2500(0,0) B5000(0,0) B10000(0,0) B30000(0,0) B60000(0,0) B300000(0,0) B600000(0,0) B1.8e+06(0,0) B3.6e+06(0,0)",
  ],
  [
    "detailed",
    `
  totals=0,0:15, 3,0.1:1, 24,1:1, 100,10:2
  intervals=
  summary=P0(nan,0) P25(nan,0) P50(nan,0) P75(nan,0) P90(nan,103.33333333333333) P95(nan,106.66666666666667) P99(nan,106.66666666666667) P99.5(nan,106.66666666666667) P99.9(nan,106.66666666666667) P100(nan,106.66666666666667)`,
  ],
] as const)("renderText prints histograms in mode %s as Envoy does", (mode, expected) => {
  const stats = selectStats(sample().snapshot(), {
    ...ALL,
    isWanted: (n) => n.endsWith("rq_time"),
  });
  const separator = mode === "detailed" ? "" : " ";
  expect(renderText(stats, mode)).toBe(
    `http.ingress_http.downstream_rq_time:${separator}${expected}\n`,
  );
});

test("renderJson prints Envoy's shapes", () => {
  const stats = selectStats(sample().snapshot(), {
    ...ALL,
    isWanted: (n) => /2xx|rq_time/.test(n),
  });
  const value = (cumulative: number) => `{"cumulative":${cumulative},"interval":null}`;
  const values = [0, 0, 0, 0, 103.33333333333333, ...Array(5).fill(106.66666666666667)];
  expect(renderJson(stats)).toBe(
    `{"stats":[{"name":"cluster.a.external.upstream_rq_2xx","value":1},{"name":"cluster.a.upstream_rq_2xx","value":1},{"histograms":{"supported_quantiles":[0,25,50,75,90,95,99,99.5,99.9,100],"computed_quantiles":[{"name":"http.ingress_http.downstream_rq_time","values":[${values.map(value).join(",")}]}]}}]}`,
  );
  const nothing = selectStats(sample().snapshot(), { ...ALL, isWanted: () => false });
  expect(renderJson(nothing)).toBe('{"stats":[]}');
});

test.each(["summary", "cumulative", "disjoint", "detailed"] as const)(
  "renderJson in mode %s is JSON",
  (mode) => {
    expect(JSON.parse(renderJson(sample().snapshot(), mode)).stats).toHaveLength(13);
  },
);

test("renderPrometheus prints types, labels, buckets, sum and count as Envoy does", () => {
  const stats = selectStats(sample().snapshot(), {
    ...ALL,
    isWanted: (name) => /upstream_rq_200|rq_time|version_text|active_faults/.test(name),
  });
  const text = renderPrometheus(stats, new TagExtractor(), {
    histograms: "cumulative",
    textReadouts: true,
  });
  const metric = "envoy_http_downstream_rq_time";
  const labels = 'envoy_http_conn_manager_prefix="ingress_http"';
  const lines = text.split("\n");
  expect(lines.slice(0, 10)).toEqual([
    "# TYPE envoy_cluster_external_upstream_rq counter",
    'envoy_cluster_external_upstream_rq{envoy_response_code="200",envoy_cluster_name="a"} 1',
    "# TYPE envoy_cluster_upstream_rq counter",
    'envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="a"} 1',
    "# TYPE envoy_http_fault_active_faults gauge",
    `envoy_http_fault_active_faults{${labels}} 0`,
    "# TYPE envoy_cluster_manager_cds_version_text gauge",
    'envoy_cluster_manager_cds_version_text{text_value="v9"} 0',
    `# TYPE ${metric} histogram`,
    `${metric}_bucket{${labels},le="0.5"} 15`,
  ]);
  expect(lines.slice(-5)).toEqual([
    `${metric}_bucket{${labels},le="3600000"} 19`,
    `${metric}_bucket{${labels},le="+Inf"} 19`,
    // 2·3·3.1/6.1 + 2·24·25/49 + 2 · 2·100·110/210
    `${metric}_sum{${labels}} 237.06278577004570706776576116681`,
    `${metric}_count{${labels}} 19`,
    "",
  ]);
});

test("renderPrometheus escapes label values", () => {
  const store = new StatsStore();
  store.text("x.version_text").set('a"b\\c\nd');
  const text = renderPrometheus(store.snapshot(), new TagExtractor(), {
    histograms: "summary",
    textReadouts: true,
  });
  expect(text).toContain('{text_value="a\\"b\\\\c\\nd"} 0\n');
});

test("a text from the management server cannot forge a line of /stats", () => {
  const store = new StatsStore();
  store.text("x.version_text").set('v"\nserver.live: 0');
  expect(renderText(store.snapshot()).split("\n")).toHaveLength(2);
});

test("StatsStore returns the same block for the same name, and forgets what is released", () => {
  const store = new StatsStore();
  const block = store.block("cluster.a:b.", WATCHDOG);
  block.inc(WATCHDOG.watchdog_miss);
  store.histogram("cluster.a:b.upstream_rq_time");
  store.responseCodes("cluster.a:b.").count(200);
  expect(store.block("cluster.a_b.", WATCHDOG)).toBe(block);
  store.block("cluster.a_bc.", WATCHDOG);
  store.release("cluster.a:b.");
  const names = store.snapshot().scalars.map(({ name }) => name);
  expect(names).toEqual(["cluster.a_bc.watchdog_mega_miss", "cluster.a_bc.watchdog_miss"]);
  expect(store.snapshot().histograms).toEqual([]);
  expect(store.block("cluster.a_b.", WATCHDOG)).not.toBe(block);
});

test("selectStats: usedonly, type and filter narrow together", () => {
  const stats = sample().snapshot();
  const used = selectStats(stats, { ...ALL, usedOnly: true, isWanted: (n) => n.includes("fault") });
  expect(used.scalars.map(({ name }) => name)).toEqual(["http.ingress_http.fault.aborts_injected"]);
  expect(selectStats(stats, { ...ALL, usedOnly: true }).histograms).toHaveLength(1);
  const gauges = selectStats(stats, { ...ALL, type: "Gauges" });
  expect(gauges.scalars.map(({ name }) => name)).toEqual(["http.ingress_http.fault.active_faults"]);
  expect([gauges.texts, gauges.histograms]).toEqual([[], []]);
});
