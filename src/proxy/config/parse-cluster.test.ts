import { expect, test } from "bun:test";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { parseCluster } from "./parse-cluster.ts";
import { parseEndpoints } from "./parse-endpoints.ts";
import { formatRejected, type Parsed } from "./parsed.ts";
import { readYaml } from "./testing/messages.ts";

const cluster = (yaml: string, isManagementServer = false) =>
  parseCluster(readYaml(ClusterSchema, yaml), { addedViaApi: true, isManagementServer });
const endpoints = (yaml: string) => parseEndpoints(readYaml(ClusterLoadAssignmentSchema, yaml));

function rejection(parsed: Parsed<unknown>): string {
  return parsed.kind === "rejected" ? formatRejected(parsed) : "accepted";
}

function value<T>(parsed: Parsed<T>): T {
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

test("an empty cluster has Envoy's defaults", () => {
  const { message, hash, ...config } = value(cluster("{name: c}"));
  expect(message.name).toBe("c");
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  const thresholds = {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
    retryBudget: undefined,
    trackRemaining: false,
    perHostMaxConnections: undefined,
  };
  expect(config).toEqual({
    name: "c",
    statName: "c",
    discovery: {
      kind: "static",
      endpoints: { clusterName: "c", localities: [], overprovisioningFactor: 140 },
    },
    loadBalancer: { kind: "roundRobin" },
    localityWeighted: false,
    connectTimeoutMs: 5000,
    bufferLimitBytes: 1_048_576,
    thresholds: { default: thresholds, high: thresholds },
    outlierDetection: undefined,
    healthyPanicPercent: 50,
    idleTimeoutMs: 3_600_000,
    maxRequestsPerConnection: undefined,
    maxConnectionDurationMs: undefined,
    enableTrailers: false,
    metadata: {},
    addedViaApi: true,
  });
});

test("an empty outlier detection has Envoy's defaults", () => {
  expect(value(cluster("{name: c, outlier_detection: {}}")).outlierDetection).toEqual({
    consecutive5xx: 5,
    enforcingConsecutive5xxPercent: 100,
    consecutiveGatewayFailure: 5,
    enforcingConsecutiveGatewayFailurePercent: 0,
    consecutiveLocalOriginFailure: 5,
    enforcingConsecutiveLocalOriginFailurePercent: 100,
    splitExternalLocalOriginErrors: false,
    intervalMs: 10_000,
    baseEjectionTimeMs: 30_000,
    maxEjectionTimeMs: 300_000,
    maxEjectionTimeJitterMs: 0,
    maxEjectionPercent: 10,
    alwaysEjectOneHost: false,
    enforcingSuccessRatePercent: 100,
    enforcingLocalOriginSuccessRatePercent: 100,
    enforcingFailurePercentagePercent: 0,
    enforcingFailurePercentageLocalOriginPercent: 0,
    successRate: {
      successRateMinimumHosts: 5,
      successRateRequestVolume: 100,
      successRateStdevFactor: 1900,
      failurePercentageThreshold: 85,
      failurePercentageMinimumHosts: 5,
      failurePercentageRequestVolume: 50,
    },
  });
});

test.each<[string, unknown]>([
  [
    "outlier_detection: {base_ejection_time: 400s}",
    { outlierDetection: { maxEjectionTimeMs: 400_000 } },
  ],
  ["common_lb_config: {healthy_panic_threshold: {}}", { healthyPanicPercent: 0 }],
  ["common_lb_config: {locality_weighted_lb_config: {}}", { localityWeighted: true }],
  ["alt_stat_name: x", { statName: "x" }],
  ["lb_policy: RANDOM", { loadBalancer: { kind: "random" } }],
  [
    "lb_policy: LEAST_REQUEST",
    { loadBalancer: { kind: "leastRequest", choiceCount: 2, activeRequestBias: 1 } },
  ],
  [
    "lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 5, active_request_bias: {default_value: 0.5, runtime_key: x}}",
    { loadBalancer: { choiceCount: 5, activeRequestBias: 0.5 } },
  ],
  [
    "lb_policy: RANDOM, least_request_lb_config: {choice_count: 5}",
    { loadBalancer: { kind: "random" } },
  ],
  [
    "circuit_breakers: {thresholds: [{max_requests: 1}, {max_requests: 2}, {priority: HIGH, max_retries: 0}]}",
    { thresholds: { default: { maxRequests: 1 }, high: { maxRetries: 0, maxRequests: 1024 } } },
  ],
  [
    "circuit_breakers: {thresholds: [{retry_budget: {}}]}",
    { thresholds: { default: { retryBudget: { percent: 20, minConcurrency: 3 } } } },
  ],
  [
    "circuit_breakers: {per_host_thresholds: [{max_connections: 4}]}",
    {
      thresholds: {
        default: { perHostMaxConnections: 4 },
        high: { perHostMaxConnections: undefined },
      },
    },
  ],
  [
    "common_http_protocol_options: {idle_timeout: 0s, max_connection_duration: 7s}",
    { idleTimeoutMs: undefined, maxConnectionDurationMs: 7000 },
  ],
  ["max_requests_per_connection: 9", { maxRequestsPerConnection: 9 }],
  ["http_protocol_options: {enable_trailers: true}", { enableTrailers: true }],
  [
    "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {'@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}, common_http_protocol_options: {idle_timeout: 2s, max_requests_per_connection: 3}}}",
    { idleTimeoutMs: 2000, maxRequestsPerConnection: 3 },
  ],
  [
    "type: STRICT_DNS, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: localhost, port_value: 80}}}}]}]}",
    {
      discovery: {
        kind: "strictDns",
        refreshMs: 5000,
        jitterMs: 0,
        respectTtl: false,
        lookupFamily: "auto",
      },
    },
  ],
  [
    "type: EDS, eds_cluster_config: {eds_config: {ads: {}}}",
    { discovery: { kind: "eds", serviceName: "c", initialFetchTimeoutMs: 15_000 } },
  ],
  [
    "type: EDS, eds_cluster_config: {service_name: s, eds_config: {ads: {}, initial_fetch_timeout: 0s, resource_api_version: V3}}",
    { discovery: { kind: "eds", serviceName: "s", initialFetchTimeoutMs: 0 } },
  ],
  [
    "type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED",
    { discovery: { kind: "originalDst" }, loadBalancer: { kind: "clusterProvided" } },
  ],
  [
    "load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: {'@type': type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest, choice_count: 3, locality_lb_config: {locality_weighted_lb_config: {}}}}}]}",
    { loadBalancer: { kind: "leastRequest", choiceCount: 3 }, localityWeighted: true },
  ],
  [
    "load_balancing_policy: {policies: [{typed_extension_config: {name: x, typed_config: {'@type': type.googleapis.com/envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality, endpoint_picking_policy: {policies: [{typed_extension_config: {name: y, typed_config: {'@type': type.googleapis.com/envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin}}}]}}}}]}",
    { loadBalancer: { kind: "roundRobin" }, localityWeighted: true },
  ],
])("{%s}", (fields, expected) => {
  expect(value(cluster(`{name: c, ${fields}}`))).toMatchObject(expected as object);
});

test("an endpoint has its locality, weight, health and metadata", () => {
  const yaml = `
cluster_name: c
policy: {overprovisioning_factor: 200}
endpoints:
- locality: {region: r, zone: z, sub_zone: s}
  priority: 1
  load_balancing_weight: 3
  lb_endpoints:
  - endpoint: {address: {socket_address: {address: "::1", port_value: 80}}, hostname: h}
    health_status: DRAINING
    load_balancing_weight: 9
    metadata: {filter_metadata: {envoy.lb: {version: v1}}}
  - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
`;
  expect(value(endpoints(yaml))).toEqual({
    clusterName: "c",
    overprovisioningFactor: 200,
    localities: [
      {
        region: "r",
        zone: "z",
        subZone: "s",
        weight: 3,
        priority: 1,
        endpoints: [
          {
            address: { host: "::1", port: 80 },
            hostname: "h",
            weight: 9,
            health: "draining",
            metadata: { "envoy.lb": { version: "v1" } },
          },
          {
            address: { host: "127.0.0.1", port: 0 },
            hostname: "",
            weight: 1,
            health: "unknown",
            metadata: {},
          },
        ],
      },
    ],
  });
});

const AT =
  "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address:";

test.each([
  ["type: LOGICAL_DNS", "type: not supported: use STATIC, STRICT_DNS, EDS or ORIGINAL_DST"],
  [
    "lb_policy: MAGLEV",
    "lb_policy: not supported: hashing load balancers: use ROUND_ROBIN, LEAST_REQUEST or RANDOM",
  ],
  [
    "lb_policy: RING_HASH",
    "lb_policy: not supported: hashing load balancers: use ROUND_ROBIN, LEAST_REQUEST or RANDOM",
  ],
  [
    "lb_policy: CLUSTER_PROVIDED",
    "lb_policy: CLUSTER_PROVIDED and cluster type ORIGINAL_DST go only together",
  ],
  [
    "type: ORIGINAL_DST",
    "lb_policy: CLUSTER_PROVIDED and cluster type ORIGINAL_DST go only together",
  ],
  ["lb_policy: LOAD_BALANCING_POLICY_CONFIG", "lb_policy: load_balancing_policy needs to be set"],
  [
    "type: EDS",
    "eds_cluster_config.eds_config: cannot create an EDS cluster without an EDS config",
  ],
  [
    "type: EDS, eds_cluster_config: {eds_config: {self: {}}}",
    "eds_cluster_config.eds_config.self: not supported: only ADS is supported as a source",
  ],
  [
    "eds_cluster_config: {eds_config: {ads: {}}}",
    "eds_cluster_config: cannot set in a non-EDS cluster",
  ],
  [
    `${AT} {address: localhost, port_value: 80}}}}]}]}`,
    'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: malformed IP address: "localhost"',
  ],
  [
    `${AT} {address: 127.0.0.1, named_port: http}}}}]}]}`,
    "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.named_port: not supported: use port_value",
  ],
  [
    `${AT} {protocol: UDP, address: 127.0.0.1, port_value: 80}}}}]}]}`,
    "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.protocol: only TCP is supported",
  ],
  [
    "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{}]}]}",
    "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address: socket_address is required",
  ],
  [
    "load_assignment: {cluster_name: c, endpoints: [{priority: 129}]}",
    "load_assignment.endpoints[0].priority: value must be less than or equal to 128: got 129",
  ],
  [
    "outlier_detection: {max_ejection_time: 1s}",
    "outlier_detection.max_ejection_time: cannot be smaller than base_ejection_time: got 1000 ms, base is 30000 ms",
  ],
  [
    "common_http_protocol_options: {idle_timeout: -1s}",
    "common_http_protocol_options.idle_timeout: Invalid duration: expected positive duration: got -1s",
  ],
  [
    "common_http_protocol_options: {max_headers_count: 5}",
    "common_http_protocol_options.max_headers_count: not supported for upstreams",
  ],
  [
    "http_protocol_options: {accept_http_10: true}",
    "http_protocol_options.accept_http_10: not supported for upstreams",
  ],
  ["http2_protocol_options: {}", "http2_protocol_options: not supported: HTTP/2 upstreams"],
  [
    "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {'@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http2_protocol_options: {}}}}",
    'typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"].explicit_http_config.http2_protocol_options: not supported: HTTP/2 upstreams',
  ],
  [
    "typed_extension_protocol_options: {x: {'@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}}}",
    'typed_extension_protocol_options["x"]: not supported: protocol options "x"',
  ],
  [
    "per_connection_buffer_limit_bytes: 0",
    "per_connection_buffer_limit_bytes: 0 (no limit) is not supported",
  ],
  [
    "upstream_bind_config: {source_address: {address: 127.0.0.2, port_value: 0}}",
    "upstream_bind_config: not supported: the kernel chooses the source address",
  ],
  [
    "transport_socket: {name: tls}",
    'transport_socket: not supported: TLS and other transport sockets: got "tls"',
  ],
  [
    "circuit_breakers: {per_host_thresholds: [{max_requests: 4}]}",
    "circuit_breakers.per_host_thresholds[0].max_requests: not supported: per host, only max_connections can be limited",
  ],
  [
    "common_lb_config: {locality_weighted_lb_config: {}}, load_balancing_policy: {policies: []}",
    "load_balancing_policy: cannot be combined with locality settings of common_lb_config",
  ],
  [
    "load_balancing_policy: {policies: [{}]}",
    "load_balancing_policy.policies: a typed load balancing policy is required",
  ],
  ["filters: [{name: x}]", 'filters[0]: not supported: upstream network filter "x"'],
])("{%s} is refused", (fields, expected) => {
  expect(rejection(cluster(`{name: c, ${fields}}`))).toBe(expected);
});

test("HTTP/2 and TCP keepalive are the management server's alone", () => {
  const fields =
    "{name: xds, http2_protocol_options: {connection_keepalive: {interval: 30s, timeout: 5s}}, upstream_connection_options: {tcp_keepalive: {keepalive_time: 300}}}";
  expect(rejection(cluster(fields, true))).toBe("accepted");
  expect(rejection(cluster(fields))).toStartWith("upstream_connection_options: not supported");
});

test.each([
  ["{endpoints: []}", "cluster_name: value length must be at least 1 characters: got 0"],
  [
    "{cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: /a}}}}]}]}",
    "endpoints[0].lb_endpoints[0].endpoint.address.pipe: not supported: Unix domain sockets are not supported",
  ],
  [
    "{cluster_name: c, policy: {drop_overloads: [{category: a}]}}",
    "policy.drop_overloads: not supported",
  ],
  [
    `{cluster_name: c, endpoints: [{lb_endpoints: [${"{load_balancing_weight: 4294967295, endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}},".repeat(2)}]}]}`,
    "endpoints[0].lb_endpoints: The sum of weights of all endpoints in the same locality exceeds 4294967295: got 8589934590",
  ],
  [
    "{cluster_name: c, endpoints: [{load_balancing_weight: 4294967295}, {load_balancing_weight: 1}]}",
    "endpoints[1].load_balancing_weight: The sum of weights of all localities at the same priority exceeds 4294967295: got 4294967296",
  ],
])("endpoints %s are refused", (yaml, expected) => {
  expect(rejection(endpoints(yaml))).toBe(expected);
});

test("equal messages have equal hashes, different ones do not", () => {
  const hash = (yaml: string): string => value(cluster(yaml)).hash;
  expect(hash("{name: c, connect_timeout: 1s}")).toBe(hash("{connect_timeout: 1s, name: c}"));
  expect(hash("{name: c, connect_timeout: 1s}")).not.toBe(hash("{name: c, connect_timeout: 2s}"));
});
