import { expect, test } from "bun:test";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";
import { parseBootstrap } from "./parse-bootstrap.ts";
import { formatRejected } from "./parsed.ts";
import { readYaml } from "./testing/messages.ts";

const parse = (yaml: string) => parseBootstrap(readYaml(BootstrapSchema, yaml));

function accepted(yaml: string): BootstrapConfig {
  const parsed = parse(yaml);
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

const rejected = (yaml: string): string => {
  const parsed = parse(yaml);
  return parsed.kind === "rejected" ? formatRejected(parsed) : "accepted";
};

const DYNAMIC = `
node: {id: n, cluster: c, metadata: {a: 1}}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 15000}}, access_log_path: /dev/null}
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    grpc_services: [{envoy_grpc: {cluster_name: xds}, initial_metadata: [{key: k, value: v}]}]
  cds_config: {ads: {}, resource_api_version: V3}
  lds_config: {ads: {}, resource_api_version: V3}
static_resources:
  clusters:
  - name: xds
    type: STRICT_DNS
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: xds
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: localhost, port_value: 15010}}}}]}]
`;

test("an empty bootstrap is a proxy that does nothing", () => {
  expect(accepted("{}")).toMatchObject({
    admin: undefined,
    clusters: [],
    listeners: [],
    ads: undefined,
    dynamicClusters: false,
    dynamicListeners: false,
    statsFlushIntervalMs: 5000,
  });
});

test("a dynamic bootstrap names its management server", () => {
  const config = accepted(DYNAMIC);
  expect(config.node).toMatchObject({ id: "n", cluster: "c", metadata: { a: 1 } });
  expect(config).toMatchObject({
    admin: {
      address: { host: "127.0.0.1", port: 15_000 },
      accessLogs: [{ sink: { kind: "file", path: "/dev/null" } }],
    },
    ads: {
      protocol: "delta",
      clusterName: "xds",
      servers: [{ host: "localhost", port: 15_010 }],
      initialMetadata: [{ key: "k", value: "v" }],
    },
    dynamicClusters: true,
    dynamicListeners: true,
    clusters: [{ name: "xds", addedViaApi: false }],
  });
});

const ROUTER =
  '{name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}';
const listener = (name: string, route: string): string =>
  `{name: ${name}, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{filters: [{name: h, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: s, http_filters: [${ROUTER}], ${route}}}]}]}`;
const to = (cluster: string, more = ""): string =>
  `route_config: {${more} virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: ${cluster}}}]}]}`;

test("a static bootstrap's routes may name its clusters, and others only when they are not validated", () => {
  const resources = (route: string): string =>
    `static_resources: {clusters: [{name: a}], listeners: [${listener("l", route)}]}`;
  expect(accepted(resources(to("a"))).listeners).toHaveLength(1);
  expect(accepted(resources(to("b", "validate_clusters: false,"))).listeners).toHaveLength(1);
  expect(rejected(resources(to("b")))).toBe(
    'static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].route.cluster: route: unknown cluster "b"',
  );
});

const REFUSED: readonly (readonly [yaml: string, expected: string])[] = [
  [
    "static_resources: {clusters: [{name: a}, {name: a}]}",
    'static_resources.clusters[1].name: duplicate cluster "a"',
  ],
  [
    "static_resources: {clusters: [{name: a}, {name: b, health_checks: [{}]}]}",
    "static_resources.clusters[1].health_checks: not supported: active health checks are not supported",
  ],
  [
    `static_resources: {clusters: [{name: a}], listeners: [${listener("l", to("a"))}, ${listener("l", to("a"))}]}`,
    'static_resources.listeners[1].name: duplicate listener "l"',
  ],
  [
    "static_resources: {clusters: [{name: a, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}}]}",
    "static_resources.clusters[0].eds_cluster_config.eds_config: dynamic_resources.ads_config is required",
  ],
  [
    `static_resources: {listeners: [${listener("l", "rds: {route_config_name: r, config_source: {ads: {}}}")}]}`,
    "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.rds: dynamic_resources.ads_config is required",
  ],
  [
    "dynamic_resources: {cds_config: {ads: {}}}",
    "dynamic_resources.cds_config.ads: ads_config is required",
  ],
  [
    "dynamic_resources: {cds_config: {path_config_source: {path: /a}}}",
    "dynamic_resources.cds_config.path_config_source: not supported: only ADS is supported as a source",
  ],
  [
    DYNAMIC.replace("cluster_name: xds}", "cluster_name: nope}").replace(
      "http2_protocol_options",
      "http_protocol_options",
    ),
    'dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name: Unknown gRPC client cluster "nope"',
  ],
  [
    DYNAMIC.replace("DELTA_GRPC", "REST"),
    "dynamic_resources.ads_config.api_type: must be GRPC or DELTA_GRPC",
  ],
  [
    DYNAMIC.replace("transport_api_version: V3", "transport_api_version: V2"),
    "dynamic_resources.ads_config.transport_api_version: only V3 is supported",
  ],
  [
    DYNAMIC.replace("id: n, ", ""),
    "node: node 'id' and 'cluster' are required: set it in 'node' or by --service-node and --service-cluster",
  ],
  [
    DYNAMIC.replace(
      "envoy_grpc: {cluster_name: xds}",
      "google_grpc: {target_uri: a, stat_prefix: b}",
    ),
    "dynamic_resources.ads_config.grpc_services[0].google_grpc: not supported: only envoy_grpc is supported",
  ],
  [
    "layered_runtime: {layers: [{name: a, static_layer: {overload: {global_downstream_max_connections: 5}}}]}",
    'layered_runtime.layers[0].static_layer["overload.global_downstream_max_connections"]: not supported: this runtime key',
  ],
  [
    "layered_runtime: {layers: [{name: a, static_layer: {re2.max_program_size.error_level: 5, envoy: {reloadable_features: {x: true}}}}, {name: b, admin_layer: {}}]}",
    "accepted",
  ],
  [
    "stats_flush_interval: 0.0005s",
    "stats_flush_interval: value must be inside range [0.001s, 300s): got 0.0005s",
  ],
  [
    "overload_manager: {}",
    "overload_manager: not supported: the overload manager is not supported",
  ],
  ["tracing: {}", "tracing: not supported: tracing is not supported"],
  [
    "admin: {address: {pipe: {path: /a}}}",
    "admin.address.pipe: not supported: Unix domain sockets are not supported",
  ],
];

test.each(REFUSED.map(([yaml, expected]) => [expected, yaml]))("%s", (expected, yaml) => {
  expect(rejected(yaml.includes("\n") ? yaml : `{${yaml}}`)).toBe(expected);
});
