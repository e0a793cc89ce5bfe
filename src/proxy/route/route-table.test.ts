import { describe, expect, test } from "bun:test";
import { explainMatch } from "./explain-match.ts";
import { createRequest, type RequestOptions } from "./testing/request.ts";
import { createRoutes, createTable } from "./testing/table.ts";

describe("host", () => {
  const HOSTS = `
virtual_hosts:
- {name: exact, domains: [foo.com, "foo.com:8080", "[::1]:80"], routes: [{match: {prefix: /}, route: {cluster: c}}]}
- {name: suffix, domains: ["*.foo.com", "*-bar.foo.com"], routes: [{match: {prefix: /}, route: {cluster: c}}]}
- {name: longer, domains: ["*.baz.foo.com"], routes: [{match: {prefix: /}, route: {cluster: c}}]}
- {name: prefix, domains: ["foo.*", "foo.bar.*"], routes: [{match: {prefix: /}, route: {cluster: c}}]}
`;
  const table = createTable(HOSTS);
  const lenient = createTable(`ignore_port_in_host_matching: true\n${HOSTS}`);

  test.each([
    ["foo.com", "exact"],
    ["FOO.com", "exact"],
    ["foo.com:8080", "exact"],
    ["[::1]:80", "exact"],
    ["www.foo.com", "suffix"],
    ["a.b.foo.com", "suffix"],
    ["a.baz.foo.com", "longer"], // the longest suffix wins, whatever the order
    [".baz.foo.com", "suffix"], // a wildcard stands for at least one character
    ["x-bar.foo.com", "suffix"],
    [".foo.com", undefined],
    ["foo.org", "prefix"],
    ["foo.bar.org", "prefix"],
    ["foo.com:9090", "prefix"], // the port is part of the name
    ["foo.", undefined],
    ["bar.org", undefined],
    ["", undefined],
  ])("%s -> %s", (host, expected) => {
    expect(table.match(createRequest({ host }), 0)?.virtualHost.name).toBe(expected as string);
  });

  test.each([
    ["foo.com:9090", "exact"],
    ["www.foo.com:1", "suffix"],
    ["foo.com:port", "prefix"], // no port
    ["[::1]:80", undefined], // "[::1]" is not a domain of this table
  ])("%s -> %s when ports are ignored", (host, expected) => {
    expect(lenient.match(createRequest({ host }), 0)?.virtualHost.name).toBe(expected as string);
  });

  test("* is for every other host, and alone for all", () => {
    const routes = "routes: [{match: {prefix: /}, route: {cluster: c}}]";
    const both = createTable(
      `virtual_hosts:\n- {name: any, domains: ["*"], ${routes}}\n- {name: a, domains: [a], ${routes}}\n`,
    );
    expect(both.match(createRequest({ host: "a" }), 0)?.virtualHost.name).toBe("a");
    expect(both.match(createRequest({ host: "b" }), 0)?.virtualHost.name).toBe("any");
    const one = createTable(`virtual_hosts:\n- {name: any, domains: ["*"], ${routes}}\n`);
    expect(one.match(createRequest({ host: "b" }), 0)?.virtualHost.name).toBe("any");
  });
});

/** Which of `routes` matches; undefined for none. `explainMatch` must agree, and give a reason for each route before it. */
function matched(routes: string, request: RequestOptions, random = 0): string | undefined {
  const table = createRoutes(routes);
  const head = createRequest(request);
  const entry = table.match(head, random);
  const explained = explainMatch(table, head, random);
  expect(explained.entry).toBe(entry as NonNullable<typeof entry>);
  const reasons = explained.routes.map(({ mismatch }) => mismatch);
  expect(reasons.filter((reason) => reason === undefined)).toHaveLength(
    entry === undefined ? 0 : 1,
  );
  return entry?.route.name;
}

const one = (match: string): string => `- {name: it, match: ${match}, route: {cluster: c}}`;

describe("path", () => {
  test.each([
    ["{prefix: /a}", "/a", true],
    ["{prefix: /a}", "/ab/c", true],
    ["{prefix: /a}", "/a?b", true],
    ["{prefix: /a}", "/b", false],
    ["{prefix: /a}", "/", false],
    ["{prefix: /a}", "/A", false],
    ["{prefix: /a, case_sensitive: false}", "/A/b", true],
    ["{prefix: /A, case_sensitive: false}", "/a/b", true],
    ["{prefix: '/a?b'}", "/a?b", false], // only the path is looked at
    ["{prefix: ''}", "/x", true],
    ["{path: /a}", "/a", true],
    ["{path: /a}", "/a?x=1", true],
    ["{path: /a}", "/a/", false],
    ["{path: /a}", "/a#f", true],
    ["{path: /AbC, case_sensitive: false}", "/aBc", true],
    ["{path_separated_prefix: /a}", "/a", true],
    ["{path_separated_prefix: /a}", "/a/b", true],
    ["{path_separated_prefix: /a}", "/a?q", true],
    ["{path_separated_prefix: /a}", "/ab", false],
    ["{path_separated_prefix: /A, case_sensitive: false}", "/a/b", true],
    ["{safe_regex: {regex: '/[0-9]+'}}", "/12", true],
    ["{safe_regex: {regex: '/[0-9]+'}}", "/12?q=a", true],
    ["{safe_regex: {regex: '/[0-9]+'}}", "/12/a", false],
    ["{safe_regex: {regex: '/a|/b'}}", "/b/c", false],
  ])("%s %s: %p", (match, path, expected) => {
    expect(matched(one(match), { path })).toBe(expected ? "it" : (undefined as unknown as string));
  });

  test("the first route that matches wins", () => {
    const routes = `
- {name: narrow, match: {path: /a/b}, route: {cluster: c}}
- {name: wide, match: {prefix: /a}, route: {cluster: c}}
- {name: never, match: {prefix: /a/c}, route: {cluster: c}}`;
    expect(matched(routes, { path: "/a/b" })).toBe("narrow");
    expect(matched(routes, { path: "/a/c" })).toBe("wide");
    expect(matched(routes, { path: "/b" })).toBeUndefined();
  });
});

const header = (matcher: string): string => one(`{prefix: /, headers: [${matcher}]}`);

describe("headers", () => {
  test.each<[string, [string, string][], boolean]>([
    ["{name: a}", [["a", ""]], true],
    ["{name: a}", [], false],
    ["{name: a, present_match: true}", [["a", "1"]], true],
    ["{name: a, present_match: false}", [], true],
    ["{name: a, present_match: false}", [["a", "1"]], false],
    ["{name: a, present_match: true, invert_match: true}", [], true],
    ["{name: a, present_match: true, invert_match: true}", [["a", "1"]], false],
    ["{name: a, present_match: false, invert_match: true}", [["a", "1"]], true],
    ["{name: A, string_match: {exact: x}}", [["a", "x"]], true],
    ["{name: a, string_match: {exact: x}}", [["a", "X"]], false],
    ["{name: a, string_match: {exact: x, ignore_case: true}}", [["a", "X"]], true],
    ["{name: a, string_match: {exact: X, ignore_case: true}}", [["a", "x"]], true],
    ["{name: a, string_match: {exact: x}, invert_match: true}", [["a", "y"]], true],
    ["{name: a, string_match: {exact: x}, invert_match: true}", [], false], // nothing there, nothing to invert
    [
      "{name: a, string_match: {exact: x}, invert_match: true, treat_missing_header_as_empty: true}",
      [],
      true,
    ],
    ["{name: a, string_match: {exact: ''}, treat_missing_header_as_empty: true}", [], true],
    ["{name: a, string_match: {prefix: ab}}", [["a", "abc"]], true],
    ["{name: a, string_match: {prefix: ab}}", [["a", "a"]], false],
    ["{name: a, string_match: {suffix: bc}}", [["a", "abc"]], true],
    ["{name: a, string_match: {suffix: bc}}", [["a", "abcd"]], false],
    ["{name: a, string_match: {contains: bc}}", [["a", "abcd"]], true],
    ["{name: a, string_match: {contains: bc, ignore_case: true}}", [["a", "aBCd"]], true],
    ["{name: a, string_match: {contains: bc}}", [["a", "acb"]], false],
    ["{name: a, string_match: {safe_regex: {regex: 'v[0-9]'}}}", [["a", "v1"]], true],
    ["{name: a, string_match: {safe_regex: {regex: 'v[0-9]'}}}", [["a", "xv1"]], false],
    ["{name: a, string_match: {safe_regex: {regex: '(?:é)+'}}}", [["a", "\xc3\xa9\xc3\xa9"]], true],
    ["{name: a, string_match: {exact: é}}", [["a", "\xc3\xa9"]], true],
    ["{name: a, exact_match: x}", [["a", "x"]], true],
    ["{name: a, exact_match: ''}", [["a", "anything"]], true],
    ["{name: a, exact_match: '', invert_match: true}", [], false],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", "+3"]], true],
    ["{name: a, string_match: {safe_regex: {regex: '..'}}}", [["a", "\xc3\xa9"]], true], // bytes, not characters
    ["{name: a, prefix_match: x}", [["a", "xy"]], true],
    ["{name: a, suffix_match: x}", [["a", "xy"]], false],
    ["{name: a, contains_match: x}", [["a", "axb"]], true],
    ["{name: a, safe_regex_match: {regex: 'x*'}}", [["a", "xx"]], true],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", "1"]], true],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", "10"]], false],
    ["{name: a, range_match: {start: -10, end: 0}}", [["a", "-3"]], true],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", "5x"]], false],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", ""]], false],
    ["{name: a, range_match: {start: 1, end: 10}}", [["a", "9".repeat(30)]], false],
    ["{name: a, range_match: {start: 1, end: 10}, invert_match: true}", [["a", "x"]], true],
    // Each field is a value of its own, and one that matches is enough …
    [
      "{name: a, string_match: {exact: y}}",
      [
        ["a", "x"],
        ["a", "y"],
      ],
      true,
    ],
    [
      "{name: a, string_match: {exact: 'x,y'}}",
      [
        ["a", "x"],
        ["a", "y"],
      ],
      false,
    ],
    [
      "{name: a, string_match: {exact: y}, invert_match: true}",
      [
        ["a", "x"],
        ["a", "y"],
      ],
      false,
    ],
    // … but for the names that Envoy keeps in one field.
    [
      "{name: accept, string_match: {exact: y}}",
      [
        ["accept", "x"],
        ["accept", "y"],
      ],
      false,
    ],
    [
      "{name: accept, string_match: {exact: 'x,y'}}",
      [
        ["accept", "x"],
        ["accept", "y"],
      ],
      true,
    ],
  ])("%s with %j: %p", (matcher, headers, expected) => {
    expect(matched(header(matcher), { headers })).toBe(
      expected ? "it" : (undefined as unknown as string),
    );
  });

  test.each<[string, RequestOptions, boolean]>([
    ["{name: ':method', string_match: {exact: POST}}", { method: "POST" }, true],
    ["{name: ':method', string_match: {exact: POST}}", {}, false],
    ["{name: ':path', string_match: {exact: '/a?b'}}", { path: "/a?b" }, true],
    ["{name: ':authority', string_match: {exact: h}}", { host: "h" }, true],
    ["{name: host, string_match: {exact: h}}", { host: "h" }, true],
    ["{name: ':scheme', string_match: {exact: http}}", {}, true],
    [
      "{name: ':scheme', string_match: {exact: https}}",
      { headers: [["x-forwarded-proto", "https"]] },
      true,
    ],
    ["{name: ':status', present_match: true}", {}, false],
  ])("pseudo-header %s with %j: %p", (matcher, request, expected) => {
    expect(matched(header(matcher), request)).toBe(
      expected ? "it" : (undefined as unknown as string),
    );
  });

  test("all of them must match", () => {
    const routes = one("{prefix: /, headers: [{name: a}, {name: b}]}");
    expect(
      matched(routes, {
        headers: [
          ["a", "1"],
          ["b", "1"],
        ],
      }),
    ).toBe("it");
    expect(matched(routes, { headers: [["a", "1"]] })).toBeUndefined();
  });
});

describe("query parameters", () => {
  test.each([
    ["{name: a, string_match: {exact: '1'}}", "/?a=1", true],
    ["{name: a, string_match: {exact: '1'}}", "/?b=2&a=1&c", true],
    ["{name: a, string_match: {exact: '1'}}", "/?a=2&a=1", false], // the first value counts
    ["{name: a, string_match: {exact: '1'}}", "/?aa=1", false],
    ["{name: a, string_match: {exact: '1'}}", "/a=1", false],
    ["{name: a, string_match: {exact: ''}}", "/?a", true],
    ["{name: a, string_match: {prefix: x}}", "/?a=xy#a=z", true],
    ["{name: a, string_match: {exact: '%20'}}", "/?a=%20", true], // as it stands
    ["{name: a, string_match: {exact: 'b=c'}}", "/?a=b=c", true],
    ["{name: a, present_match: true}", "/?a", true],
    ["{name: a, present_match: true}", "/?", false],
    ["{name: a, present_match: true}", "/#?a", false],
    ["{name: a}", "/?a=", true],
  ])("%s of %s: %p", (matcher, path, expected) => {
    const routes = one(`{prefix: /, query_parameters: [${matcher}]}`);
    expect(matched(routes, { path })).toBe(expected ? "it" : (undefined as unknown as string));
  });
});

test.each([
  [0, true],
  [29, true],
  [30, false],
  [99, false],
  [129, true],
])("runtime_fraction of 30 percent with dice %d: %p", (random, expected) => {
  const routes = one("{prefix: /, runtime_fraction: {default_value: {numerator: 30}}}");
  expect(matched(routes, {}, random)).toBe(expected ? "it" : (undefined as unknown as string));
});

test.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["application/grpc-web", false],
  ["text/plain", false],
])("grpc matches content-type %s: %p", (type, expected) => {
  const request = { headers: [["content-type", type]] as const };
  expect(matched(one("{prefix: /, grpc: {}}"), request)).toBe(
    expected ? "it" : (undefined as unknown as string),
  );
});

test.each<[string, [string, string][], boolean]>([
  ["ALL", [], true],
  ["ALL", [["x-forwarded-proto", "https"]], false],
  ["ALL", [["x-envoy-internal", "true"]], true],
  ["EXTERNAL_ONLY", [["x-envoy-internal", "true"]], false],
  ["EXTERNAL_ONLY", [], true],
  ["NONE", [], false],
])("require_tls %s with %j redirects: %p", (requireTls, headers, expected) => {
  const table = createTable(
    `virtual_hosts: [{name: v, domains: ["*"], require_tls: ${requireTls}, routes: [{match: {prefix: /}, route: {cluster: c}}]}]`,
  );
  const head = createRequest({ headers });
  expect(table.match(head, 0)?.route.action.kind).toBe(expected ? "redirect" : "forward");
  expect(explainMatch(table, head, 0).entry).toBe(table.match(head, 0) as never);
});

test("explainMatch says why each route before the match does not match", () => {
  const table = createRoutes(`
- {name: jason, match: {prefix: /, headers: [{name: end-user, string_match: {exact: jason}}]}, route: {cluster: c}}
- {name: api, match: {path_separated_prefix: /api}, route: {cluster: c}}
- {name: one, match: {path: /x, case_sensitive: false}, route: {cluster: c}}
- {name: dice, match: {prefix: /, runtime_fraction: {default_value: {numerator: 5}}}, route: {cluster: c}}
- {name: beta, match: {prefix: /, query_parameters: [{name: v, string_match: {prefix: b}}]}, route: {cluster: c}}
- {name: absent, match: {prefix: /, headers: [{name: cookie, present_match: false}]}, route: {cluster: c}}
- {name: rest, match: {prefix: /}, route: {cluster: c}}`);
  const head = createRequest({
    path: "/reviews?v=a",
    headers: [
      ["end-user", "tom"],
      ["cookie", "a"],
    ],
  });
  const { host, routes, entry } = explainMatch(table, head, 42);
  expect(host).toEqual({ name: "all", domain: "*", kind: "any" });
  expect(entry?.route.name).toBe("rest");
  expect(routes.map(({ name, mismatch }) => `${name}: ${mismatch}`)).toEqual([
    'jason: header end-user is "tom", wanted exactly "jason"',
    'api: path is "/reviews", wanted "/api" or a path below it',
    'one: path is "/reviews", wanted exactly "/x" (in any case)',
    "dice: the request's dice show 42, wanted less than 5 of 100",
    'beta: query parameter "v" is "a", wanted a value that begins with "b"',
    "absent: header cookie is present, wanted none",
    "rest: undefined",
  ]);
  expect(explainMatch(createTable("virtual_hosts: []"), head, 0)).toEqual({
    entry: undefined,
    host: undefined,
    routes: [],
  });
});

test("the retry policy and fault of the most specific level are the entry's", () => {
  const table = createTable(`
virtual_hosts:
- name: v
  domains: ["*"]
  retry_policy: {retry_on: 5xx, num_retries: 7}
  typed_per_filter_config:
    envoy.filters.http.fault:
      "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
      abort: {http_status: 503, percentage: {numerator: 100}}
  routes:
  - {match: {path: /own}, route: {cluster: c, retry_policy: {retry_on: reset}}}
  - match: {path: /off}
    route: {cluster: c}
    typed_per_filter_config:
      envoy.filters.http.fault: {"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}
  - {match: {prefix: /}, route: {cluster: c}}
`);
  const entry = (path: string) => table.match(createRequest({ path }), 0);
  expect(entry("/own")?.retryPolicy?.numRetries).toBe(1);
  expect(entry("/")?.retryPolicy?.numRetries).toBe(7);
  expect(entry("/")?.fault).toMatchObject({ abort: { kind: "http", status: 503 } });
  expect(entry("/off")?.fault).toBe("disabled");
});
