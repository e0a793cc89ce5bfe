import { expect, test } from "bun:test";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { RouteTable } from "../route/route-table.ts";
import { createRequest, type RequestOptions } from "../route/testing/request.ts";
import { parseCluster } from "./parse-cluster.ts";
import { parseEndpoints } from "./parse-endpoints.ts";
import { parseListener } from "./parse-listener.ts";
import { parseRouteConfiguration } from "./parse-route-configuration.ts";
import { formatRejected, type Parsed } from "./parsed.ts";
import router from "./testdata/istio-router.json";
import sidecar from "./testdata/istio-sidecar.json";
import { readMessage } from "./testing/messages.ts";

function accepted<T>(parsed: Parsed<T>): T {
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

const API = { addedViaApi: true };
const cluster = (json: unknown) => accepted(parseCluster(readMessage(ClusterSchema, json), API));
const listener = (json: unknown) => accepted(parseListener(readMessage(ListenerSchema, json), API));
const endpoints = (json: unknown) =>
  accepted(parseEndpoints(readMessage(ClusterLoadAssignmentSchema, json)));
const routes = (json: unknown) =>
  accepted(parseRouteConfiguration(readMessage(RouteConfigurationSchema, json)));

for (const [node, dump] of [
  ["sidecar", sidecar],
  ["router", router],
] as const) {
  test(`everything that Istio's server sends to a ${node} is accepted`, () => {
    expect(dump.Cluster.map((json) => cluster(json).name)).toHaveLength(dump.Cluster.length);
    expect(dump.Listener.map((json) => listener(json).name)).toHaveLength(dump.Listener.length);
    expect(dump.ClusterLoadAssignment.map(endpoints)).toHaveLength(
      dump.ClusterLoadAssignment.length,
    );
    expect(dump.RouteConfiguration.map(routes)).toHaveLength(dump.RouteConfiguration.length);
  });
}

const named = <T extends { name: string }>(list: readonly T[], name: string): T => {
  const found = list.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

test("a destination rule's settings arrive", () => {
  const v3 = cluster(named(sidecar.Cluster, "outbound|9080|v3|reviews.default.svc.cluster.local"));
  expect(v3).toMatchObject({
    discovery: {
      kind: "eds",
      serviceName: "outbound|9080|v3|reviews.default.svc.cluster.local",
      initialFetchTimeoutMs: 0,
    },
    loadBalancer: { kind: "leastRequest", choiceCount: 2 },
    connectTimeoutMs: 2000,
    healthyPanicPercent: 0,
    idleTimeoutMs: 30_000,
    maxRequestsPerConnection: 100,
    thresholds: {
      default: { maxConnections: 10, maxPendingRequests: 5, maxRequests: 20, maxRetries: 7 },
      high: { maxRequests: 1024 },
    },
    outlierDetection: {
      consecutive5xx: 3,
      consecutiveGatewayFailure: 2,
      baseEjectionTimeMs: 60_000,
      maxEjectionPercent: 100,
      enforcingSuccessRatePercent: 0,
    },
  });
});

test("clusters without endpoints of their own parse", () => {
  expect(cluster(named(sidecar.Cluster, "PassthroughCluster")).discovery.kind).toBe("originalDst");
  expect(cluster(named(sidecar.Cluster, "InboundPassthroughCluster")).discovery.kind).toBe(
    "originalDst",
  );
  expect(cluster(named(sidecar.Cluster, "BlackHoleCluster")).discovery).toMatchObject({
    kind: "static",
    endpoints: { localities: [] },
  });
  expect(cluster(named(sidecar.Cluster, "outbound|80||localhost.example")).discovery).toMatchObject(
    {
      kind: "strictDns",
      refreshMs: 60_000,
      jitterMs: 100,
      respectTtl: true,
      lookupFamily: "v4Only",
    },
  );
});

test("a sidecar's listener for one port tells HTTP from other bytes", () => {
  const auto = listener(named(sidecar.Listener, "127.0.0.1_7000"));
  expect(auto).toMatchObject({
    trafficDirection: "outbound",
    listenerFilters: { httpInspector: true, tlsInspector: false },
    listenerFiltersTimeoutMs: undefined,
    continueOnListenerFiltersTimeout: true,
    filterChains: [
      {
        match: { transportProtocol: "raw_buffer", applicationProtocols: ["http/1.1", "h2c"] },
        filter: {
          kind: "httpConnectionManager",
          config: {
            route: {
              kind: "rds",
              name: "ratings.default.svc.cluster.local:7000",
              initialFetchTimeoutMs: 0,
            },
            httpFilters: [
              { kind: "none" },
              { kind: "fault" },
              { kind: "cors" },
              { kind: "router" },
            ],
            normalizePath: true,
            proxy100Continue: true,
            streamIdleTimeoutMs: undefined,
            upgrades: ["websocket"],
          },
        },
      },
    ],
    defaultFilterChain: { filter: { kind: "tcpProxy", config: { clusters: [{ weight: 1 }] } } },
  });
});

test.each<[RequestOptions, string | undefined]>([
  [
    {
      path: "/reviews/1?q=1&p=abc",
      headers: [
        ["end-user", "jason"],
        ["x-r", "abc"],
      ],
    },
    "jason",
  ],
  [
    {
      path: "/REVIEWS/1?q=1&p=abc",
      headers: [
        ["end-user", "jason"],
        ["x-r", "abc"],
      ],
    },
    "jason",
  ],
  [
    {
      path: "/reviews/1?q=1&p=abc",
      headers: [
        ["end-user", "jason"],
        ["x-r", "abc"],
        ["x-no", "1"],
      ],
    },
    "default",
  ],
  [
    {
      path: "/reviews/1",
      headers: [
        ["end-user", "jason"],
        ["x-r", "abc"],
      ],
    },
    "default",
  ],
  [{ path: "/anything" }, "default"],
])("a virtual service's routes: %j -> %s", (options, expected) => {
  const table = new RouteTable(routes(named(sidecar.RouteConfiguration, "9080")));
  const head = createRequest({ host: "reviews.default.svc.cluster.local:9080", ...options });
  const names = table.match(head, 0)?.route.name;
  expect(names === "" ? "default" : names).toBe(expected as string);
});

test("faults, retries, mirrors and rewrites of a virtual service arrive", () => {
  const table = new RouteTable(routes(named(sidecar.RouteConfiguration, "9080")));
  const entry = (path: string, headers: [string, string][] = []) =>
    table.match(createRequest({ host: "reviews.default.svc.cluster.local", path, headers }), 0);
  expect(
    entry("/reviews?q=1&p=a", [
      ["end-user", "jason"],
      ["x-r", "a"],
    ])?.fault,
  ).toMatchObject({
    delay: {
      kind: "fixed",
      delayMs: 7000,
      percentage: { numerator: 100_000, denominator: 1_000_000 },
    },
    abort: { kind: "http", status: 500, percentage: { numerator: 5000, denominator: 1_000_000 } },
  });
  expect(entry("/old/x")?.route.action).toMatchObject({
    kind: "forward",
    timeoutMs: 3000,
    prefixRewrite: "/new/",
    hostRewrite: { kind: "literal", host: "new.example" },
    mirrors: [
      {
        cluster: "outbound|9080||ratings.default.svc.cluster.local",
        fraction: { numerator: 500_000, denominator: 1_000_000 },
        shadowHostSuffix: false,
      },
    ],
    retryPolicy: {
      on: new Set(["5xx", "connect-failure", "retriable-status-codes"]),
      numRetries: 3,
      perTryTimeoutMs: 1000,
      retriableStatusCodes: new Set([503]),
      hostSelectionMaxAttempts: 5,
      avoidPreviousHosts: true,
    },
  });
  expect(entry("/x/12")?.route.action).toMatchObject({
    kind: "redirect",
    status: 302,
    host: "other.example",
  });
  expect(entry("/direct")?.route.action).toMatchObject({ kind: "directResponse", status: 503 });
});
