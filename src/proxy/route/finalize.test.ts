import { expect, test } from "bun:test";
import { headerName } from "#codec/header-name.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import { SAMPLE_ENVIRONMENT, sampleStream } from "../access-log/testing/sample-stream.ts";
import { finalizeRequest, finalizeResponse } from "./finalize.ts";
import { rewriteHost } from "./path-rewrite.ts";
import { pickCluster } from "./pick-cluster.ts";
import { RouteTable } from "./route-table.ts";
import { createRequest, fieldsOf, type RequestOptions } from "./testing/request.ts";
import { createRoutes, parseRoutes } from "./testing/table.ts";

/** The request after the route is done with it: method path, host, fields. */
function forwarded(
  table: RouteTable,
  options: RequestOptions,
  random = 0,
  suppress = true,
): string[] {
  const head = createRequest(options);
  const entry = table.match(head, random);
  const choice = entry && pickCluster(entry, random, head);
  if (entry === undefined || choice === undefined) throw new Error("no route");
  finalizeRequest(entry, choice, head, sampleStream({ requestHead: head }), suppress);
  return [head.path(), head.authority(), ...fieldsOf(head)];
}

const route = (action: string, match = "{prefix: /old/}"): RouteTable =>
  createRoutes(`- {match: ${match}, route: {cluster: c, ${action}}}`);

test.each([
  ["prefix_rewrite: /new/", "{prefix: /old/}", "/old/a?b=c", "/new/a?b=c"],
  ["prefix_rewrite: /", "{prefix: /old/}", "/old/a", "/a"],
  ["prefix_rewrite: /", "{prefix: /old}", "/old/a", "//a"], // slashes that do not fit are left as they are
  ["prefix_rewrite: /n", "{prefix: /old, case_sensitive: false}", "/OLD/a", "/n/a"],
  ["prefix_rewrite: /n", "{path: /old}", "/old?q", "/n?q"],
  ["prefix_rewrite: /n", "{path_separated_prefix: /old}", "/old/a?q", "/n/a?q"],
  ["prefix_rewrite: /n", "{safe_regex: {regex: '/o.*'}}", "/old/a?q", "/n?q"],
  ["prefix_rewrite: /n", "{prefix: ''}", "/old", "/n/old"],
  [
    "regex_rewrite: {pattern: {regex: '^/old/(.*)/x$'}, substitution: '/\\1'}",
    "{prefix: /old/}",
    "/old/a/x?/old/b/x",
    "/a?/old/b/x",
  ],
  ["regex_rewrite: {pattern: {regex: o}, substitution: '0'}", "{prefix: /}", "/foo?o", "/f00?o"],
  ["regex_rewrite: {pattern: {regex: nothing}, substitution: '0'}", "{prefix: /}", "/foo", "/foo"],
])("%s on %s: %s -> %s", (action, match, path, expected) => {
  expect(forwarded(route(action, match), { path })[0]).toBe(expected);
});

test("the paths and hosts of before are marked, unless suppressed", () => {
  const table = route("prefix_rewrite: /new/, host_rewrite_literal: b.example");
  const request = { path: "/old/a?q", host: "a.example" };
  expect(forwarded(table, request, 0, false)).toEqual([
    "/new/a?q",
    "b.example",
    "x-envoy-original-host: a.example",
    "x-envoy-original-path: /old/a?q",
  ]);
  expect(forwarded(table, request, 0, true)).toEqual(["/new/a?q", "b.example"]);
});

test.each<[string, [string, string][], string]>([
  ["host_rewrite_literal: x.example", [], "x.example"],
  ["host_rewrite_header: x-host", [["x-host", "h.example"]], "h.example"],
  ["host_rewrite_header: x-host", [], "example.com"],
  ["host_rewrite_header: x-host", [["x-host", ""]], "example.com"],
  ["auto_host_rewrite: true", [], "example.com"], // waits for the upstream host
])("%s with %j: host %s", (action, headers, expected) => {
  expect(forwarded(route(action, "{prefix: /}"), { headers })[1]).toBe(expected);
});

test("a weighted cluster's host rewrite takes the place of the route's", () => {
  const table = createRoutes(`
- match: {prefix: /}
  route:
    host_rewrite_literal: route.example
    weighted_clusters:
      clusters: [{name: a, weight: 1, host_rewrite_literal: weighted.example}, {name: b, weight: 1}]`);
  expect(forwarded(table, {}, 0)[1]).toBe("weighted.example");
  expect(forwarded(table, {}, 1)[1]).toBe("route.example");
});

test.each<[string | undefined, string[]]>([
  [undefined, ["x-forwarded-host: a.example"]],
  ["z.example", ["x-forwarded-host: z.example,a.example"]],
  ["z.example, a.example", ["x-forwarded-host: z.example, a.example"]],
])("append_x_forwarded_host after %s", (before, expected) => {
  const headers = before === undefined ? [] : [["x-forwarded-host", before] as const];
  const table = route("host_rewrite_literal: b, append_x_forwarded_host: true", "{prefix: /}");
  expect(forwarded(table, { host: "a.example", headers }).slice(2)).toEqual(expected);
});

test("rewriteHost is for hosts known late, too", () => {
  const head = createRequest({ host: "a" });
  rewriteHost(head, "b", { appendForwardedHost: false, keepOriginal: true });
  expect([head.authority(), ...fieldsOf(head)]).toEqual(["b", "x-envoy-original-host: a"]);
});

const added = (options: string): RouteTable =>
  createRoutes(`- {match: {prefix: /}, route: {cluster: c}, request_headers_to_add: [${options}]}`);

test.each<[string, [string, string][], string[]]>([
  ["{header: {key: X-A, value: b}}", [], ["x-a: b"]],
  ["{header: {key: x-a, value: b}}", [["x-a", "a"]], ["x-a: a", "x-a: b"]],
  ["{header: {key: user-agent, value: b}}", [["user-agent", "a"]], ["user-agent: a,b"]],
  ["{header: {key: x-a, value: b}, append_action: ADD_IF_ABSENT}", [["x-a", "a"]], ["x-a: a"]],
  ["{header: {key: x-a, value: b}, append_action: ADD_IF_ABSENT}", [], ["x-a: b"]],
  ["{header: {key: x-a, value: b}, append_action: OVERWRITE_IF_EXISTS}", [], []],
  [
    "{header: {key: x-a, value: b}, append_action: OVERWRITE_IF_EXISTS}",
    [
      ["x-a", "a"],
      ["x-a", "c"],
    ],
    ["x-a: b"],
  ],
  ["{header: {key: x-a, value: b}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}", [], ["x-a: b"]],
  ["{header: {key: x-a, value: b}, append: false}", [["x-a", "a"]], ["x-a: b"]],
  ["{header: {key: x-a, value: ''}}", [], []],
  ["{header: {key: x-a, value: ''}, keep_empty_value: true}", [], ["x-a: "]],
  ["{header: {key: x-a, value: é}}", [], ["x-a: \xc3\xa9"]],
  ["{header: {key: x-a, value: '100%%'}}", [], ["x-a: 100%"]],
  [
    "{header: {key: x-a, value: '%PROTOCOL% %REQ(x-b)%'}}",
    [["x-b", "1"]],
    ["x-b: 1", "x-a: HTTP/1.1 1"],
  ],
  ["{header: {key: x-a, value: 'a%REQ(missing)%b'}}", [], ["x-a: ab"]],
  ["{header: {key: x-a, value: '%REQ(missing)%'}}", [], []],
  ["{header: {key: x-a, value: '%REQ(missing)%'}, keep_empty_value: true}", [], ["x-a: "]],
  ["{header: {key: x-a, value: '%HOSTNAME%'}}", [], ["x-a: vm"]],
  // Values are made from the head as it came, whatever the same level adds.
  [
    "{header: {key: x-a, value: '1'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: x-b, value: '%REQ(x-a)%'}}",
    [["x-a", "0"]],
    ["x-a: 1", "x-b: 0"],
  ],
  [
    "{header: {key: x-a, value: '1'}}, {header: {key: x-a, value: '2'}, append_action: ADD_IF_ABSENT}",
    [],
    ["x-a: 1", "x-a: 2"],
  ],
  [
    "{header: {key: x-a, value: '1'}}, {header: {key: x-a, value: '2'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}",
    [],
    ["x-a: 2", "x-a: 1"],
  ],
])("request_headers_to_add %s to %j", (options, headers, expected) => {
  const table = new RouteTable(added(options).config, SAMPLE_ENVIRONMENT);
  expect(forwarded(table, { headers }).slice(2)).toEqual(expected);
});

test("removals of a level come before its additions", () => {
  const table = createRoutes(
    "- {match: {prefix: /}, route: {cluster: c}, request_headers_to_remove: [X-A], request_headers_to_add: [{header: {key: x-a, value: '%REQ(x-a)%new'}}]}",
  );
  expect(forwarded(table, { headers: [["x-a", "old"]] }).slice(2)).toEqual(["x-a: new"]);
});

const LEVELS = (global: string): string => `
${global}
request_headers_to_add: [{header: {key: x, value: global}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: trace, value: g}}]
response_headers_to_add: [{header: {key: trace, value: g}}]
virtual_hosts:
- name: v
  domains: ["*"]
  request_headers_to_add: [{header: {key: x, value: host}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: trace, value: v}}]
  response_headers_to_add: [{header: {key: trace, value: v}}]
  response_headers_to_remove: [secret]
  routes:
  - match: {prefix: /}
    request_headers_to_add: [{header: {key: x, value: route}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: trace, value: r}}]
    response_headers_to_add: [{header: {key: trace, value: r}}]
    route:
      weighted_clusters:
        clusters:
        - {name: plain, weight: 1}
        - name: marked
          weight: 1
          host_rewrite_literal: w.example
          request_headers_to_add: [{header: {key: x, value: cluster}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: trace, value: w}}]
          response_headers_to_add: [{header: {key: trace, value: w}}]
`;

test("levels run from the weighted cluster out, so that the outermost overwrites", () => {
  const table = new RouteTable(parseRoutes(LEVELS("")));
  const traces = ["trace: r", "trace: v"];
  expect(forwarded(table, {}, 0).slice(1)).toEqual([
    "example.com",
    ...traces,
    "x: global",
    "trace: g",
  ]);
  expect(forwarded(table, {}, 1).slice(1)).toEqual([
    "w.example",
    "trace: w",
    ...traces,
    "x: global",
    "trace: g",
  ]);
});

test("most_specific_header_mutations_wins turns the order round", () => {
  const table = new RouteTable(parseRoutes(LEVELS("most_specific_header_mutations_wins: true")));
  expect(forwarded(table, {}, 1).slice(2)).toEqual([
    "trace: g",
    "trace: v",
    "trace: r",
    "x: cluster",
    "trace: w",
  ]);
});

test("response operations run over the same levels", () => {
  const table = new RouteTable(parseRoutes(LEVELS("")));
  const request = createRequest();
  const entry = table.match(request, 1);
  if (entry === undefined) throw new Error("no route");
  const respond = (choice = pickCluster(entry, 1, request)): string[] => {
    const head = new ResponseHead();
    head.append(headerName("secret"), "s");
    finalizeResponse(entry, choice, head, sampleStream());
    return fieldsOf(head);
  };
  expect(respond()).toEqual(["trace: w", "trace: r", "trace: v", "trace: g"]);
  const head = new ResponseHead();
  finalizeResponse(entry, undefined, head, sampleStream());
  expect(fieldsOf(head)).toEqual(["trace: r", "trace: v", "trace: g"]);
});

test("no formatted value can end a field", () => {
  const table = added("{header: {key: x-a, value: '%REQ(x-b)%'}}");
  const head = createRequest();
  const entry = table.match(head, 0);
  const choice = entry?.choices[0];
  if (entry === undefined || choice === undefined) throw new Error("no route");
  const evil = createRequest({ headers: [["x-b", "a\r\nx-evil: 1"]] });
  finalizeRequest(entry, choice, head, sampleStream({ requestHead: evil }), true);
  expect(fieldsOf(head)).toEqual([]);
});
