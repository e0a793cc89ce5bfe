import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  compareSpecificity,
  hostsMatch,
  isSubsetOf,
  mostSpecificMatch,
  resolveGateway,
  resolveHost,
} from "./hostname.ts";

test.each([
  // a, b, some name fits both, every name of a fits b
  ["foo.com", "foo.com", true, true],
  ["foo.com", "bar.com", false, false],
  ["foo.com", "*.com", true, true],
  ["*.com", "foo.com", true, false],
  ["*.foo.com", "foo.com", false, false],
  ["*", "foo.com", true, false],
  ["foo.com", "*", true, true],
  ["*.foo.com", "*.com", true, true],
  ["*.com", "*.foo.com", true, false],
  ["*.com", "*", true, true],
  ["*.foo.com", "*.bar.com", false, false],
  ["*-a.com", "x-a.com", true, false],
])("%s and %s", (a, b, match, subset) => {
  expect(hostsMatch(a, b)).toBe(match);
  expect(hostsMatch(b, a)).toBe(match);
  expect(isSubsetOf(a, b)).toBe(subset);
});

test("the most specific comes first", () => {
  const hosts = ["*", "*.com", "a.com", "*.b.com", "long.a.com"];
  expect(hosts.toSorted(compareSpecificity)).toEqual([
    "long.a.com",
    "a.com",
    "*.b.com",
    "*.com",
    "*",
  ]);
});

test.each([
  ["reviews", "default", "reviews.default.svc.cluster.local"],
  ["Reviews", "prod", "reviews.prod.svc.cluster.local"],
  ["reviews.prod", "default", "reviews.prod"],
  ["*", "default", "*"],
  ["*.example.com", "default", "*.example.com"],
  ["10.0.0.1", "default", "10.0.0.1"],
  ["::1", "default", "::1"],
  ["", "default", ""],
])("resolveHost(%j) in %s is %j", (host, namespace, full) => {
  expect(resolveHost(host, namespace)).toBe(full);
  expect(resolveHost(full, "elsewhere")).toBe(full); // once is enough
});

test.each([
  ["mesh", "mesh"],
  ["gw", "default/gw"],
  ["./gw", "default/gw"],
  ["prod/gw", "prod/gw"],
  ["gw.prod.svc.cluster.local", "prod/gw"],
])("resolveGateway(%s) is %s", (gateway, full) => {
  expect(resolveGateway(gateway, "default")).toBe(full);
});

test("mostSpecificMatch finds what a search over all candidates finds", () => {
  const label = fc.constantFrom("a", "b", "c");
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
  const pattern = fc.oneof(
    name,
    name.map((n) => `*.${n}`),
    fc.constant("*"),
  );
  fc.assert(
    fc.property(fc.uniqueArray(pattern, { maxLength: 8 }), pattern, (candidates, host) => {
      const map = new Map(candidates.map((candidate) => [candidate, candidate]));
      const [best] = candidates
        .filter((c) => c === host || (c.startsWith("*") && isSubsetOf(host, c)))
        .sort(compareSpecificity);
      expect(mostSpecificMatch(host, map)).toBe(best);
    }),
  );
});
