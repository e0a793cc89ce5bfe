// The configuration that a proxy would have of a folder, as commands load it without a mesh.
import { describe, expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { systemFiles } from "#io/bun/files.ts";
import { loadFolderConfiguration } from "./folder-configuration.ts";

const BOOK_SHOP = `${import.meta.dir}/../../../examples/bookinfo`;
const time = new FakeTime();
const ports = { files: systemFiles, clock: time, timers: time };

const load = (
  from: string | undefined,
  folder = BOOK_SHOP,
): ReturnType<typeof loadFolderConfiguration> => loadFolderConfiguration(ports, folder, { from });

describe("loadFolderConfiguration", () => {
  test.each([
    [undefined, "client"],
    ["ns/shop", "client"],
    ["reviews-v2-1", "reviews-v2-1"],
    ["reviews-v2-1.default", "reviews-v2-1"],
    ["reviews-v2", "reviews-v2-1"],
    ["productpage", "productpage-v1-1"],
    ["gateway", "gateway"],
    ["ingressgateway", "gateway"],
    ["host", "host"],
  ])("from %p is %s", async (from, name) => {
    const loaded = await load(from);
    expect(loaded.kind === "loaded" ? loaded.from.proxy.name : loaded.message).toBe(name);
  });

  test("holds what the proxy would: every version of reviews has its instance, healthy", async () => {
    const loaded = await load("productpage-v1");
    if (loaded.kind !== "loaded") throw new Error(loaded.message);
    const { clusters, endpoints, routes, listeners, bootstrap } = loaded.configuration;
    const name = "outbound|9080|v3|reviews.default.svc.cluster.local";
    expect(clusters.some((cluster) => cluster.name === name)).toBe(true);
    const assignment = endpoints.find(({ clusterName }) => clusterName === name);
    expect(assignment?.endpoints.flatMap(({ lbEndpoints }) => lbEndpoints)).toHaveLength(1);
    expect(routes.map((route) => route.name)).toContain("http_proxy");
    expect(listeners.length).toBeGreaterThan(1);
    expect(bootstrap?.node?.id).toStartWith("sidecar~127.0.1.3~productpage-v1-1.default~");
    expect(loaded.world.problems).toEqual([]);
  });

  test("an unknown workload is refused with the nearest one", async () => {
    expect(await load("reviewz-v2")).toEqual({
      kind: "failed",
      message: 'No workload "reviewz-v2" in the folder: did you mean reviews-v2?',
      isUnreadable: false,
    });
  });

  test("a folder that is not there is unreadable", async () => {
    const loaded = await load(undefined, "/nowhere");
    expect(loaded).toMatchObject({ kind: "failed", isUnreadable: true });
  });
});
