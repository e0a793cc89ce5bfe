// What a route wanted and what it got, in words.
import { expect, test } from "bun:test";
import type { RouteMatch } from "#proxy/config/route-config.ts";
import { parseRoutes } from "#proxy/route/testing/table.ts";
import { covers, matchText } from "./match-text.ts";

function match(yaml: string): RouteMatch {
  const config = parseRoutes(`virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - match: ${yaml}
    route: { cluster: a }
`);
  return config.virtualHosts[0]?.routes[0]?.match as RouteMatch;
}

const EXACT = (name: string, value: string): string =>
  `{ name: ${name}, string_match: { exact: ${value} } }`;

// biome-ignore format: a table
test.each([
  ["{ prefix: / }",                                     "every request"],
  ["{ prefix: /a }",                                    'path begins with "/a"'],
  ["{ path: /a }",                                      'path is "/a"'],
  ["{ path_separated_prefix: /a }",                     'path is "/a" or below'],
  ["{ safe_regex: { regex: '/a.*' } }",                 'path matches "/a.*"'],
  [`{ prefix: /, headers: [${EXACT("x", "y")}] }`,      'header x is "y"'],
  ["{ prefix: /, headers: [{ name: x, present_match: true, invert_match: true }] }", "not: header x is there"],
  ["{ prefix: /, query_parameters: [{ name: q, present_match: true }] }", "query parameter q is there"],
  ["{ prefix: /, runtime_fraction: { default_value: { numerator: 5, denominator: TEN_THOUSAND } } }", "0.05 % of requests"],
])("matchText of %s", (yaml, wanted) => {
  expect(matchText(match(yaml))).toBe(wanted);
});

// biome-ignore format: a table
test.each([
  // earlier                                    later                                  covers
  ["{ prefix: / }",                             "{ path: /a }",                        true],
  ["{ prefix: / }",                             "{ safe_regex: { regex: '/a.*' } }",   true],
  ["{ prefix: /a }",                            "{ prefix: /ab }",                     true],
  ["{ prefix: /ab }",                           "{ prefix: /a }",                      false],
  ["{ prefix: /a }",                            "{ safe_regex: { regex: '/a.*' } }",   false],
  ["{ path: /a }",                              "{ prefix: /a }",                      false],
  ["{ path: /a }",                              "{ path: /a }",                        true],
  ["{ prefix: /A, case_sensitive: false }",     "{ path: /ab }",                       true],
  ["{ prefix: /a }",                            "{ path: /ab, case_sensitive: false }", false],
  ["{ path_separated_prefix: /a }",             "{ path: /a/b }",                      true],
  ["{ path_separated_prefix: /a }",             "{ path: /ab }",                       false],
  ["{ path_separated_prefix: /a }",             "{ prefix: /a }",                      false],
  ["{ path_separated_prefix: /a }",             "{ prefix: /a/ }",                     true],
  [`{ prefix: /, headers: [${EXACT("x", "y")}] }`, "{ prefix: / }",                    false],
  [`{ prefix: /, headers: [${EXACT("x", "y")}] }`, `{ prefix: /b, headers: [${EXACT("z", "y")}, ${EXACT("x", "y")}] }`, true],
  [`{ prefix: /, headers: [${EXACT("x", "y")}] }`, `{ prefix: /, headers: [${EXACT("x", "z")}] }`, false],
  ["{ safe_regex: { regex: '.*' } }",           "{ prefix: /a }",                      true],
  ["{ safe_regex: { regex: 'a+' } }",           "{ safe_regex: { regex: 'a+' } }",     true],
  ["{ prefix: /, runtime_fraction: { default_value: { numerator: 99 } } }", "{ path: /a }", false],
])("%s leaves nothing to %s: %p", (earlier, later, wanted) => {
  expect(covers(match(earlier), match(later))).toBe(wanted);
});
