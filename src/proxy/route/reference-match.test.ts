// The table against the plainest possible reading of Envoy's rules, over random configurations and requests.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import { readMessage } from "../config/testing/messages.ts";
import { explainMatch } from "./explain-match.ts";
import { RouteTable } from "./route-table.ts";
import { createRequest } from "./testing/request.ts";

interface StringTest {
  readonly kind: "exact" | "prefix" | "suffix" | "contains" | "safe_regex";
  readonly value: string;
  readonly ignoreCase: boolean;
}

interface HeaderTest {
  readonly name: string;
  readonly test: StringTest | boolean | readonly [start: number, end: number];
  readonly invert: boolean;
  readonly missingAsEmpty: boolean;
}

interface RouteSpec {
  readonly path: {
    readonly kind: "prefix" | "path" | "path_separated_prefix" | "safe_regex";
    readonly value: string;
    readonly caseSensitive: boolean;
  };
  readonly headers: readonly HeaderTest[];
  readonly query: readonly { readonly name: string; readonly test: StringTest | undefined }[];
  readonly fraction: number | undefined;
}

interface HostSpec {
  readonly domains: readonly string[];
  readonly routes: readonly RouteSpec[];
}

interface Request {
  readonly host: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly random: number;
}

// Small alphabets, so that things match often.
const word = fc.stringMatching(/^[abAB]{1,3}$/);
const stringTest: fc.Arbitrary<StringTest> = fc
  .record({
    kind: fc.constantFrom(
      "exact" as const,
      "prefix" as const,
      "suffix" as const,
      "contains" as const,
      "safe_regex" as const,
    ),
    value: word,
    ignoreCase: fc.boolean(),
  })
  .map((t) => (t.kind === "safe_regex" ? { ...t, value: `${t.value}.*`, ignoreCase: false } : t));
const headerTest: fc.Arbitrary<HeaderTest> = fc.record({
  name: fc.constantFrom("x", "y", ":method", ":path"),
  test: fc.oneof(
    stringTest,
    fc.boolean(),
    fc.tuple(fc.integer({ min: -2, max: 5 }), fc.integer({ min: -2, max: 5 })),
  ),
  invert: fc.boolean(),
  missingAsEmpty: fc.boolean(),
});
const pathTest = fc.record({
  kind: fc.constantFrom(
    "prefix" as const,
    "path" as const,
    "path_separated_prefix" as const,
    "safe_regex" as const,
  ),
  value: fc.stringMatching(/^(?:\/[abAB]{1,2}){1,2}$/),
  caseSensitive: fc.boolean(),
});
const route: fc.Arbitrary<RouteSpec> = fc.record({
  path: fc.oneof(
    { weight: 3, arbitrary: pathTest },
    fc.constant({ kind: "prefix" as const, value: "/", caseSensitive: true }),
  ),
  headers: fc.oneof(fc.constant([]), fc.array(headerTest, { maxLength: 2 })),
  query: fc.array(fc.record({ name: word, test: fc.option(stringTest, { nil: undefined }) }), {
    maxLength: 1,
  }),
  fraction: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined, freq: 2 }),
});
const domain = fc.oneof(
  fc.stringMatching(/^[ab]{1,2}\.[ab](?::80)?$/),
  fc.stringMatching(/^\*\.?[ab]{0,2}\.[ab]$/),
  fc.stringMatching(/^[ab]{1,2}\.\*$/),
  { weight: 3, arbitrary: fc.constant("*") },
);
const config = fc.record({
  ignorePort: fc.boolean(),
  hosts: fc
    .uniqueArray(domain, { maxLength: 6, selector: (d) => d.toLowerCase() })
    .chain((domains) =>
      fc.tuple(
        ...domains.map((d) =>
          fc.array(route, { maxLength: 4 }).map((routes): HostSpec => ({ domains: [d], routes })),
        ),
      ),
    ),
});
const request: fc.Arbitrary<Request> = fc.record({
  host: fc.stringMatching(/^[abAB]{0,2}\.[abA](?::80|:a)?$/),
  path: fc.stringMatching(
    /^(?:\/[abAB]{0,2}){1,3}(?:\?[ab]{1,2}(?:=[ab]{0,2})?(?:&[ab](?:=[abA]{0,3})?)?)?$/,
  ),
  headers: fc.array(
    fc.tuple(fc.constantFrom("x", "y", "z"), fc.oneof(word, fc.stringMatching(/^-?[0-5]?$/))),
    { maxLength: 3 },
  ),
  random: fc.integer({ min: 0, max: 0xffff_ffff }),
});

function stringJson(t: StringTest): object {
  return t.kind === "safe_regex"
    ? { safe_regex: { regex: t.value } }
    : { [t.kind]: t.value, ignore_case: t.ignoreCase };
}

function headerJson(t: HeaderTest): object {
  const common = {
    name: t.name,
    invert_match: t.invert,
    treat_missing_header_as_empty: t.missingAsEmpty,
  };
  if (typeof t.test === "boolean") return { ...common, present_match: t.test };
  if ("kind" in t.test) return { ...common, string_match: stringJson(t.test) };
  return { ...common, range_match: { start: t.test[0], end: t.test[1] } };
}

function routeJson(spec: RouteSpec, name: string): object {
  const { kind, value, caseSensitive } = spec.path;
  return {
    name,
    match: {
      [kind]: kind === "safe_regex" ? { regex: `${value}.*` } : value,
      case_sensitive: caseSensitive,
      headers: spec.headers.map(headerJson),
      query_parameters: spec.query.map(({ name: parameter, test: t }) =>
        t === undefined
          ? { name: parameter, present_match: true }
          : { name: parameter, string_match: stringJson(t) },
      ),
      ...(spec.fraction === undefined
        ? {}
        : { runtime_fraction: { default_value: { numerator: spec.fraction } } }),
    },
    route: { cluster: "c" },
  };
}

function stringMatches({ kind, value, ignoreCase }: StringTest, text: string): boolean {
  const [v, t] = ignoreCase ? [value.toLowerCase(), text.toLowerCase()] : [value, text];
  switch (kind) {
    case "exact":
      return t === v;
    case "prefix":
      return t.startsWith(v);
    case "suffix":
      return t.endsWith(v);
    case "contains":
      return t.includes(v);
    case "safe_regex":
      return new RegExp(`^(?:${value})$`).test(text);
  }
}

function headerMatches(spec: HeaderTest, r: Request): boolean {
  const fields = r.headers.filter(([name]) => name === spec.name).map(([, value]) => value);
  const found = spec.name === ":method" ? ["GET"] : spec.name === ":path" ? [r.path] : fields;
  if (typeof spec.test === "boolean") {
    return (found.length > 0 || spec.missingAsEmpty) === (spec.test !== spec.invert);
  }
  const values = found.length === 0 && spec.missingAsEmpty ? [""] : found;
  if (values.length === 0) return false;
  const { test: t } = spec;
  const matches = values.some((value) =>
    "kind" in t
      ? stringMatches(t, value)
      : /^-?\d+$/.test(value) && Number(value) >= t[0] && Number(value) < t[1],
  );
  return matches !== spec.invert;
}

function routeMatches(spec: RouteSpec, r: Request): boolean {
  const path = r.path.split("?")[0] ?? "";
  const query = r.path.includes("?") ? r.path.slice(r.path.indexOf("?") + 1) : "";
  const { kind, caseSensitive } = spec.path;
  const [value, subject] = caseSensitive
    ? [spec.path.value, path]
    : [spec.path.value.toLowerCase(), path.toLowerCase()];
  const pathMatches = {
    prefix: () => subject.startsWith(value),
    path: () => subject === value,
    path_separated_prefix: () => subject === value || subject.startsWith(`${value}/`),
    safe_regex: () => new RegExp(`^${spec.path.value}.*$`).test(path),
  }[kind]();
  const parameters = query === "" ? [] : query.split("&").map((p) => p.split("="));
  const queryMatches = spec.query.every(({ name, test: t }) => {
    const found = parameters.find(([n]) => n === name);
    return found !== undefined && (t === undefined || stringMatches(t, found[1] ?? ""));
  });
  return (
    pathMatches &&
    queryMatches &&
    spec.headers.every((h) => headerMatches(h, r)) &&
    (spec.fraction === undefined || r.random % 100 < spec.fraction)
  );
}

/** Rank of a domain for a host: exact, then suffix by length, then prefix by length, then "*"; undefined: no match. */
function rank(d: string, host: string): number | undefined {
  if (d === "*") return 0;
  if (d.startsWith("*"))
    return host.length >= d.length && host.endsWith(d.slice(1)) ? 1000 + d.length : undefined;
  if (d.endsWith("*"))
    return host.length >= d.length && host.startsWith(d.slice(0, -1)) ? d.length : undefined;
  return d === host ? 10_000 : undefined;
}

function reference(
  hosts: readonly HostSpec[],
  ignorePort: boolean,
  r: Request,
): string | undefined {
  const lower = r.host.toLowerCase();
  const host = ignorePort ? lower.replace(/:\d+$/, "") : lower;
  let best: { rank: number; index: number } | undefined;
  for (const [index, { domains }] of hosts.entries()) {
    const found = rank(domains[0] ?? "", host);
    if (found !== undefined && (best === undefined || found > best.rank))
      best = { rank: found, index };
  }
  if (best === undefined) return undefined;
  const position = hosts[best.index]?.routes.findIndex((spec) => routeMatches(spec, r)) ?? -1;
  return position === -1 ? undefined : `${best.index}/${position}`;
}

test("match and explainMatch agree with a naive reading of the rules", () => {
  let matched = 0;
  fc.assert(
    fc.property(
      config,
      fc.array(request, { minLength: 5, maxLength: 15 }),
      ({ hosts, ignorePort }, requests) => {
        const json = {
          ignore_port_in_host_matching: ignorePort,
          virtual_hosts: hosts.map(({ domains, routes }, i) => ({
            name: `v${i}`,
            domains,
            routes: routes.map((spec, j) => routeJson(spec, `${i}/${j}`)),
          })),
        };
        const parsed = parseRouteConfiguration(readMessage(RouteConfigurationSchema, json));
        if (parsed.kind === "rejected") throw new Error(`${parsed.path}: ${parsed.message}`);
        const table = new RouteTable(parsed.value);
        for (const r of requests) {
          const head = createRequest(r);
          const entry = table.match(head, r.random);
          expect(entry?.route.name).toBe(reference(hosts, ignorePort, r) as string);
          expect(explainMatch(table, head, r.random).entry).toBe(entry as never);
          if (entry !== undefined) matched += 1;
        }
      },
    ),
    { numRuns: 250, seed: 5 },
  );
  expect(matched).toBeGreaterThan(150);
});
