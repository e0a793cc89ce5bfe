// Which route a request takes and what the route does to it: hosts, matchers, rewrites, redirects, header operations.
import { afterAll, beforeAll, describe } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Case, testCases } from "./harness/cases.ts";
import { ANY, catchAll, cluster, httpListener, type Json, route, to } from "./harness/config.ts";
import { OK, type OriginScript } from "./harness/origin.ts";
import { get, head, request, response } from "./harness/request.ts";
import { type Pair, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

/** A route that answers with its own name. */
const named = (name: string, match: Json, extra: Json = {}): Json =>
  route(
    match,
    { direct_response: { status: 200, body: { inline_string: name } } },
    { name, ...extra },
  );

const answersTo = (name: string, domains: readonly string[]): Json => ({
  name,
  domains,
  routes: [named(name, ANY)],
});

const host = (name: string, status = 200): Case => ({
  name: `host ${JSON.stringify(name)}`,
  to: "hosts",
  send: [head("GET / HTTP/1.1", [`Host: ${name}`])],
  status: [status],
});

const HOSTS: readonly Case[] = [
  "exact.example",
  "EXACT.Example",
  "exact.example:80",
  "exact.example:8080",
  "port.example",
  "port.example:8080",
  "a.wild.example",
  "b.a.wild.example",
  ".wild.example",
  "wild.example",
  "x.a.wild.example",
  "prefix.org",
  "prefix.com.org",
  "prefix.",
  "prefix",
  "prefix.wild.example",
  "nothing",
  "",
  "exact.example.",
  "a.wild.example:99",
  "-wild.example",
].map((name) => host(name));

const MATCH_ROUTES: readonly Json[] = [
  named("exact", { path: "/exact" }),
  named("exact-ignoring-case", { path: "/Case", case_sensitive: false }),
  named("regex", { safe_regex: { regex: "/re/[0-9]+(/x)?" } }),
  named("separated", { path_separated_prefix: "/sep" }),
  named("header-exact", { prefix: "/h", headers: [{ name: "x-a", string_match: { exact: "1" } }] }),
  named("header-prefix", {
    prefix: "/h",
    headers: [{ name: "x-a", string_match: { prefix: "pre" } }],
  }),
  named("header-suffix", {
    prefix: "/h",
    headers: [{ name: "x-a", string_match: { suffix: "suf", ignore_case: true } }],
  }),
  named("header-contains", {
    prefix: "/h",
    headers: [{ name: "x-a", string_match: { contains: "mid" } }],
  }),
  named("header-regex", {
    prefix: "/h",
    headers: [{ name: "x-a", string_match: { safe_regex: { regex: "r[ae]x" } } }],
  }),
  named("header-range", {
    prefix: "/h",
    headers: [{ name: "x-n", range_match: { start: 5, end: 10 } }],
  }),
  named("header-present", { prefix: "/h", headers: [{ name: "x-p", present_match: true }] }),
  named("header-absent", { prefix: "/hh", headers: [{ name: "x-q", present_match: false }] }),
  named("header-inverted", {
    prefix: "/i",
    headers: [{ name: "x-a", string_match: { exact: "1" }, invert_match: true }],
  }),
  named("header-missing-as-empty", {
    prefix: "/m",
    headers: [{ name: "x-a", string_match: { exact: "" }, treat_missing_header_as_empty: true }],
  }),
  named("method", {
    prefix: "/way",
    headers: [{ name: ":method", string_match: { exact: "PUT" } }],
  }),
  named("authority", {
    prefix: "/authority",
    headers: [{ name: ":authority", string_match: { exact: "h" } }],
  }),
  named("query-exact", {
    prefix: "/q",
    query_parameters: [{ name: "a", string_match: { exact: "1" } }],
  }),
  named("query-present", { prefix: "/q", query_parameters: [{ name: "b", present_match: true }] }),
  named("query-regex", {
    prefix: "/q",
    query_parameters: [{ name: "c", string_match: { safe_regex: { regex: "[x-z]+" } } }],
  }),
  named("grpc", { prefix: "/g", grpc: {} }),
  named("never", { prefix: "/f", runtime_fraction: { default_value: { numerator: 0 } } }),
  named("always", { prefix: "/f", runtime_fraction: { default_value: { numerator: 100 } } }),
  named("prefix", { prefix: "/pre" }),
  named("prefix-ignoring-case", { prefix: "/PRE", case_sensitive: false }),
];

const matched = (
  path: string,
  fields: readonly string[] = [],
  status = 200,
  method = "GET",
): Case => ({
  name: `${method} ${path} ${fields.join(", ")}`,
  to: "matches",
  send: [request(`${method} ${path}`, fields)],
  status: [status],
});

const MATCHES: readonly Case[] = [
  matched("/exact"),
  matched("/exact?x=1"),
  matched("/exact/", [], 404),
  matched("/EXACT", [], 404),
  matched("/cASE"),
  matched("/case?x"),
  matched("/re/12"),
  matched("/re/12/x?y"),
  matched("/re/", [], 404),
  matched("/re/12/y", [], 404),
  matched("/sep"),
  matched("/sep/a"),
  matched("/sep?a"),
  matched("/separate", [], 404),
  matched("/pre"),
  matched("/prefix/a"),
  matched("/Pre/a"),
  matched("/p", [], 404),
  matched("/h", ["x-a: 1"]),
  matched("/h", ["x-a: prefixed"]),
  matched("/h", ["x-a: aSUF"]),
  matched("/h", ["x-a: amidst"]),
  matched("/h", ["x-a: rex"]),
  matched("/h", ["x-a: rexx"], 404),
  matched("/h", ["x-n: 5"]),
  matched("/h", ["x-n: 10"], 404),
  matched("/h", ["x-n: -1"], 404),
  matched("/h", ["x-n: 5a"], 404),
  matched("/h", ["x-n: 07"]),
  matched("/h", ["x-p:"]),
  matched("/hh"),
  matched("/hh", ["x-q: 1"], 404),
  matched("/h", ["x-a: 1", "x-a: 2"]),
  matched("/h", ["x-a: 2", "x-a: 1"]),
  matched("/h", ["x-a: 1,2"], 404),
  matched("/i", ["x-a: 2"]),
  matched("/i", ["x-a: 1"], 404),
  matched("/i", [], 404),
  matched("/m"),
  matched("/m", ["x-a: 1"], 404),
  matched("/way", [], 200, "PUT"),
  matched("/way", [], 404),
  matched("/authority"),
  matched("/q?a=1"),
  matched("/q?a=1&a=2"),
  matched("/q?a=2&a=1", [], 404),
  matched("/q?a=%31", [], 404),
  matched("/q?b"),
  matched("/q?b="),
  matched("/q?x&b=1"),
  matched("/q?c=xyz"),
  matched("/q?c=abc", [], 404),
  matched("/q?B", [], 404),
  matched("/q", [], 404),
  matched("/q?=a=1", [], 404),
  matched("/g", ["content-type: application/grpc"], 200, "POST"),
  matched("/g", ["content-type: application/grpc+proto"], 200, "POST"),
  matched("/g", ["content-type: application/grpc-web"], 404, "POST"),
  matched("/f"),
];

const regex = (pattern: string, substitution: string): Json => ({
  pattern: { regex: pattern },
  substitution,
});

const ACTION_ROUTES: readonly Json[] = [
  route({ prefix: "/prefix/" }, to("a", { prefix_rewrite: "/" })),
  route({ prefix: "/long" }, to("a", { prefix_rewrite: "/much/longer" })),
  route({ path: "/exact" }, to("a", { prefix_rewrite: "/other" })),
  route({ path_separated_prefix: "/sep" }, to("a", { prefix_rewrite: "/new" })),
  route({ safe_regex: { regex: "/re/.*" } }, to("a", { prefix_rewrite: "/whole" })),
  route(
    { prefix: "/regex" },
    to("a", { regex_rewrite: regex("^/regex/([^/]+)/(.*)$", "/\\2/in/\\1") }),
  ),
  route({ prefix: "/all" }, to("a", { regex_rewrite: regex("l", "L\\\\") })),
  route({ prefix: "/host" }, to("a", { host_rewrite_literal: "new.example" })),
  route(
    { prefix: "/xhost" },
    to("a", { host_rewrite_literal: "new.example", append_x_forwarded_host: true }),
  ),
  route({ prefix: "/from-header" }, to("a", { host_rewrite_header: "x-host" })),
  route(
    { prefix: "/both" },
    to("a", { prefix_rewrite: "/b", host_rewrite_literal: "new.example" }),
  ),
  route({ prefix: "/notime" }, to("a", { timeout: "0s" })),
  route({ prefix: "/time" }, to("a", { timeout: "1.5s" })),
  route({ prefix: "/r/host" }, { redirect: { host_redirect: "new.example" } }),
  route({ prefix: "/r/https" }, { redirect: { https_redirect: true } }),
  route(
    { prefix: "/r/scheme" },
    { redirect: { scheme_redirect: "https", port_redirect: 8443, response_code: "FOUND" } },
  ),
  route(
    { prefix: "/r/port" },
    { redirect: { port_redirect: 81, response_code: "PERMANENT_REDIRECT" } },
  ),
  route({ prefix: "/r/path" }, { redirect: { path_redirect: "/new", response_code: "SEE_OTHER" } }),
  route(
    { prefix: "/r/query" },
    { redirect: { path_redirect: "/new?a=b", response_code: "TEMPORARY_REDIRECT" } },
  ),
  route({ prefix: "/r/strip" }, { redirect: { path_redirect: "/new", strip_query: true } }),
  route({ prefix: "/r/prefix/" }, { redirect: { prefix_rewrite: "/p/" } }),
  route({ prefix: "/r/regex" }, { redirect: { regex_rewrite: regex("/(r)/(.*)", "/\\2/\\1") } }),
  route(
    { prefix: "/r/headers" },
    { redirect: { host_redirect: "new.example" } },
    { response_headers_to_add: [{ header: { key: "x-r", value: "1" } }] },
  ),
];

const to2 = (path: string, fields: readonly string[] = [], status = 200): Case => ({
  name: [path, ...fields].join(" "),
  to: "actions",
  send: [get(path, fields)],
  status: [status],
  anyFieldOrder: fields.length > 0,
});
const redirected = (path: string, status = 301, hostField = "h"): Case => ({
  name: `${path} at ${hostField}`,
  to: "actions",
  send: [head(`GET ${path} HTTP/1.1`, [`Host: ${hostField}`])],
  status: [status],
});

const ACTIONS: readonly Case[] = [
  to2("/prefix/a?b=c"),
  to2("/prefix//a"),
  to2("/longer?x"),
  to2("/long"),
  to2("/exact?x=1"),
  to2("/sep"),
  to2("/sep/a?b"),
  to2("/re/a/b?c=d"),
  to2("/regex/one/two/three?q=1"),
  to2("/regex/one"),
  to2("/all/lll?l=l"),
  to2("/host/a"),
  to2("/xhost", ["x-forwarded-host: old"]),
  to2("/xhost"),
  to2("/from-header", ["x-host: other.example"]),
  to2("/from-header"),
  to2("/both/a"),
  to2("/notime"),
  to2("/time"),
  to2("/time", ["x-envoy-expected-rq-timeout-ms: 3"]),
  to2("/host", ["x-envoy-original-path: /mine"]),
  to2("/both/x", ["x-envoy-original-path: /mine", "x-envoy-original-host: mine"]),
  redirected("/r/host?a=b"),
  redirected("/r/host", 301, "h:8080"),
  redirected("/r/https?x"),
  redirected("/r/https", 301, "h:80"),
  redirected("/r/https", 301, "h:8080"),
  redirected("/r/https", 301, "[::1]:80"),
  redirected("/r/scheme", 302),
  redirected("/r/scheme", 302, "h:80"),
  redirected("/r/port", 308),
  redirected("/r/port", 308, "h:9"),
  redirected("/r/path?a=b", 303),
  redirected("/r/query?x=y", 307),
  redirected("/r/strip?x=y"),
  redirected("/r/prefix/x?y"),
  redirected("/r/regex/a/b?c=d"),
  redirected("/r/headers"),
];

const add = (key: string, value: string, action?: string, keepEmpty = false): Json => ({
  header: { key, value },
  ...(action === undefined ? {} : { append_action: action }),
  ...(keepEmpty ? { keep_empty_value: true } : {}),
});

const OVER = "OVERWRITE_IF_EXISTS_OR_ADD";
const IF_ABSENT = "ADD_IF_ABSENT";
const IF_THERE = "OVERWRITE_IF_EXISTS";

const headerRoutes = (): readonly Json[] => [
  route(
    { prefix: "/levels" },
    {
      route: {
        weighted_clusters: {
          clusters: [
            {
              name: "a",
              weight: 1,
              request_headers_to_add: [add("x-level", "weighted"), add("x-over", "weighted", OVER)],
              response_headers_to_add: [add("x-level", "weighted")],
              request_headers_to_remove: ["x-gone-w"],
            },
          ],
        },
      },
    },
    {
      request_headers_to_add: [add("x-level", "route"), add("x-over", "route", OVER)],
      response_headers_to_add: [add("x-level", "route")],
      request_headers_to_remove: ["x-gone-r", "x-level"],
      response_headers_to_remove: ["x-secret"],
    },
  ),
  route({ prefix: "/actions" }, to("a"), {
    request_headers_to_add: [
      add("x-append", "new"),
      add("x-over", "new", OVER),
      add("x-absent", "new", IF_ABSENT),
      add("x-there", "new", IF_THERE),
      add("x-empty", ""),
      add("x-kept-empty", "", OVER, true),
      add("X-Upper", "U"),
    ],
    response_headers_to_add: [
      add("x-append", "new"),
      add("x-over", "new", OVER),
      add("x-absent", "new", IF_ABSENT),
      add("x-there", "new", IF_THERE),
      add("server", "mine", OVER),
      add("x-empty", ""),
    ],
  }),
  route({ prefix: "/formats" }, to("a", { prefix_rewrite: "/rewritten" }), {
    request_headers_to_add: [
      add("x-proto", "%PROTOCOL%"),
      add("x-host", "%REQ(:AUTHORITY)% and %REQ(x-in)%"),
      add("x-path", "%REQ(:PATH)%"),
      add("x-percent", "100%%"),
      add("x-addr", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
      add("x-missing", "%REQ(nope)%"),
      add("x-cluster", "%UPSTREAM_CLUSTER%"),
      add("x-route", "%ROUTE_NAME%"),
    ],
    response_headers_to_add: [
      add("x-code", "%RESPONSE_CODE%"),
      add("x-flags", "%RESPONSE_FLAGS%"),
      add("x-resp", "%RESP(x-in)%"),
      add("x-req", "%REQ(x-in)%"),
      add("x-upstream", "%UPSTREAM_HOST%"),
      add("x-details", "%RESPONSE_CODE_DETAILS%"),
    ],
  }),
  route({ prefix: "/special" }, to("a"), {
    request_headers_to_remove: ["user-agent", "x-request-id", "x-forwarded-proto"],
    request_headers_to_add: [add("x-request-id", "mine", OVER)],
    response_headers_to_remove: ["content-type", "server", "date", "x-envoy-upstream-service-time"],
  }),
  route(
    { prefix: "/direct" },
    { direct_response: { status: 200, body: { inline_string: "d" } } },
    {
      response_headers_to_add: [
        add("x-r", "%RESPONSE_CODE%"),
        add("content-type", "text/html", OVER),
      ],
    },
  ),
];

const echo: OriginScript = {
  steps: [
    response("200 OK", "ok", [
      "x-secret: 1",
      "x-append: old",
      "x-over: old",
      "x-over: older",
      "x-absent: old",
      "x-there: old",
      "x-in: up",
      "content-type: a/b",
    ]),
  ],
};
const headers = (
  path: string,
  fields: readonly string[] = [],
  extra: Partial<Case> = {},
): Case => ({
  name: [path, ...fields].join(" "),
  to: "headers",
  send: [get(path, fields)],
  origin: [echo],
  status: [200],
  anyFieldOrder: true,
  ...extra,
});

const HEADERS: readonly Case[] = [
  headers("/levels"),
  headers("/levels", [
    "x-level: mine",
    "x-gone-w: 1",
    "x-gone-r: 1",
    "x-gone-v: 1",
    "x-gone-g: 1",
    "x-over: mine",
  ]),
  headers("/actions"),
  headers("/actions", [
    "x-append: old",
    "x-over: old",
    "x-over: older",
    "x-absent: old",
    "x-there: old",
    "x-empty: old",
    "x-kept-empty: old",
    "x-upper: old",
  ]),
  headers("/actions", [], { name: "/actions, nothing in the response", origin: [{ steps: [OK] }] }),
  headers("/formats/a?b", ["x-in: in"]),
  headers("/formats"),
  headers("/special", ["User-Agent: t", "x-request-id: abc", "x-forwarded-proto: https"]),
  headers("/direct"),
  headers("/nowhere", [], { status: [404] }),
];

/** Trust: what a client may say about itself. */
const TRUST_FIELDS: readonly string[] = [
  "x-forwarded-for: 9.9.9.9",
  "x-forwarded-for: 10.0.0.1",
  "x-forwarded-for: 1.1.1.1, 10.0.0.1",
  "x-forwarded-proto: https",
  "x-request-id: 11111111-2222-4333-8444-555555555555",
  "x-envoy-internal: true",
  "x-envoy-max-retries: 3",
  "x-envoy-retry-on: 5xx",
  "x-envoy-upstream-rq-timeout-ms: 9000",
  "x-envoy-force-trace: 1",
  "x-envoy-expected-rq-timeout-ms: 1",
  "x-envoy-original-path: /o",
  "x-envoy-decorator-operation: op",
  "x-envoy-external-address: 1.2.3.4",
  "x-forwarded-client-cert: x",
  "x-envoy-downstream-service-cluster: c",
  "x-envoy-attempt-count: 7",
  "x-forwarded-port: 1",
  "x-envoy-upstream-alt-stat-name: a",
  "x-envoy-ip-tags: a",
  "x-envoy-downstream-service-node: n",
  "x-envoy-hedge-on-per-try-timeout: true",
  "x-envoy-upstream-rq-per-try-timeout-ms: 9",
];
const trust = (listener: string): readonly Case[] =>
  ["user-agent: t", ...TRUST_FIELDS].map((field) => ({
    name: field,
    to: listener,
    send: [get("/", [field])],
    status: [200],
    anyFieldOrder: listener === "edge",
  }));

const MANAGER: readonly Case[] = [
  {
    name: "normalised: dots and slashes",
    to: "edge",
    send: [get("/a/../b//c/./d?x=/../")],
    status: [200],
  },
  {
    name: "normalised: encoded dots and letters",
    to: "edge",
    send: [get("/a/%2e%2e/%61/%2E/b%2fc%zz")],
    status: [200],
  },
  { name: "normalised: backslash", to: "edge", send: [get("/a\\b\\..\\c")], status: [200] },
  { name: "normalised: above the root", to: "edge", send: [get("/../../a")], status: [200] },
  { name: "normalised: %00", to: "edge", send: [get("/a%00b")], status: [400] },
  {
    name: "port of the listener is stripped",
    to: "edge",
    send: [head("GET / HTTP/1.1", ["Host: h:9999"])],
    status: [200],
  },
  {
    name: "attempt count in the request and the answer",
    to: "edge",
    send: [get("/", ["x-envoy-attempt-count: 9"])],
    status: [200],
    anyFieldOrder: true,
  },
  { name: "request id in the answer", to: "edge", send: [get("/")], status: [200] },
  {
    name: "via",
    to: "edge",
    send: [get("/", ["via: 1.1 other"])],
    origin: [{ steps: [response("200 OK", "", ["via: 1.1 o"])] }],
    status: [200],
    anyFieldOrder: true,
  },
  { name: "underscores rejected", to: "edge", send: [get("/", ["a_b: 1"])], status: [400] },
  {
    name: "trailers kept, request",
    to: "odd",
    send: [
      request(
        "POST /",
        ["Transfer-Encoding: chunked"],
        "3\r\nabc\r\n0\r\nX-T: 1\r\nx-u: 2\r\n\r\n",
      ),
    ],
    status: [200],
  },
  {
    name: "trailers kept, response",
    to: "odd",
    send: [get("/")],
    origin: [
      {
        steps: [
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        ],
      },
    ],
    status: [200],
  },
  {
    name: "HTTP/1.0 accepted",
    to: "odd",
    send: [head("GET / HTTP/1.0", ["Host: h"])],
    status: [200],
  },
  {
    name: "HTTP/1.0 keep-alive",
    to: "odd",
    send: [head("GET / HTTP/1.0", ["Host: h", "Connection: keep-alive"])],
    status: [200],
  },
  {
    name: "HTTP/1.0 with a chunked answer",
    to: "odd",
    send: [head("GET / HTTP/1.0", ["Host: h"])],
    origin: [
      { steps: ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] },
    ],
    status: [200],
  },
  {
    name: "server header passes through",
    to: "odd",
    send: [get("/")],
    origin: [{ steps: [response("200 OK", "", ["server: mine"])] }],
    status: [200],
  },
  { name: "server header passes through, none", to: "odd", send: [get("/")], status: [200] },
  { name: "no request id made", to: "odd", send: [get("/")], status: [200] },
  { name: "underscores dropped", to: "odd", send: [get("/", ["a_b: 1", "c: 1"])], status: [200] },
  {
    name: "no absolute-form",
    to: "odd",
    send: [head("GET http://x.example/p HTTP/1.1", ["Host: h"])],
    status: [404],
    except: ["log"], // ours has taken the target apart before it refuses it
  },
  {
    name: "100 Continue of the origin",
    to: "odd",
    send: [
      request("POST /", ["Expect: 100-continue", "Content-Length: 3"]),
      { untilText: "100" },
      "abc",
    ],
    origin: [{ at: "head", steps: ["HTTP/1.1 100 Continue\r\n\r\n", { waitMs: 20 }, OK] }],
    status: [200],
    except: ["upstream"],
  },
];

describe.skipIf(mustSkip(findPeer("envoy")))("routing, Envoy and ours", () => {
  beforeAll(async () => {
    const toA = [catchAll([route(ANY, to("a"))])];
    pair = await startPair({
      origins: ["a"],
      ports: ["hosts", "matches", "actions", "headers", "plain", "edge", "odd"],
      resources: (place) => ({
        listeners: [
          httpListener(place, "hosts", {
            virtualHosts: [
              answersTo("exact", ["exact.example", "exact.example:80"]),
              answersTo("port", ["port.example:8080"]),
              answersTo("suffix", ["*.wild.example"]),
              answersTo("longer-suffix", ["*.a.wild.example"]),
              answersTo("dash-suffix", ["*-wild.example"]),
              answersTo("prefix", ["prefix.*"]),
              answersTo("longer-prefix", ["prefix.com.*"]),
              answersTo("rest", ["*"]),
            ],
          }),
          httpListener(place, "matches", { virtualHosts: [catchAll(MATCH_ROUTES)] }),
          httpListener(place, "actions", { virtualHosts: [catchAll(ACTION_ROUTES)] }),
          httpListener(place, "headers", {
            virtualHosts: [
              catchAll(headerRoutes(), {
                request_headers_to_add: [add("x-level", "host"), add("x-over", "host", OVER)],
                response_headers_to_add: [add("x-level", "host")],
                request_headers_to_remove: ["x-gone-v"],
              }),
            ],
            routeConfig: {
              request_headers_to_add: [add("x-level", "global"), add("x-over", "global", OVER)],
              response_headers_to_add: [add("x-level", "global")],
              request_headers_to_remove: ["x-gone-g"],
            },
          }),
          httpListener(place, "plain", { virtualHosts: toA }),
          httpListener(place, "edge", {
            virtualHosts: [
              catchAll([route(ANY, to("a"))], {
                include_request_attempt_count: true,
                include_attempt_count_in_response: true,
              }),
            ],
            manager: {
              use_remote_address: true,
              normalize_path: true,
              merge_slashes: true,
              strip_any_host_port: true,
              always_set_request_id_in_response: true,
              via: "sampan",
              common_http_protocol_options: { headers_with_underscores_action: "REJECT_REQUEST" },
            },
          }),
          httpListener(place, "odd", {
            virtualHosts: toA,
            manager: {
              http_protocol_options: {
                enable_trailers: true,
                accept_http_10: true,
                allow_absolute_url: false,
              },
              server_header_transformation: "PASS_THROUGH",
              generate_request_id: false,
              proxy_100_continue: true,
              common_http_protocol_options: { headers_with_underscores_action: "DROP_HEADER" },
            },
          }),
        ],
        clusters: [cluster(place, "a", ["a"])],
      }),
    });
  }, 20_000);
  afterAll(() => stopPair(pair));

  describe("hosts", () => testCases(() => pair, HOSTS));
  describe("matchers", () => testCases(() => pair, MATCHES));
  describe("actions", () => testCases(() => pair, ACTIONS));
  describe("header operations", () => testCases(() => pair, HEADERS));
  describe("trust, default", () => testCases(() => pair, trust("plain")));
  describe("trust, edge", () => testCases(() => pair, trust("edge")));
  describe("connection manager", () => testCases(() => pair, MANAGER));
});
