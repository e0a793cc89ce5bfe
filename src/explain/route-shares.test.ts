// The shares of routes and clusters are what the route table does with every random number there is.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { endOfPath } from "#proxy/route/bytes.ts";
import { pickCluster } from "#proxy/route/pick-cluster.ts";
import { createRequest } from "#proxy/route/testing/request.ts";
import { createRoutes } from "#proxy/route/testing/table.ts";
import { choiceShares, routeShares } from "./route-shares.ts";

const REQUEST = createRequest({ path: "/a/b?x=1" });

/** Cluster -> odds, by the shares. */
function shares(routes: string): Map<string, number> {
  const table = createRoutes(routes);
  const host = table.findHost(REQUEST)?.value;
  const { pathBytes, pathStart, pathEnd } = REQUEST;
  const found = routeShares(host?.routes ?? [], REQUEST, endOfPath(pathBytes, pathStart, pathEnd));
  const odds = new Map<string, number>();
  for (const share of found) {
    for (const { choice, odds: part } of choiceShares(share, REQUEST)) {
      const name = choice?.name ?? "none";
      odds.set(name, (odds.get(name) ?? 0) + part);
    }
  }
  return odds;
}

/** Cluster -> share of all numbers below `period`, by the table itself. */
function counted(routes: string, period: number): Map<string, number> {
  const table = createRoutes(routes);
  const counts = new Map<string, number>();
  for (let random = 0; random < period; random += 1) {
    const entry = table.match(REQUEST, random);
    const name =
      (entry === undefined ? undefined : pickCluster(entry, random, REQUEST)?.name) ?? "none";
    counts.set(name, (counts.get(name) ?? 0) + 1 / period);
  }
  return counts;
}

function expectSame(actual: Map<string, number>, wanted: Map<string, number>): void {
  const round = (odds: Map<string, number>) =>
    Object.fromEntries([...odds].sort().map(([name, value]) => [name, value.toFixed(9)]));
  expect(round(actual)).toEqual(round(wanted));
}

const percent = (value: number): string =>
  `runtime_fraction: { default_value: { numerator: ${value} } }`;

test("routeShares of a route for every request gives it all", () => {
  expectSame(shares(`- match: { prefix: / }\n  route: { cluster: a }`), new Map([["a", 1]]));
});

test("routeShares of no route that matches says so", () => {
  expectSame(shares(`- match: { path: /b }\n  route: { cluster: a }`), new Map([["none", 1]]));
});

test("routeShares counts a fraction once, and what is left for the next", () => {
  const routes = `
- match: { prefix: /, ${percent(30)} }
  route: { cluster: a }
- match: { prefix: /, ${percent(50)} }
  route: { cluster: b }
- match: { prefix: / }
  route: { cluster: c }`;
  // The same dice: who is not below 30 and below 50 is a fifth, not 35 %.
  const odds = shares(routes);
  expectSame(odds, new Map(Object.entries({ a: 0.3, b: 0.2, c: 0.5 })));
  expectSame(odds, counted(routes, 100));
});

test("choiceShares knows that the dice of fraction and weights are one", () => {
  const routes = `
- match: { prefix: /, ${percent(50)} }
  route: { weighted_clusters: { clusters: [{ name: a, weight: 50 }, { name: b, weight: 50 }] } }
- match: { prefix: / }
  route: { cluster: c }`;
  // Of 0 to 99 the route takes the lower half, and of that half every one is below 50 again.
  expectSame(shares(routes), new Map(Object.entries({ a: 0.5, c: 0.5 })));
});

const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 });
const route = fc.record({
  matches: fc.boolean(),
  fraction: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  weights: weights.filter((list) => list.some((weight) => weight > 0)),
});

test("shares are what the table does with every number, for any fractions and weights", () => {
  fc.assert(
    fc.property(fc.array(route, { minLength: 1, maxLength: 4 }), (list) => {
      const routes = list
        .map(({ matches, fraction, weights: parts }, i) => {
          const dice = fraction === undefined ? "" : `, ${percent(fraction)}`;
          const clusters = parts.map((weight, j) => `{ name: c${i}${j}, weight: ${weight} }`);
          return `- match: { prefix: ${matches ? "/a" : "/z"}${dice} }
  route: { weighted_clusters: { clusters: [${clusters.join(", ")}] } }`;
        })
        .join("\n");
      const totals = list.map(({ weights: parts }) => parts.reduce((sum, part) => sum + part, 0));
      // A multiple of every modulus that the table uses.
      const period = totals.reduce(leastCommonMultiple, 100);
      if (period > 200_000) return;
      expectSame(shares(routes), counted(routes, period));
    }),
    { numRuns: 60 },
  );
});

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a * b) / divisor(a, b);
}
