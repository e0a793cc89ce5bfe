import { expect, test } from "bun:test";
import { DEFAULT_TAG_RULES, TagExtractor, type TagRule } from "./tag-extractor.ts";

const extractor = new TagExtractor();

function shown(name: string): string {
  const tagged = extractor.extract(name);
  return [tagged.name, ...tagged.tags.map(({ tag, value }) => `${tag}=${value}`)].join(" ");
}

// Left: a name; right: the metric and its labels, in the order a running Envoy 1.40 gave them.
test.each([
  ["cluster.a_b.bind_errors", "cluster.bind_errors envoy.cluster_name=a_b"],
  [
    "cluster.dead.external.upstream_rq_503",
    "cluster.external.upstream_rq envoy.response_code=503 envoy.cluster_name=dead",
  ],
  [
    "cluster.dead.upstream_rq_5xx",
    "cluster.upstream_rq_xx envoy.response_code_class=5 envoy.cluster_name=dead",
  ],
  // Envoy, too, stops at the first dot of a cluster's name; Istio's stats_tags repair it (stats_config).
  [
    "cluster.outbound|80|v1|rev.default.svc;.bind_errors",
    "cluster.default.svc;.bind_errors envoy.cluster_name=outbound|80|v1|rev",
  ],
  [
    "cluster.x.circuit_breakers.default.cx_open",
    "cluster.circuit_breakers.default.cx_open envoy.cluster_name=x",
  ],
  ["http.ingress_http.no_route", "http.no_route envoy.http_conn_manager_prefix=ingress_http"],
  [
    "http.dyn.rds.r_1.config_reload",
    "http.rds.config_reload envoy.rds_route_config=r_1 envoy.http_conn_manager_prefix=dyn",
  ],
  [
    "http.ingress_http.downstream_rq_2xx",
    "http.downstream_rq_xx envoy.response_code_class=2 envoy.http_conn_manager_prefix=ingress_http",
  ],
  ["tcp.mytcp.upstream_flush_total", "tcp.upstream_flush_total envoy.tcp_prefix=mytcp"],
  [
    "listener.127.77.5.1_10002.downstream_cx_total",
    "listener.downstream_cx_total envoy.listener_address=127.77.5.1_10002",
  ],
  [
    "listener.127.77.5.1_10001.worker_0.downstream_cx_total",
    "listener.worker.downstream_cx_total envoy.worker_id=0 envoy.listener_address=127.77.5.1_10001",
  ],
  [
    "listener.127.77.5.1_10001.http.ingress_http.downstream_rq_5xx",
    "listener.http.downstream_rq_xx envoy.response_code_class=5 envoy.http_conn_manager_prefix=ingress_http envoy.listener_address=127.77.5.1_10001",
  ],
  [
    "listener.admin.http.admin.downstream_rq_1xx",
    "listener.admin.http.downstream_rq_xx envoy.response_code_class=1 envoy.http_conn_manager_prefix=admin",
  ],
  [
    "listener.[__1]_80.no_filter_chain_match",
    "listener.no_filter_chain_match envoy.listener_address=[__1]_80",
  ],
  ["server.worker_0.watchdog_miss", "server.worker.watchdog_miss envoy.worker_id=0"],
  ["cluster_manager.cds.version", "cluster_manager.cds.version"],
])("extract %s", (name, expected) => {
  expect(shown(name)).toBe(expected);
});

test("extract lets an earlier rule of the same tag win, and adds fixed tags", () => {
  const wholeName: TagRule = {
    tag: "envoy.cluster_name",
    match: (name) =>
      name.startsWith("cluster.a.b.") ? { start: 8, end: 12, value: "a.b" } : undefined,
  };
  const custom = new TagExtractor(
    [wholeName, ...DEFAULT_TAG_RULES],
    [{ tag: "mesh", value: "one" }],
  );
  expect(custom.extract("cluster.a.b.bind_errors")).toEqual({
    name: "cluster.bind_errors",
    tags: [
      { tag: "mesh", value: "one" },
      { tag: "envoy.cluster_name", value: "a.b" },
    ],
  });
});
