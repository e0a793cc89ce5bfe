import { expect, test } from "bun:test";
import { create, fromJson } from "@bufbuild/protobuf";
import { ClustersSchema } from "#api/envoy/admin/v3/clusters_pb.ts";
import { ConfigDumpSchema } from "#api/envoy/admin/v3/config_dump_pb.ts";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { REGISTRY } from "#api/registry.ts";
import { LOG_LEVELS, type LogLevel } from "#base/log.ts";
import type { ClusterConfig, ThresholdsConfig } from "../config/cluster-config.ts";
import { FAULT } from "../stats/schema/fault.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { TagExtractor } from "../stats/tag-extractor.ts";
import { HEALTH_FLAG } from "../upstream/host.ts";
import { handleAdmin } from "./admin.ts";
import type {
  AdminState,
  ClusterView,
  DrainOptions,
  HostView,
  ServerState,
} from "./admin-state.ts";

const THRESHOLDS: ThresholdsConfig = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: undefined,
  trackRemaining: false,
};

function cluster(name: string, addedViaApi: boolean, hosts: readonly HostView[]): ClusterView {
  const config = {
    name,
    statName: name,
    addedViaApi,
    thresholds: { default: THRESHOLDS, high: THRESHOLDS },
    outlierDetection: addedViaApi ? {} : undefined,
    localityWeighted: addedViaApi,
    discovery: addedViaApi ? { kind: "eds", serviceName: name } : { kind: "originalDst" },
  };
  // The pages read no more of a cluster's configuration than this.
  return {
    name,
    config: config as unknown as ClusterConfig,
    hosts,
    priorities: [
      { localities: [{ locality: { region: "r", zone: "z", subZone: "" }, weight: 3 }] },
    ],
    overprovisioningFactor: 140,
  };
}

function host(port: number, weight: number, healthFlags: number): HostView {
  return {
    address: { host: "127.77.5.2", port },
    addressText: `127.77.5.2:${port}`,
    hostname: "",
    stats: {
      cxActive: 0,
      cxConnectFail: 0,
      cxTotal: 3,
      rqActive: 0,
      rqError: 2,
      rqPendingActive: 0,
      rqSuccess: 10,
      rqTimeout: 0,
      rqTotal: 12,
    },
    healthFlags,
    weight,
    locality: { region: "r", zone: "z", subZone: "" },
    priority: 0,
    isCanary: false,
    metadata: { istio: { workload: `w-${port}` } },
    outlier: undefined,
  };
}

interface Done {
  drained: DrainOptions[];
  calls: string[];
}

const UPDATED_MS = Date.UTC(2026, 10, 23, 21, 42, 7, 664);

function setUp(serverState: ServerState = "LIVE"): { state: AdminState; done: Done } {
  const done: Done = { drained: [], calls: [] };
  const levels = new Map<string, LogLevel>([
    ["main", "warning"],
    ["xds", "info"],
  ]);
  const stats = new StatsStore();
  stats.block("http.p.fault.", FAULT).inc(FAULT.aborts_injected);
  const static_ = { state: "static", versionInfo: "", lastUpdatedMs: UPDATED_MS } as const;
  const dynamic = { versionInfo: "v9", lastUpdatedMs: UPDATED_MS } as const;
  const listener = (name: string) => create(ListenerSchema, { name });
  const state: AdminState = {
    server: {
      version: "0.1.0",
      state: () => serverState,
      uptimeMs: () => 639_500,
      memory: () => ({ usedHeapBytes: 1, totalHeapBytes: 2, residentBytes: 3 }),
      options: {
        concurrency: 2,
        configPath: "envoy.yaml",
        serviceCluster: "",
        serviceNode: "",
        drainTimeMs: 600_000,
      },
    },
    stats,
    tags: new TagExtractor(),
    clusters: () => [
      cluster("edsc", true, [
        host(18080, 3, 0),
        host(18081, 1, HEALTH_FLAG.failed_active_hc | HEALTH_FLAG.failed_eds_health),
      ]),
      cluster("static", false, []),
    ],
    warming: () => ({ clusters: [], listeners: [] }),
    listeners: () => [
      { name: "web", address: { host: "127.77.5.1", port: 10001 } },
      { name: "six", address: { host: "::1", port: 80 } },
    ],
    config: {
      bootstrap: create(BootstrapSchema, { node: { id: "test-node", cluster: "test-cluster" } }),
      bootstrapLoadedMs: UPDATED_MS,
      clusters: () => ({
        versionInfo: "v9",
        resources: [
          { ...static_, message: create(ClusterSchema, { name: "static" }) },
          { ...dynamic, state: "active", message: create(ClusterSchema, { name: "edsc" }) },
          { ...dynamic, state: "warming", message: create(ClusterSchema, { name: "later" }) },
        ],
        rejected: [
          {
            name: "edsc",
            message: create(ClusterSchema, { name: "edsc", altStatName: "x" }),
            versionInfo: "v10",
            details: "lb_policy: RING_HASH is not supported",
            lastAttemptMs: UPDATED_MS,
          },
        ],
      }),
      listeners: () => ({
        versionInfo: "v7",
        resources: [
          { ...static_, message: listener("web") },
          { ...dynamic, state: "active", message: listener("dyn") },
          { ...dynamic, state: "warming", message: listener("dyn") },
          { ...dynamic, state: "draining", message: listener("old") },
        ],
        rejected: [
          {
            name: "warmer",
            message: listener("warmer"),
            versionInfo: "v8",
            details: "ADS must be configured to support an ADS config source",
            lastAttemptMs: UPDATED_MS,
          },
        ],
      }),
      routes: () => ({
        versionInfo: "v8",
        resources: [
          { ...static_, message: create(RouteConfigurationSchema, { name: "local" }) },
          {
            ...dynamic,
            state: "active",
            message: create(RouteConfigurationSchema, { name: "r:1" }),
          },
        ],
        rejected: [],
      }),
    },
    taps: { attach: () => ({ kind: "refused", message: "no taps here" }) },
    actions: {
      failHealthChecks: () => done.calls.push("fail"),
      passHealthChecks: () => done.calls.push("ok"),
      drainListeners: (options) => done.drained.push(options),
      quit: () => done.calls.push("quit"),
      reopenLogs: () => {
        done.calls.push("reopen");
        return [];
      },
      loggers: () => [...levels].map(([name, level]) => ({ name, level })),
      setLogLevel: (level, logger) => {
        for (const name of levels.keys()) {
          if (logger === undefined || logger === name) levels.set(name, level);
        }
        return logger === undefined || levels.has(logger);
      },
    },
  };
  return { state, done };
}

function ask(target: string, method = "GET", { state } = setUp()) {
  const [path = "", query = ""] = target.split("?");
  return handleAdmin({ method, path, query }, state);
}

const body = (target: string): string => ask(target).body;

test.each([
  ["LIVE", 200],
  ["DRAINING", 503],
  ["INITIALIZING", 503],
  ["PRE_INITIALIZING", 503],
] as const)("/ready says %s with status %p", (serverState, status) => {
  const response = ask("/ready", "GET", setUp(serverState));
  expect(response).toEqual({
    status,
    contentType: "text/plain; charset=UTF-8",
    body: `${serverState}\n`,
  });
});

test("an unknown path is 404 with the list of pages", () => {
  const response = ask("/nope");
  expect(response.status).toBe(404);
  expect(response.body).toStartWith(
    "invalid path. admin commands are:\n  /: Admin home page\n  /certs: print certs on machine\n",
  );
  expect(ask("/stats/").status).toBe(404);
  expect(ask("/help").body).toBe(response.body.slice("invalid path. ".length));
});

test.each([
  "/quitquitquit",
  "/drain_listeners",
  "/healthcheck/fail",
  "/healthcheck/ok",
  "/reset_counters",
  "/logging",
  "/reopen_logs",
  "/runtime_modify",
])("GET %s changes nothing and is 405", (path) => {
  const fixture = setUp();
  expect(ask(path, "GET", fixture)).toEqual({
    status: 405,
    contentType: "text/plain; charset=UTF-8",
    body: "Method GET not allowed, POST required.",
  });
  expect(fixture.done).toEqual({ drained: [], calls: [] });
});

test.each([
  ["/quitquitquit", "quit"],
  ["/healthcheck/fail", "fail"],
  ["/healthcheck/ok", "ok"],
  ["/reopen_logs", "reopen"],
])("POST %s acts and says OK", (path, call) => {
  const fixture = setUp();
  expect(ask(path, "POST", fixture)).toMatchObject({ status: 200, body: "OK\n" });
  expect(fixture.done.calls).toEqual([call]);
});

test.each([
  ["/drain_listeners", { isGraceful: false, skipExit: false, inboundOnly: false }],
  ["/drain_listeners?graceful", { isGraceful: true, skipExit: false, inboundOnly: false }],
  [
    "/drain_listeners?inboundonly&skip_exit",
    { isGraceful: false, skipExit: true, inboundOnly: true },
  ],
])("POST %s drains as asked", (target, options) => {
  const fixture = setUp();
  ask(target, "POST", fixture);
  expect(fixture.done.drained).toEqual([options]);
});

test("POST /reset_counters", () => {
  const fixture = setUp();
  ask("/reset_counters", "POST", fixture);
  expect(ask("/stats?filter=aborts", "GET", fixture).body).toBe(
    "http.p.fault.aborts_injected: 0\n",
  );
});

test("POST /logging lists and changes levels, all or nothing", () => {
  const fixture = setUp();
  const logging = (query: string) => ask(`/logging${query}`, "POST", fixture);
  expect(logging("").body).toBe("active loggers:\n  main: warning\n  xds: info\n\n");
  expect(logging("?paths=xds:debug,main:error").body).toContain("  main: error\n  xds: debug\n");
  expect(logging("?xds=off").body).toContain("  main: error\n  xds: off\n");
  expect(logging("?level=info").body).toContain("  main: info\n  xds: info\n");
  for (const wrong of ["?level=bogus", "?paths=main:error,no:info", "?no=info"]) {
    expect(logging(wrong).status).toBe(400);
    expect(logging(wrong).body).toContain(`levels: ${LOG_LEVELS.join(" ")}\n`);
  }
  expect(logging("").body).toContain("  main: info\n  xds: info\n");
});

// As a running Envoy 1.40 printed it for the same cluster, but for the counts.
test("/clusters prints Envoy's text", () => {
  expect(body("/clusters?filter=^eds")).toBe(`edsc::observability_name::edsc
edsc::outlier::success_rate_average::-1
edsc::outlier::success_rate_ejection_threshold::-1
edsc::outlier::local_origin_success_rate_average::-1
edsc::outlier::local_origin_success_rate_ejection_threshold::-1
edsc::default_priority::max_connections::1024
edsc::default_priority::max_pending_requests::1024
edsc::default_priority::max_requests::1024
edsc::default_priority::max_retries::3
edsc::high_priority::max_connections::1024
edsc::high_priority::max_pending_requests::1024
edsc::high_priority::max_requests::1024
edsc::high_priority::max_retries::3
edsc::added_via_api::true
edsc::127.77.5.2:18080::cx_active::0
edsc::127.77.5.2:18080::cx_connect_fail::0
edsc::127.77.5.2:18080::cx_total::3
edsc::127.77.5.2:18080::rq_active::0
edsc::127.77.5.2:18080::rq_error::2
edsc::127.77.5.2:18080::rq_pending_active::0
edsc::127.77.5.2:18080::rq_success::10
edsc::127.77.5.2:18080::rq_timeout::0
edsc::127.77.5.2:18080::rq_total::12
edsc::127.77.5.2:18080::hostname::
edsc::127.77.5.2:18080::health_flags::healthy
edsc::127.77.5.2:18080::weight::3
edsc::127.77.5.2:18080::region::r
edsc::127.77.5.2:18080::zone::z
edsc::127.77.5.2:18080::sub_zone::
edsc::127.77.5.2:18080::canary::false
edsc::127.77.5.2:18080::priority::0
edsc::127.77.5.2:18080::success_rate::-1
edsc::127.77.5.2:18080::local_origin_success_rate::-1
edsc::127.77.5.2:18081::cx_active::0
edsc::127.77.5.2:18081::cx_connect_fail::0
edsc::127.77.5.2:18081::cx_total::3
edsc::127.77.5.2:18081::rq_active::0
edsc::127.77.5.2:18081::rq_error::2
edsc::127.77.5.2:18081::rq_pending_active::0
edsc::127.77.5.2:18081::rq_success::10
edsc::127.77.5.2:18081::rq_timeout::0
edsc::127.77.5.2:18081::rq_total::12
edsc::127.77.5.2:18081::hostname::
edsc::127.77.5.2:18081::health_flags::/failed_active_hc/failed_eds_health
edsc::127.77.5.2:18081::weight::1
edsc::127.77.5.2:18081::region::r
edsc::127.77.5.2:18081::zone::z
edsc::127.77.5.2:18081::sub_zone::
edsc::127.77.5.2:18081::canary::false
edsc::127.77.5.2:18081::priority::0
edsc::127.77.5.2:18081::success_rate::-1
edsc::127.77.5.2:18081::local_origin_success_rate::-1
`);
  expect(ask("/clusters?filter=(")).toMatchObject({ status: 400, body: "Invalid re2 regex\n" });
});

test("/clusters?format=json is Envoy's message", () => {
  const text = body("/clusters?format=json");
  const clusters = JSON.parse(text);
  // Reads back without an unknown field.
  fromJson(ClustersSchema, clusters, { registry: REGISTRY });
  const [first] = clusters.cluster_statuses;
  expect(first.host_statuses[1]).toEqual({
    address: { socket_address: { address: "127.77.5.2", port_value: 18081 } },
    stats: [
      { name: "cx_connect_fail" },
      { value: "3", name: "cx_total" },
      { value: "2", name: "rq_error" },
      { value: "10", name: "rq_success" },
      { name: "rq_timeout" },
      { value: "12", name: "rq_total" },
      { type: "GAUGE", name: "cx_active" },
      { type: "GAUGE", name: "rq_active" },
      { type: "GAUGE", name: "rq_pending_active" },
    ],
    health_status: { failed_active_health_check: true, eds_health_status: "UNHEALTHY" },
    weight: 1,
    locality: { region: "r", zone: "z" },
  });
  expect(first.circuit_breakers.thresholds).toEqual([
    { max_connections: 1024, max_pending_requests: 1024, max_requests: 1024, max_retries: 3 },
    {
      priority: "HIGH",
      max_connections: 1024,
      max_pending_requests: 1024,
      max_requests: 1024,
      max_retries: 3,
    },
  ]);
  expect(first).toMatchObject({ name: "edsc", added_via_api: true, observability_name: "edsc" });
});

test("/listeners", () => {
  expect(body("/listeners")).toBe("web::127.77.5.1:10001\nsix::[::1]:80\n");
  expect(JSON.parse(body("/listeners?format=json")).listener_statuses[0]).toEqual({
    name: "web",
    local_address: { socket_address: { address: "127.77.5.1", port_value: 10001 } },
  });
});

test("/config_dump is Envoy's message, in Envoy's order, states and refusals included", () => {
  const text = body("/config_dump?include_eds");
  const dump = JSON.parse(text);
  fromJson(ConfigDumpSchema, dump, { registry: REGISTRY });
  expect(
    dump.configs.map((config: { "@type": string }) => config["@type"].split(".").at(-1)),
  ).toEqual([
    "BootstrapConfigDump",
    "ClustersConfigDump",
    "EndpointsConfigDump",
    "ListenersConfigDump",
    "ScopedRoutesConfigDump",
    "RoutesConfigDump",
    "SecretsConfigDump",
  ]);
  const [bootstrap, clusters, endpoints, listeners, , routes] = dump.configs;
  expect(bootstrap.bootstrap.node.id).toBe("test-node");
  expect(bootstrap.last_updated).toBe("2026-11-23T21:42:07.664Z");
  expect(clusters.version_info).toBe("v9");
  expect(clusters.static_clusters[0].cluster).toEqual({
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name: "static",
  });
  expect(clusters.dynamic_active_clusters[0]).toMatchObject({
    version_info: "v9",
    cluster: { name: "edsc" },
    error_state: {
      failed_configuration: { name: "edsc", alt_stat_name: "x" },
      details: "lb_policy: RING_HASH is not supported",
      version_info: "v10",
    },
    client_status: "NACKED",
  });
  expect(clusters.dynamic_warming_clusters[0].cluster.name).toBe("later");
  expect(endpoints.dynamic_endpoint_configs[0].endpoint_config).toMatchObject({
    cluster_name: "edsc",
    endpoints: [{ locality: { region: "r", zone: "z" }, load_balancing_weight: 3 }],
    policy: { overprovisioning_factor: 140 },
  });
  const [lbEndpoint] =
    endpoints.dynamic_endpoint_configs[0].endpoint_config.endpoints[0].lb_endpoints;
  expect(lbEndpoint).toMatchObject({
    health_status: "HEALTHY",
    load_balancing_weight: 3,
    metadata: { filter_metadata: { istio: { workload: "w-18080" } } },
  });
  expect(listeners.static_listeners).toHaveLength(1);
  const [dyn, old, warmer] = listeners.dynamic_listeners;
  expect(Object.keys(dyn)).toEqual(["name", "active_state", "warming_state"]);
  expect(old).toMatchObject({ name: "old", draining_state: { version_info: "v9" } });
  expect(warmer).toMatchObject({
    name: "warmer",
    error_state: {
      last_update_attempt: "2026-11-23T21:42:07.664Z",
      details: "ADS must be configured to support an ADS config source",
      failed_configuration: { name: "warmer" },
    },
  });
  expect(routes.dynamic_route_configs[0]).toMatchObject({
    version_info: "v9",
    route_config: { name: "r:1" },
  });
  expect(body("/config_dump")).not.toContain("EndpointsConfigDump");
});

test("/config_dump?resource and name_regex narrow it", () => {
  const one = JSON.parse(body("/config_dump?resource=dynamic_listeners&name_regex=^d"));
  expect(one.configs).toHaveLength(1);
  expect(one.configs[0]).toMatchObject({
    "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener",
    name: "dyn",
  });
  expect(body("/config_dump?resource=static_clusters&name_regex=none")).toBe("{}\n");
  expect(ask("/config_dump?resource=bogus")).toMatchObject({
    status: 404,
    body: "bogus not found in config dump",
  });
  expect(ask("/config_dump?resource=dynamic_endpoint_configs").status).toBe(404);
  expect(ask("/config_dump?resource=dynamic_endpoint_configs&include_eds").status).toBe(200);
  expect(ask("/config_dump?resource=version_info").status).toBe(400);
  expect(ask("/config_dump?name_regex=(")).toMatchObject({ status: 400 });
  expect(ask("/config_dump?mask=x")).toMatchObject({ status: 400 });
});

test.each([
  ["/stats?filter=active_faults", 200, "http.p.fault.active_faults: 0\n"],
  ["/stats?usedonly", 200, "http.p.fault.aborts_injected: 1\n"],
  [
    "/stats?filter=aborts&format=json",
    200,
    '{"stats":[{"name":"http.p.fault.aborts_injected","value":1}]}',
  ],
  ["/stats?filter=fault&invert_filter", 200, ""],
  ["/stats?type=Gauges", 200, "http.p.fault.active_faults: 0\n"],
  ["/stats?type=counters", 400, "invalid &type= param"],
  ["/stats?format=bogus", 400, "usage: /stats?format=(text|json|prometheus)\n\n"],
  ["/stats?filter=(", 400, "Invalid re2 regex: missing closing ): `(`"],
  [
    "/stats?histogram_buckets=bogus",
    400,
    "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n",
  ],
  [
    "/stats/prometheus?filter=aborts",
    200,
    '# TYPE envoy_http_fault_aborts_injected counter\nenvoy_http_fault_aborts_injected{envoy_http_conn_manager_prefix="p"} 1\n',
  ],
  [
    "/stats/prometheus?histogram_buckets=detailed",
    400,
    "unsupported prometheus histogram bucket mode",
  ],
  ["/stats?filter=abor%74s%5finjected", 200, "http.p.fault.aborts_injected: 1\n"],
  ["/certs", 200, '{\n "certificates": []\n}\n'],
  ["/hot_restart_version", 200, "disabled"],
  ["/runtime", 200, '{\n "layers": [],\n "entries": {}\n}\n'],
  ["/init_dump", 200, "{}\n"],
] as const)("%s is %p", (target, status, expected) => {
  expect(ask(target)).toMatchObject({ status, body: expected });
});

test("/init_dump names what is waited for", () => {
  const fixture = setUp();
  const state = { ...fixture.state, warming: () => ({ clusters: ["a"], listeners: ["l"] }) };
  const dump = JSON.parse(ask("/init_dump", "GET", { ...fixture, state }).body);
  expect(dump.unready_targets_dumps.map((d: { target_names: string[] }) => d.target_names)).toEqual(
    [["listener l"], ["cluster a"]],
  );
});

test("/server_info and /memory", () => {
  const info = JSON.parse(body("/server_info"));
  expect(info).toMatchObject({
    version: "sampan/0.1.0",
    state: "LIVE",
    uptime_current_epoch: "639s",
    command_line_options: { concurrency: 2, log_level: "warning", drain_time: "600s" },
    node: { id: "test-node", cluster: "test-cluster" },
  });
  expect(JSON.parse(body("/memory"))).toMatchObject({
    allocated: "1",
    heap_size: "2",
    total_physical_bytes: "3",
  });
});

test("the home page links to every page and posts to those that change something", () => {
  const page = ask("/");
  expect(page.contentType).toBe("text/html; charset=UTF-8");
  expect(page.body).toContain("<a href='ready'>ready</a>");
  expect(page.body).toContain("<form action='quitquitquit' method='post'>");
  expect(page.body).toContain("<form action='clusters' method='get'>");
});
