import { expect, test } from "bun:test";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { parseRetryOn } from "./parse-retry-policy.ts";
import { clustersNamedBy, parseRouteConfiguration } from "./parse-route-configuration.ts";
import { formatRejected } from "./parsed.ts";
import type { RouteConfig } from "./route-config.ts";
import { readYaml } from "./testing/messages.ts";

const parse = (yaml: string) => parseRouteConfiguration(readYaml(RouteConfigurationSchema, yaml));

function accepted(yaml: string): RouteConfig {
  const parsed = parse(yaml);
  if (parsed.kind === "rejected") throw new Error(formatRejected(parsed));
  return parsed.value;
}

function rejected(yaml: string): string {
  const parsed = parse(yaml);
  return parsed.kind === "rejected" ? formatRejected(parsed) : "accepted";
}

/** Of one route, with the path below it. */
const rejectedRoute = (route: string): string =>
  rejected(`{virtual_hosts: [{name: v, domains: ["*"], routes: [${route}]}]}`).replace(
    /^virtual_hosts\[0\]\.routes\[0\]\.?/,
    "",
  );
const action = (fields: string): string =>
  rejectedRoute(`{match: {prefix: /}, route: {${fields}}}`);

test("an empty route action has Envoy's defaults", () => {
  const config = accepted(
    '{name: r, virtual_hosts: [{name: v, domains: ["*.A"], routes: [{match: {prefix: /}, route: {cluster: c}}]}]}',
  );
  const nothing = { request: { add: [], remove: [] }, response: { add: [], remove: [] } };
  expect(config.virtualHosts).toEqual([
    {
      name: "v",
      domains: ["*.a"],
      routes: [
        {
          name: "",
          match: {
            path: { kind: "prefix", value: "/", caseSensitive: true },
            headers: [],
            queryParameters: [],
            runtimeFraction: undefined,
            grpcOnly: false,
          },
          action: {
            kind: "forward",
            cluster: { kind: "cluster", name: "c" },
            clusterNotFoundStatus: 503,
            timeoutMs: 15_000,
            idleTimeoutMs: "inherit",
            maxStreamDurationMs: "inherit",
            prefixRewrite: undefined,
            regexRewrite: undefined,
            hostRewrite: undefined,
            appendXForwardedHost: false,
            retryPolicy: undefined,
            mirrors: [],
            priority: "default",
            upgrades: [],
          },
          headers: nothing,
          statPrefix: "",
          fault: undefined,
          metadata: {},
        },
      ],
      headers: nothing,
      requireTls: "none",
      includeRequestAttemptCount: false,
      includeAttemptCountInResponse: false,
      retryPolicy: undefined,
      fault: undefined,
    },
  ]);
});

test.each<[string, unknown]>([
  [
    "{cluster: c, timeout: 0s, idle_timeout: 0s}",
    { timeoutMs: undefined, idleTimeoutMs: undefined },
  ],
  [
    "{cluster: c, timeout: 1.5s, idle_timeout: 2s, max_stream_duration: {max_stream_duration: 3s}}",
    { timeoutMs: 1500, idleTimeoutMs: 2000, maxStreamDurationMs: 3000 },
  ],
  [
    "{cluster: c, cluster_not_found_response_code: NOT_FOUND, priority: HIGH}",
    { clusterNotFoundStatus: 404, priority: "high" },
  ],
  [
    "{cluster: c, upgrade_configs: [{upgrade_type: WebSocket, enabled: false}, {upgrade_type: x}]}",
    {
      upgrades: [
        { type: "websocket", enabled: false },
        { type: "x", enabled: true },
      ],
    },
  ],
  [
    "{cluster: c, retry_policy: {}}",
    {
      retryPolicy: {
        on: new Set(),
        numRetries: 1,
        perTryTimeoutMs: undefined,
        backOffBaseMs: 25,
        backOffMaxMs: 250,
        hostSelectionMaxAttempts: 1,
        avoidPreviousHosts: false,
      },
    },
  ],
  [
    "{cluster: c, retry_policy: {retry_on: '5xx, reset,unknown', num_retries: 0, per_try_timeout: 1s, retry_back_off: {base_interval: 0.0001s}, retry_host_predicate: [{name: envoy.retry_host_predicates.previous_hosts}]}}",
    {
      retryPolicy: {
        on: new Set(["5xx", "reset"]),
        numRetries: 0,
        perTryTimeoutMs: 1000,
        backOffBaseMs: 1,
        backOffMaxMs: 10,
        avoidPreviousHosts: true,
      },
    },
  ],
  [
    "{cluster: c, request_mirror_policies: [{cluster: m}, {cluster: n, runtime_fraction: {default_value: {numerator: 5, denominator: TEN_THOUSAND}}}]}",
    {
      mirrors: [
        { cluster: "m", fraction: undefined, shadowHostSuffix: true },
        { cluster: "n", fraction: { numerator: 5, denominator: 10_000 } },
      ],
    },
  ],
  [
    "{weighted_clusters: {clusters: [{name: a, weight: 0}, {name: b, weight: 3}], total_weight: 100}}",
    { cluster: { kind: "weighted", totalWeight: 3 } },
  ],
])("route %s", (fields, expected) => {
  const config = accepted(
    `{virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: ${fields}}]}]}`,
  );
  expect(config.virtualHosts[0]?.routes[0]?.action).toMatchObject(expected as object);
});

test("mirrors of a virtual host and of the configuration are for routes without their own", () => {
  const config = accepted(`
request_mirror_policies: [{cluster: global}]
virtual_hosts:
- {name: a, domains: [a], request_mirror_policies: [{cluster: host}], routes: [{match: {prefix: /a}, route: {cluster: c}}, {match: {prefix: /b}, route: {cluster: c, request_mirror_policies: [{cluster: own}]}}]}
- {name: b, domains: [b], routes: [{match: {prefix: /}, route: {cluster: c}}]}`);
  const names = config.virtualHosts.flatMap((host) =>
    host.routes.map((route) =>
      route.action.kind === "forward" ? route.action.mirrors[0]?.cluster : undefined,
    ),
  );
  expect(names).toEqual(["host", "own", "global"]);
});

const HOST = (domains: string): string => `{name: v, domains: ${domains}}`;

test.each([
  [
    `{virtual_hosts: [${HOST("[a]")}, ${HOST("[b, A]")}]}`,
    'virtual_hosts[1].domains[1]: Only unique values for domains are permitted: duplicate entry of domain "a"',
  ],
  [
    `{virtual_hosts: [${HOST("['*']")}, ${HOST("['*']")}]}`,
    "virtual_hosts[1].domains[0]: Only a single wildcard domain is permitted",
  ],
  ["{vhds: {config_source: {ads: {}}}}", "vhds: not supported: VHDS is not supported"],
  [
    "{virtual_hosts: [{name: v, domains: [a], retry_policy: {retry_priority: {name: x}}}]}",
    "virtual_hosts[0].retry_policy.retry_priority: not supported: retry priorities are not supported",
  ],
  [
    "{request_headers_to_add: [{header: {key: ':path', value: x}}]}",
    'request_headers_to_add[0].header.key: :-prefixed or host headers may not be modified: got ":path"',
  ],
  [
    "{response_headers_to_remove: [Host]}",
    'response_headers_to_remove[0]: :-prefixed or host headers may not be removed: got "Host"',
  ],
  [
    "{request_headers_to_add: [{header: {key: a, value: '%FOO%'}}]}",
    "request_headers_to_add[0].header.value: Unknown command operator FOO, at position 0",
  ],
  [
    "{request_headers_to_add: [{header: {key: a, value: '50%'}}]}",
    "request_headers_to_add[0].header.value: No command operator at position 2 (a percent sign is %%)",
  ],
  [
    "{request_headers_to_add: [{header: {key: a, value: b}, append: true, append_action: ADD_IF_ABSENT}]}",
    "request_headers_to_add[0].append: Both append and append_action are set and it's not allowed",
  ],
  [
    "{request_headers_to_add: [{header: {key: content-length, value: '3'}}]}",
    'request_headers_to_add[0].header.key: the framing and the connection are not header operations\' to change: got "content-length"',
  ],
  [
    "{response_headers_to_remove: [Transfer-Encoding]}",
    'response_headers_to_remove[0]: the framing and the connection are not header operations\' to change: got "Transfer-Encoding"',
  ],
  [
    "{typed_per_filter_config: {x: {'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}}}",
    'typed_per_filter_config["x"]: a fault must be under the name "envoy.filters.http.fault"',
  ],
  [
    "{typed_per_filter_config: {envoy.filters.http.cors: {'@type': type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}}",
    'typed_per_filter_config["envoy.filters.http.cors"]: not supported: "envoy.extensions.filters.http.cors.v3.Cors"',
  ],
  [
    "{typed_per_filter_config: {envoy.filters.http.router: {'@type': type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}}}",
    'typed_per_filter_config["envoy.filters.http.router"]: the router filter cannot be disabled',
  ],
])("%s is refused", (yaml, expected) => {
  expect(rejected(yaml)).toBe(expected);
});

test.each([
  [
    "{match: {connect_matcher: {}}, route: {cluster: c}}",
    "match.connect_matcher: not supported: CONNECT is not supported",
  ],
  [
    "{match: {safe_regex: {regex: 'a('}}, route: {cluster: c}}",
    "match.safe_regex.regex: Invalid regular expression: missing closing ): `a(`",
  ],
  [
    "{match: {prefix: /, headers: [{name: a, string_match: {safe_regex: {regex: '['}}}]}, route: {cluster: c}}",
    "match.headers[0].string_match.safe_regex.regex: Invalid regular expression: missing closing ]: `[`",
  ],
  [
    "{match: {prefix: /, headers: [{name: a, string_match: {safe_regex: {regex: a}, ignore_case: true}}]}, route: {cluster: c}}",
    "match.headers[0].string_match.ignore_case: has no effect for safe_regex: use (?i)",
  ],
  [
    "{match: {prefix: /, headers: [{name: a, string_match: {prefix: ''}}]}, route: {cluster: c}}",
    "match.headers[0].string_match.prefix: value length must be at least 1 characters: got 0",
  ],
  [
    "{match: {prefix: /, dynamic_metadata: [{}]}, route: {cluster: c}}",
    "match.dynamic_metadata: not supported",
  ],
  [
    "{match: {prefix: /}, direct_response: {status: 199}}",
    "direct_response.status: value must be inside range [200, 600): got 199",
  ],
  [
    `{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ${"a".repeat(4097)}}}}`,
    "direct_response.body: response body size is 4097 bytes; maximum is 4096",
  ],
  [
    "{match: {prefix: /}, direct_response: {status: 200, body: {filename: /a}}}",
    "direct_response.body.filename: not supported: files are not read while configuration is applied: use inline_string",
  ],
  [
    "{match: {prefix: /}, redirect: {port_redirect: 65536}}",
    "redirect.port_redirect: must be at most 65535: got 65536",
  ],
  [
    "{match: {prefix: /}, redirect: {regex_rewrite: {pattern: {regex: '(a)'}, substitution: '\\2'}}}",
    "redirect.regex_rewrite.substitution: Rewrite schema requests 2 matches, but the regexp only has 1 parenthesized subexpressions.",
  ],
  ["{match: {prefix: /}, non_forwarding_action: {}}", "non_forwarding_action: not supported"],
  [
    "{match: {prefix: /}, route: {cluster: c}, typed_per_filter_config: {envoy.filters.http.fault: {'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, delay: {fixed_delay: 0s}}}}",
    'typed_per_filter_config["envoy.filters.http.fault"].delay.fixed_delay: value must be greater than 0s: got 0s',
  ],
  [
    "{match: {prefix: /}, route: {cluster: c}, typed_per_filter_config: {envoy.filters.http.fault: {'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, response_rate_limit: {fixed_limit: {limit_kbps: 1}}}}}",
    'typed_per_filter_config["envoy.filters.http.fault"].response_rate_limit: not supported: a limit on the rate of responses is not supported',
  ],
])("%.100s is refused", (route, expected) => {
  expect(rejectedRoute(route)).toBe(expected);
});

test.each([
  [
    "weighted_clusters: {clusters: [{name: a, weight: 0}]}",
    "route.weighted_clusters.clusters: Sum of weights in the weighted_cluster must be greater than 0",
  ],
  [
    "weighted_clusters: {clusters: [{name: a, weight: 4294967295}, {name: b, weight: 1}]}",
    "route.weighted_clusters.clusters: The sum of weights of all weighted clusters exceeds 4294967295: got 4294967296",
  ],
  [
    "weighted_clusters: {clusters: [{weight: 1}]}",
    "route.weighted_clusters.clusters[0].name: value is required",
  ],
  [
    "weighted_clusters: {clusters: [{cluster_header: x, weight: 1}]}",
    "route.weighted_clusters.clusters[0].cluster_header: not supported",
  ],
  [
    "cluster: c, prefix_rewrite: /a, regex_rewrite: {pattern: {regex: a}, substitution: b}",
    "route.regex_rewrite: Specify only one of prefix_rewrite, regex_rewrite",
  ],
  [
    "cluster: c, timeout: -1s",
    "route.timeout: Invalid duration: expected positive duration: got -1s",
  ],
  [
    'cluster: c, host_rewrite_literal: "a\\nb"',
    'route.host_rewrite_literal: value does not match regex pattern "^[^\\\\u0000\\\\u000A\\\\u000D]*$": got "a\\nb"',
  ],
  [
    "cluster: c, retry_policy: {retry_back_off: {base_interval: 1s, max_interval: 0.5s}}",
    "route.retry_policy.retry_back_off.max_interval: must be greater than or equal to the base_interval (1000 ms): got 500 ms",
  ],
  [
    "cluster: c, retry_policy: {retry_host_predicate: [{name: x}]}",
    'route.retry_policy.retry_host_predicate[0]: not supported: host predicate "x"',
  ],
  [
    "cluster: c, upgrade_configs: [{upgrade_type: a}, {upgrade_type: A}]",
    'route.upgrade_configs[1]: Duplicate upgrade "A"',
  ],
  [
    "cluster: c, hedge_policy: {hedge_on_per_try_timeout: true}",
    "route.hedge_policy: not supported: hedging is not supported",
  ],
  [
    "cluster: c, request_mirror_policies: [{runtime_fraction: {default_value: {numerator: 1}}}]",
    "route.request_mirror_policies[0].cluster: value is required",
  ],
])("route {%s} is refused", (fields, expected) => {
  expect(action(fields)).toBe(expected);
});

test("clustersNamedBy gives every cluster with its path", () => {
  const config = accepted(`
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - {match: {prefix: /a}, redirect: {}}
  - {match: {prefix: /b}, route: {cluster: c, request_mirror_policies: [{cluster: m}]}}
  - {match: {prefix: /c}, route: {weighted_clusters: {clusters: [{name: x, weight: 1}, {name: y, weight: 1}]}}}
  - {match: {prefix: /d}, route: {cluster_header: h}}`);
  const prefix = "virtual_hosts[0].routes";
  expect([...clustersNamedBy(config)]).toEqual([
    { name: "c", path: `${prefix}[1].route.cluster` },
    { name: "m", path: `${prefix}[1].route.request_mirror_policies[0].cluster` },
    { name: "x", path: `${prefix}[2].route.weighted_clusters.clusters[0].name` },
    { name: "y", path: `${prefix}[2].route.weighted_clusters.clusters[1].name` },
  ]);
});

test("parseRetryOn leaves unknown words out", () => {
  expect([...parseRetryOn("5xx, gateway-error,foo,,cancelled")]).toEqual([
    "5xx",
    "gateway-error",
    "cancelled",
  ]);
  expect(parseRetryOn("").size).toBe(0);
});
