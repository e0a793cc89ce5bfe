import { expect, test } from "bun:test";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { HttpConnectionManagerConfig, ListenerConfig } from "./listener-config.ts";
import { parseListener } from "./parse-listener.ts";
import { formatRejected } from "./parsed.ts";
import { readYaml } from "./testing/messages.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters";
const TCP = `{name: t, typed_config: {"@type": ${TYPE}.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c}}`;
const ROUTER = `{name: r, typed_config: {"@type": ${TYPE}.http.router.v3.Router}}`;
const FAULT = `{name: envoy.filters.http.fault, typed_config: {"@type": ${TYPE}.http.fault.v3.HTTPFault}}`;
const manager = (fields: string): string =>
  `{name: h, typed_config: {"@type": ${TYPE}.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: s, ${fields}}}`;
const chain = (...filters: string[]): string =>
  `filter_chains: [{filters: [${filters.join(", ")}]}]`;
const http = (fields: string): string =>
  chain(manager(`route_config: {}, http_filters: [${ROUTER}], ${fields}`));

const parse = (fields: string) =>
  parseListener(
    readYaml(
      ListenerSchema,
      `{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 80}}, ${fields}}`,
    ),
    { addedViaApi: false },
  );

function accepted(fields: string): ListenerConfig {
  const parsed = parse(fields);
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

function rejected(fields: string): string {
  const parsed = parse(fields);
  return parsed.kind === "rejected" ? formatRejected(parsed) : "accepted";
}

function managerOf(fields: string): HttpConnectionManagerConfig {
  const filter = accepted(fields).filterChains[0]?.filter;
  if (filter?.kind !== "httpConnectionManager") throw new Error("not a manager");
  return filter.config;
}

test("a listener has Envoy's defaults", () => {
  const { message, hash, ...config } = accepted(chain(TCP));
  expect([message.name, hash.length]).toEqual(["l", 16]);
  expect(config).toEqual({
    name: "l",
    address: { host: "127.0.0.1", port: 80 },
    statName: "127.0.0.1_80",
    trafficDirection: "unspecified",
    bindToPort: true,
    reusePort: true,
    bufferLimitBytes: 1_048_576,
    maxConnections: undefined,
    listenerFilters: { httpInspector: false, tlsInspector: false, originalDst: false },
    listenerFiltersTimeoutMs: 15_000,
    continueOnListenerFiltersTimeout: false,
    filterChains: [
      {
        name: "",
        match: {
          destinationPort: undefined,
          prefixRanges: [],
          serverNames: [],
          transportProtocol: "",
          applicationProtocols: [],
        },
        filter: {
          kind: "tcpProxy",
          config: {
            statPrefix: "s",
            clusters: [{ name: "c", weight: 1 }],
            idleTimeoutMs: 3_600_000,
            maxDownstreamConnectionDurationMs: undefined,
            maxConnectAttempts: 1,
            accessLogs: [],
          },
        },
      },
    ],
    defaultFilterChain: undefined,
    accessLogs: [],
    addedViaApi: false,
  });
});

test("a connection manager has Envoy's defaults", () => {
  const { route, ...config } = managerOf(http(""));
  expect(route.kind).toBe("inline");
  expect(config).toEqual({
    statPrefix: "s",
    codec: "auto",
    httpFilters: [{ kind: "router", name: "r", suppressEnvoyHeaders: false }],
    accessLogs: [],
    useRemoteAddress: false,
    xffNumTrustedHops: 0,
    skipXffAppend: false,
    generateRequestId: true,
    preserveExternalRequestId: false,
    alwaysSetRequestIdInResponse: false,
    serverName: "envoy",
    serverHeader: "overwrite",
    via: "",
    normalizePath: false,
    mergeSlashes: false,
    stripMatchingHostPort: false,
    stripAnyHostPort: false,
    acceptHttp10: false,
    enableTrailers: false,
    allowAbsoluteUrl: true,
    proxy100Continue: false,
    upgrades: [],
    streamIdleTimeoutMs: 300_000,
    requestTimeoutMs: undefined,
    requestHeadersTimeoutMs: undefined,
    drainTimeoutMs: 5000,
    delayedCloseTimeoutMs: 1000,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: undefined,
    maxRequestsPerConnection: undefined,
    maxStreamDurationMs: undefined,
    maxHeadersCount: 100,
    headersWithUnderscores: "allow",
    maxRequestHeadersBytes: 61_440,
    clientCertHeader: "sanitize",
  });
});

test.each<[string, unknown]>([
  [
    "stream_idle_timeout: 0s, request_timeout: 1s, request_headers_timeout: 2s, drain_timeout: 3s, delayed_close_timeout: 0s",
    {
      streamIdleTimeoutMs: undefined,
      requestTimeoutMs: 1000,
      requestHeadersTimeoutMs: 2000,
      drainTimeoutMs: 3000,
      delayedCloseTimeoutMs: 0,
    },
  ],
  [
    "common_http_protocol_options: {idle_timeout: 0s, max_requests_per_connection: 5, max_headers_count: 50, max_stream_duration: 9s, headers_with_underscores_action: REJECT_REQUEST}",
    {
      idleTimeoutMs: undefined,
      maxRequestsPerConnection: 5,
      maxHeadersCount: 50,
      maxStreamDurationMs: 9000,
      headersWithUnderscores: "reject",
    },
  ],
  [
    "http_protocol_options: {accept_http_10: true, enable_trailers: true, allow_absolute_url: false}",
    { acceptHttp10: true, enableTrailers: true, allowAbsoluteUrl: false },
  ],
  [
    "server_name: me, server_header_transformation: PASS_THROUGH, via: v",
    { serverName: "me", serverHeader: "passThrough", via: "v" },
  ],
  [
    "upgrade_configs: [{upgrade_type: WebSocket}, {upgrade_type: x, enabled: false}]",
    { upgrades: ["websocket"] },
  ],
  ["strip_any_host_port: true", { stripAnyHostPort: true, stripMatchingHostPort: false }],
  ["forward_client_cert_details: ALWAYS_FORWARD_ONLY", { clientCertHeader: "forward" }],
  [
    "forward_client_cert_details: SANITIZE_SET, set_current_client_cert_details: {uri: true}",
    { clientCertHeader: "sanitize" },
  ],
  ["tracing: {random_sampling: {value: 1}}", {}],
])("connection manager {%s}", (fields, expected) => {
  expect(managerOf(http(fields))).toMatchObject(expected as object);
});

test("HTTP filters without effect stay in their places", () => {
  const stats = `{name: s, typed_config: {"@type": ${TYPE}.http.grpc_stats.v3.FilterConfig}}`;
  const cors = `{name: envoy.filters.http.cors, typed_config: {"@type": ${TYPE}.http.cors.v3.Cors}}`;
  const optional = `{name: o, is_optional: true, typed_config: {"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig}}`;
  const fields = `route_config: {}, http_filters: [${stats}, ${cors}, ${optional}, ${FAULT}, ${ROUTER}]`;
  const kinds = managerOf(chain(manager(fields))).httpFilters.map(({ kind }) => kind);
  expect(kinds).toEqual(["none", "cors", "none", "fault", "router"]);
});

const LOG = (config: string): string => `access_log: [{name: a, typed_config: {${config}}}]`;
const FILE =
  '"@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/stdout';
const STREAM = (name: string): string =>
  `"@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.${name}`;

test.each<[string, unknown]>([
  [LOG(FILE), { sink: { kind: "file", path: "/dev/stdout" }, format: { kind: "default" } }],
  [
    LOG(`${FILE}, log_format: {text_format_source: {inline_string: "%PROTOCOL%"}}`),
    { format: { kind: "text", format: "%PROTOCOL%" } },
  ],
  [LOG(`${FILE}, log_format: {text_format: ""}`), { format: { kind: "default" } }],
  [
    LOG(`${FILE}, log_format: {json_format: {a: "%PROTOCOL%", b: {c: 1}}}`),
    { format: { kind: "json", fields: { a: "%PROTOCOL%", b: { c: 1 } } } },
  ],
  [LOG(STREAM("StdoutAccessLog")), { sink: { kind: "stdout" }, format: { kind: "default" } }],
  [LOG(STREAM("StderrAccessLog")), { sink: { kind: "stderr" } }],
])("%s", (fields, expected) => {
  expect(accepted(`${chain(TCP)}, ${fields}`).accessLogs[0]).toMatchObject(expected as object);
});

const AT = "filter_chains[0].filters[0].typed_config";

test.each([
  ["", "filter_chains: no filter chains specified"],
  [
    "filter_chains: [{}]",
    "filter_chains[0].filters: a TcpProxy or HttpConnectionManager is required",
  ],
  [
    `filter_chains: [{filters: [${TCP}]}, {filters: [${TCP}]}]`,
    "filter_chains[1].filter_chain_match: has the same matching rules defined as filter_chains[0]",
  ],
  [
    chain(TCP, TCP),
    'filter_chains[0].filters[1]: a filter before "t" is terminal and must be the last filter in a network filter chain',
  ],
  [
    chain("{name: x}"),
    'filter_chains[0].filters[0].typed_config: not supported: network filter "x"',
  ],
  [
    "filter_chains: [{transport_socket: {name: tls}}]",
    'filter_chains[0].transport_socket: not supported: TLS and other transport sockets: got "tls"',
  ],
  [
    `filter_chains: [{filter_chain_match: {server_names: ["a.*"]}, filters: [${TCP}]}]`,
    'filter_chains[0].filter_chain_match.server_names[0]: partial wildcards are not supported: got "a.*"',
  ],
  [
    `filter_chains: [{filter_chain_match: {prefix_ranges: [{address_prefix: a}]}, filters: [${TCP}]}]`,
    'filter_chains[0].filter_chain_match.prefix_ranges[0].address_prefix: malformed IP address: "a"',
  ],
  [
    `filter_chains: [{filter_chain_match: {transport_protocol: quic}, filters: [${TCP}]}]`,
    'filter_chains[0].filter_chain_match.transport_protocol: must be raw_buffer or tls: got "quic"',
  ],
  [
    `filter_chains: [{filter_chain_match: {source_ports: [1]}, filters: [${TCP}]}]`,
    "filter_chains[0].filter_chain_match.source_ports: not supported",
  ],
  [
    `use_original_dst: true, ${chain(TCP)}`,
    "use_original_dst: not supported: transparent interception",
  ],
  [`transparent: true, ${chain(TCP)}`, "transparent: not supported: transparent interception"],
  [
    `socket_options: [{}], ${chain(TCP)}`,
    "socket_options: not supported: socket options are not supported",
  ],
  [
    `additional_addresses: [{}], ${chain(TCP)}`,
    "additional_addresses: not supported: one address per listener is supported",
  ],
  [
    `listener_filters: [{name: x}], ${chain(TCP)}`,
    'listener_filters[0].typed_config: not supported: listener filter "x"',
  ],
  [
    `per_connection_buffer_limit_bytes: 0, ${chain(TCP)}`,
    "per_connection_buffer_limit_bytes: 0 (no limit) is not supported",
  ],
  [
    chain(manager(`http_filters: [${ROUTER}]`)),
    `${AT}: one of rds, route_config, scoped_routes is required`,
  ],
  [
    chain(manager("route_config: {}, http_filters: []")),
    `${AT}.http_filters: the router filter is required`,
  ],
  [
    chain(manager(`route_config: {}, http_filters: [${FAULT}]`)),
    `${AT}.http_filters[0]: non-terminal filter named "envoy.filters.http.fault" is the last filter in a http filter chain`,
  ],
  [
    chain(manager(`route_config: {}, http_filters: [${ROUTER}, ${FAULT}]`)),
    `${AT}.http_filters[0]: terminal filter named "r" must be the last filter in a http filter chain`,
  ],
  [
    chain(manager(`route_config: {}, http_filters: [{name: ext_authz}, ${ROUTER}]`)),
    `${AT}.http_filters[0].typed_config: not supported: HTTP filter "ext_authz"`,
  ],
  [
    chain(
      manager(
        `route_config: {}, http_filters: [{name: f, typed_config: {"@type": ${TYPE}.http.fault.v3.HTTPFault}}, ${ROUTER}]`,
      ),
    ),
    `${AT}.http_filters[0].typed_config: a fault filter must be named "envoy.filters.http.fault": got "f"`,
  ],
  [
    chain(
      manager(
        `route_config: {}, http_filters: [{disabled: true, name: r, typed_config: {"@type": ${TYPE}.http.router.v3.Router}}]`,
      ),
    ),
    `${AT}.http_filters[0].disabled: not supported`,
  ],
  [
    chain(manager(`rds: {config_source: {ads: {}}}, http_filters: [${ROUTER}]`)),
    `${AT}.rds.route_config_name: value is required`,
  ],
  [http("codec_type: HTTP2"), `${AT}.codec_type: not supported: HTTP/2`],
  [http("codec_type: HTTP3"), `${AT}.codec_type: not supported: HTTP/3`],
  [
    http("strip_matching_host_port: true, strip_any_host_port: true"),
    `${AT}.strip_any_host_port: Only one of strip_matching_host_port or strip_any_host_port can be set`,
  ],
  [
    http("upgrade_configs: [{upgrade_type: a}, {upgrade_type: A}]"),
    `${AT}.upgrade_configs[1].upgrade_type: multiple upgrade configs with the same name: "a"`,
  ],
  [
    http("upgrade_configs: [{upgrade_type: CONNECT}]"),
    `${AT}.upgrade_configs[0].upgrade_type: not supported: CONNECT`,
  ],
  [
    http("path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT"),
    `${AT}.path_with_escaped_slashes_action: not supported: only KEEP_UNCHANGED is`,
  ],
  [
    http("tracing: {provider: {name: zipkin}}"),
    `${AT}.tracing.provider: not supported: tracing is not supported`,
  ],
  [
    http("max_request_headers_kb: 9000"),
    `${AT}.max_request_headers_kb: value must be inside range (0, 8192]: got 9000`,
  ],
  [
    http("local_reply_config: {}"),
    `${AT}.local_reply_config: not supported: local replies cannot be changed`,
  ],
  [
    chain(
      manager(
        `http_filters: [${ROUTER}], route_config: {virtual_hosts: [{name: v, domains: ["*"]}, {name: w, domains: ["*"]}]}`,
      ),
    ),
    `${AT}.route_config.virtual_hosts[1].domains[0]: Only a single wildcard domain is permitted`,
  ],
  [
    `${chain(TCP)}, ${LOG(`${FILE}, log_format: {text_format: "%FOO%"}`)}`,
    "access_log[0].typed_config.log_format.text_format: Unknown command operator FOO, at position 0",
  ],
  [
    `${chain(TCP)}, ${LOG(`${FILE}, log_format: {json_format: {a: {b: "%FOO%"}}}`)}`,
    "access_log[0].typed_config.log_format.json_format.a.b: Unknown command operator FOO, at position 0",
  ],
  [
    `${chain(TCP)}, access_log: [{name: a}]`,
    'access_log[0].typed_config: not supported: access log "a": use FileAccessLog, StdoutAccessLog or StderrAccessLog',
  ],
  [
    `${chain(TCP)}, access_log: [{name: a, filter: {not_health_check_filter: {}}}]`,
    "access_log[0].filter: not supported: access log filters are not supported",
  ],
  [
    chain(
      `{name: t, typed_config: {"@type": ${TYPE}.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, weighted_clusters: {clusters: [{name: c, weight: 0}]}}}`,
    ),
    `${AT}.weighted_clusters.clusters[0].weight: value must be greater than or equal to 1: got 0`,
  ],
  [
    chain(
      `{name: t, typed_config: {"@type": ${TYPE}.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c, tunneling_config: {hostname: a}}}`,
    ),
    `${AT}.tunneling_config: not supported`,
  ],
])("{%.90s} is refused", (fields, expected) => {
  expect(rejected(fields)).toBe(expected);
});

test("a host name is no address to listen on", () => {
  const message = readYaml(
    ListenerSchema,
    `{address: {socket_address: {address: localhost, port_value: 80}}, ${chain(TCP)}}`,
  );
  expect(parseListener(message, { addedViaApi: true })).toMatchObject({
    path: "address.socket_address.address",
  });
});
