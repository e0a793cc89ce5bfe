import { expect, test } from "bun:test";
import { redirectLocation } from "./redirect.ts";
import { createRequest, type RequestOptions } from "./testing/request.ts";
import { createRoutes, createTable } from "./testing/table.ts";

const HTTPS = [["x-forwarded-proto", "https"]] as const;

test.each<[string, RequestOptions, string]>([
  ["{}", { path: "/a?b" }, "http://example.com/a?b"],
  ["{https_redirect: true}", {}, "https://example.com/"],
  ["{scheme_redirect: ftp}", {}, "ftp://example.com/"],
  ["{host_redirect: x.example}", { path: "/a" }, "http://x.example/a"],
  ["{host_redirect: x.example}", { host: "example.com:8080" }, "http://x.example/"],
  ["{port_redirect: 8443}", { host: "example.com:80" }, "http://example.com:8443/"],
  [
    "{https_redirect: true, port_redirect: 8443}",
    { host: "example.com:8080" },
    "https://example.com:8443/",
  ],
  // The port stays, unless it is the old scheme's default and the scheme changes.
  ["{https_redirect: true}", { host: "example.com:8080" }, "https://example.com:8080/"],
  ["{https_redirect: true}", { host: "example.com:80" }, "https://example.com/"],
  ["{https_redirect: true}", { host: "example.com:443" }, "https://example.com:443/"],
  ["{path_redirect: /x}", { host: "example.com:80" }, "http://example.com:80/x"],
  ["{scheme_redirect: http}", { host: "example.com:443", headers: HTTPS }, "http://example.com/"],
  ["{path_redirect: /x}", { headers: HTTPS }, "https://example.com/x"],
  ["{https_redirect: true}", { host: "[::1]:80" }, "https://[::1]/"],
  ["{https_redirect: true}", { host: "[::1]" }, "https://[::1]/"],
  ["{path_redirect: /x}", { path: "/a?b=1" }, "http://example.com/x?b=1"],
  ["{path_redirect: /x, strip_query: true}", { path: "/a?b=1" }, "http://example.com/x"],
  ["{path_redirect: '/x?c=2', strip_query: true}", { path: "/a?b=1" }, "http://example.com/x?c=2"],
  ["{strip_query: true}", { path: "/a?b=1" }, "http://example.com/a"],
  ["{prefix_rewrite: /y}", { path: "/a/b?c" }, "http://example.com/ya/b?c"],
  [
    "{regex_rewrite: {pattern: {regex: '^/(.*)$'}, substitution: '/v2/\\1'}}",
    { path: "/a?b" },
    "http://example.com/v2/a?b",
  ],
])("redirect %s of %j to %s", (redirect, request, expected) => {
  const head = createRequest(request);
  const entry = createRoutes(`- {match: {prefix: /}, redirect: ${redirect}}`).match(head, 0);
  if (entry === undefined) throw new Error("no route");
  expect(redirectLocation(entry, head)).toBe(expected);
});

test.each([
  ["", 301],
  ["response_code: FOUND", 302],
  ["response_code: SEE_OTHER", 303],
  ["response_code: TEMPORARY_REDIRECT", 307],
  ["response_code: PERMANENT_REDIRECT", 308],
])("redirect {%s} has status %d", (code, status) => {
  const entry = createRoutes(`- {match: {prefix: /}, redirect: {${code}}}`).match(
    createRequest(),
    0,
  );
  expect(entry?.route.action).toMatchObject({ kind: "redirect", status });
});

test("a virtual host that wants TLS keeps host, port and path", () => {
  const table = createTable('virtual_hosts: [{name: v, domains: ["*"], require_tls: ALL}]');
  const head = createRequest({ host: "a:80", path: "/b?c" });
  const entry = table.match(head, 0);
  if (entry === undefined) throw new Error("no route");
  expect(redirectLocation(entry, head)).toBe("https://a:80/b?c");
});
