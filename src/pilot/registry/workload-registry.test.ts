import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { parseObjects } from "../config/parse-objects.ts";
import type { ConfigObject } from "../model/object.ts";
import { parseProxy } from "../model/parse-proxy.ts";
import type { Proxy } from "../model/proxy.ts";
import {
  WORKLOAD_ENTRY_GRACE_PERIOD_MS as GRACE_MS,
  WorkloadRegistry,
} from "./workload-registry.ts";

function group(name: string, spec: string): ConfigObject<"WorkloadGroup"> {
  const text = `{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: ${name}}, spec: ${spec}}`;
  const [object] = parseObjects(text, "f").objects;
  return object as ConfigObject<"WorkloadGroup">;
}

const REVIEWS = group(
  "reviews-v1",
  "{metadata: {labels: {app: reviews, version: v1}}, template: {labels: {version: v0, tier: back}, ports: {http: 9080, admin: 9081}, weight: 3, locality: r/z, serviceAccount: reviews}}",
);

function proxy(name: string, address: string, metadata: Record<string, unknown> = {}): Proxy {
  const node = create(NodeSchema, {
    id: `sidecar~${address}~${name}.default~default.svc.cluster.local`,
    metadata: { AUTO_REGISTER_GROUP: "reviews-v1", ...metadata } as never,
  });
  return parseProxy(node).proxy;
}

function registryWith(...groups: ConfigObject<"WorkloadGroup">[]): {
  registry: WorkloadRegistry;
  groups: ConfigObject<"WorkloadGroup">[];
} {
  const registry = new WorkloadRegistry((_namespace, name) => groups.find((g) => g.name === name));
  return { registry, groups };
}

const names = (registry: WorkloadRegistry): string[] =>
  registry.instances().map(({ name }) => name);

test("a proxy that names its group becomes an instance, made from the template and what it knows better", () => {
  const { registry } = registryWith(REVIEWS);
  expect(
    registry.handleConnected(proxy("r1", "127.0.1.1", { LABELS: { color: "black", tier: "own" } })),
  ).toBe(true);
  expect(registry.instances()).toEqual([
    {
      namespace: "default",
      name: "r1",
      address: "127.0.1.1",
      ports: { http: 9080, admin: 9081 },
      labels: { app: "reviews", version: "v1", tier: "own", color: "black" },
      locality: { region: "r", zone: "z", subZone: "" },
      weight: 3,
      network: "",
      serviceAccount: "reviews",
      health: "healthy",
    },
  ]);
});

test("a proxy that names its program's ports is reached at its own inbound listeners, in the order of port names", () => {
  const { registry } = registryWith(REVIEWS);
  registry.handleConnected(
    proxy("r1", "127.0.1.1", {
      SAMPAN_WORKLOAD_PORTS: { http: 20001, admin: 20002, metrics: 20003 },
    }),
  );
  expect(registry.instances()[0]?.ports).toEqual({ admin: 15006, http: 15101, metrics: 15102 });
});

test("an instance stays for the grace period after its last stream, and leaves with it", () => {
  const { registry } = registryWith(REVIEWS);
  const r1 = proxy("r1", "127.0.1.1");
  registry.handleConnected(r1);
  registry.handleConnected(r1); // a second worker
  registry.handleDisconnected(r1, 1000);
  expect(registry.nextTimeoutMs()).toBeUndefined();
  registry.handleDisconnected(r1, 2000);
  expect(registry.nextTimeoutMs()).toBe(2000 + GRACE_MS);
  expect(registry.handleTimeout(2000 + GRACE_MS - 1)).toBe(false);
  expect(names(registry)).toEqual(["r1"]);
  expect(registry.handleTimeout(2000 + GRACE_MS)).toBe(true);
  expect(names(registry)).toEqual([]);
});

test("a reconnect within the grace period changes nothing, also when the new stream comes before the old one goes", () => {
  const { registry } = registryWith(REVIEWS);
  const r1 = proxy("r1", "127.0.1.1");
  registry.handleConnected(r1);
  const [before] = registry.instances();
  registry.handleDisconnected(r1, 1000);
  expect(registry.handleConnected(proxy("r1", "127.0.1.1"))).toBe(false);
  registry.handleConnected(r1);
  registry.handleDisconnected(r1, 6001);
  expect(registry.handleTimeout(60_000)).toBe(false);
  expect(registry.instances()[0]).toBe(before as never);
});

test("a proxy that comes back with other labels is updated", () => {
  const { registry } = registryWith(REVIEWS);
  registry.handleConnected(proxy("r1", "127.0.1.1"));
  registry.handleDisconnected(proxy("r1", "127.0.1.1"), 1);
  expect(registry.handleConnected(proxy("r1", "127.0.1.1", { LABELS: { version: "v9" } }))).toBe(
    true,
  );
  expect(registry.instances()[0]?.labels["version"]).toBe("v9");
});

test("a proxy waits for a group that does not exist yet, and leaves when the group goes", () => {
  const { registry, groups } = registryWith();
  const r1 = proxy("r1", "127.0.1.1");
  expect(registry.handleConnected(r1)).toBe(false);
  expect(registry.unregistered()).toEqual([
    { proxy: r1, reason: "WorkloadGroup default/reviews-v1 does not exist" },
  ]);
  groups.push(REVIEWS);
  expect(registry.handleGroupsChanged()).toBe(true);
  expect(names(registry)).toEqual(["r1"]);
  expect(registry.handleGroupsChanged()).toBe(false);
  groups.length = 0;
  expect(registry.handleGroupsChanged()).toBe(true);
  expect(names(registry)).toEqual([]);
});

test("an instance whose health is reported is not healthy before the first report, and keeps it when it reconnects", () => {
  const { registry } = registryWith(REVIEWS);
  const r1 = proxy("r1", "127.0.1.1", { SAMPAN_REPORTS_HEALTH: "true" });
  const health = (): string | undefined => registry.instances()[0]?.health;
  registry.handleConnected(r1);
  expect(health()).toBe("unhealthy");
  registry.setHealth("default", "r1", true);
  expect(health()).toBe("healthy");
  registry.handleDisconnected(r1, 1);
  registry.handleConnected(r1);
  expect(health()).toBe("healthy");
});

test("of two instances with one name, one that replaces the other, health is told by address", () => {
  const { registry } = registryWith(REVIEWS);
  registry.handleConnected(proxy("r1", "127.0.1.1"));
  registry.handleConnected(proxy("r1", "127.0.1.2"));
  expect(registry.setHealth("default", "r1", false, "127.0.1.1")).toBe("changed");
  expect(registry.setHealth("default", "r1", false, "127.0.1.3")).toBe("unknown");
  expect(registry.instances().map(({ address, health }) => `${address} ${health}`)).toEqual([
    "127.0.1.1 unhealthy",
    "127.0.1.2 healthy",
  ]);
});

test("health is the instance's own, and outlives a change of its group", () => {
  const { registry, groups } = registryWith(REVIEWS);
  registry.handleConnected(proxy("r1", "127.0.1.1"));
  registry.handleConnected(proxy("r2", "127.0.1.2"));
  expect(registry.setHealth("default", "r1", true)).toBe("unchanged");
  expect(registry.setHealth("default", "r1", false)).toBe("changed");
  expect(registry.setHealth("default", "nobody", false)).toBe("unknown");
  expect(registry.setHealth("other", "r1", false)).toBe("unknown");
  groups[0] = group("reviews-v1", "{template: {weight: 9}}");
  registry.handleGroupsChanged();
  expect(registry.instances().map(({ health, weight }) => [health, weight])).toEqual([
    ["unhealthy", 9],
    ["healthy", 9],
  ]);
});

test("a proxy without an address or without a group is no instance, and nothing breaks when it goes", () => {
  const { registry } = registryWith(REVIEWS);
  const nameless = proxy("r1", "nowhere");
  expect(registry.handleConnected(nameless)).toBe(false);
  expect(registry.unregistered()[0]?.reason).toBe("its node names no address");
  registry.handleDisconnected(nameless, 1);
  expect(registry.unregistered()).toEqual([]);
  const alone = { ...proxy("r1", "127.0.1.1"), autoRegisterGroup: undefined };
  expect(registry.handleConnected(alone)).toBe(false);
  registry.handleDisconnected(alone, 1);
  expect(registry.instances()).toEqual([]);
});

test("under any comings and goings exactly those are listed that are connected or in their grace period", () => {
  const who = fc.constantFrom("a", "b", "c");
  const event = fc.record({
    who,
    does: fc.constantFrom("connect", "disconnect"),
    afterMs: fc.constantFrom(1, 5000, GRACE_MS),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { registry } = registryWith(REVIEWS);
      const streams = new Map<string, number>();
      const leftAt = new Map<string, number>();
      let nowMs = 0;
      for (const { who: name, does, afterMs } of events) {
        nowMs += afterMs;
        const known = registry.instances();
        const changed = registry.handleTimeout(nowMs);
        expect(registry.instances() === known).toBe(!changed);
        const count = streams.get(name) ?? 0;
        if (does === "connect") {
          registry.handleConnected(proxy(name, "127.0.1.1"));
          streams.set(name, count + 1);
        } else if (count > 0) {
          registry.handleDisconnected(proxy(name, "127.0.1.1"), nowMs);
          streams.set(name, count - 1);
          if (count === 1) leftAt.set(name, nowMs);
        }
        const there = ["a", "b", "c"].filter(
          (n) => (streams.get(n) ?? 0) > 0 || nowMs < (leftAt.get(n) ?? -GRACE_MS) + GRACE_MS,
        );
        expect(names(registry)).toEqual(there);
      }
    }),
  );
});
