import { expect, test } from "bun:test";
import { createSeededRandom } from "#base/random.ts";
import { pickCluster } from "./pick-cluster.ts";
import type { RouteEntry } from "./route-entry.ts";
import { createRequest } from "./testing/request.ts";
import { createRoutes } from "./testing/table.ts";

function entryOf(action: string): RouteEntry {
  const entry = createRoutes(`- {match: {prefix: /}, ${action}}`).match(createRequest(), 0);
  if (entry === undefined) throw new Error("no route");
  return entry;
}

const weighted = (...weights: number[]): RouteEntry => {
  const clusters = weights.map((weight, i) => `{name: c${i}, weight: ${weight}}`);
  return entryOf(`route: {weighted_clusters: {clusters: [${clusters.join(", ")}]}}`);
};

test.each([
  [[80, 20], 0, "c0"],
  [[80, 20], 79, "c0"],
  [[80, 20], 80, "c1"],
  [[80, 20], 99, "c1"],
  [[80, 20], 100, "c0"],
  [[0, 1], 0, "c1"],
  [[1, 0, 1], 1, "c2"],
  [[1, 2, 3], 3, "c2"],
  [[4_000_000_000, 1], 4_000_000_000, "c1"],
] as [number[], number, string][])(
  "weights %j with dice %d pick %s",
  (weights, random, expected) => {
    expect(pickCluster(weighted(...weights), random, createRequest())?.name).toBe(expected);
  },
);

test("weights are kept in proportion", () => {
  const weights = [50, 30, 15, 5];
  const entry = weighted(...weights);
  const random = createSeededRandom(3);
  const counts = new Map<string, number>();
  const head = createRequest();
  const draws = 100_000;
  for (let i = 0; i < draws; i += 1) {
    const name = pickCluster(entry, random.u32(), head)?.name ?? "none";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  let chiSquare = 0;
  for (const [i, weight] of weights.entries()) {
    const expected = (draws * weight) / 100;
    chiSquare += ((counts.get(`c${i}`) ?? 0) - expected) ** 2 / expected;
  }
  expect(counts.size).toBe(4);
  expect(chiSquare).toBeLessThan(16.3); // p = 0.001 at 3 degrees of freedom
});

test("a single cluster needs no dice", () => {
  const entry = entryOf("route: {cluster: only}");
  expect(pickCluster(entry, 0xffff_ffff, createRequest())).toBe(entry.choices[0] as never);
});

test("cluster_header names the cluster, or there is none", () => {
  const entry = entryOf("route: {cluster_header: x-cluster}");
  const head = createRequest({ headers: [["x-cluster", "blue"]] });
  expect(pickCluster(entry, 0, head)?.name).toBe("blue");
  expect(pickCluster(entry, 0, createRequest())).toBeUndefined();
  expect(pickCluster(entry, 0, createRequest({ headers: [["x-cluster", ""]] }))).toBeUndefined();
  const byHost = entryOf("route: {cluster_header: ':authority'}");
  expect(pickCluster(byHost, 0, createRequest({ host: "green" }))?.name).toBe("green");
});

test("a route that answers by itself has no cluster", () => {
  expect(
    pickCluster(entryOf("direct_response: {status: 200}"), 0, createRequest()),
  ).toBeUndefined();
});
