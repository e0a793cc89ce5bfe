import { describe, expect, test } from "bun:test";
import { HEALTH_FLAG } from "./host.ts";
import { HostTable } from "./host-table.ts";
import { clusterInfo, endpoint, locality } from "./testing/upstream-fixtures.ts";

const A = "127.77.3.1:80";
const B = "127.77.3.2:80";

describe("HostTable", () => {
  test("keeps the host of an address that stays, whatever else changes", () => {
    const table = new HostTable(clusterInfo());
    const before = table.update([locality([endpoint(A), endpoint(B)])]).groups[0]?.hosts;
    const moved = locality([endpoint(A, { weight: 3 })], { zone: "z", priority: 1 });
    const { groups, isChanged } = table.update([moved, locality([endpoint(B)])]);
    expect(isChanged).toBe(true);
    expect(groups[0]?.hosts[0]).toBe(before?.[0] as never);
    expect(groups[1]?.hosts[0]).toBe(before?.[1] as never);
    expect(before?.[0]).toMatchObject({ weight: 3, priority: 1, locality: { zone: "z" } });
  });

  test.each([
    ["nothing", [endpoint(A), endpoint(B)], false],
    // Seen on Envoy 1.40: update_no_rebuild.
    ["only the order", [endpoint(B), endpoint(A)], false],
    ["a weight", [endpoint(A, { weight: 2 }), endpoint(B)], true],
    ["health", [endpoint(A, { health: "unhealthy" }), endpoint(B)], true],
    ["a host name", [endpoint(A, { hostname: "a" }), endpoint(B)], true],
    ["metadata", [endpoint(A, { metadata: { "envoy.lb": { v: 1 } } }), endpoint(B)], true],
    ["a host more", [endpoint(A), endpoint(B), endpoint("127.77.3.3:80")], true],
    ["a host less", [endpoint(A)], true],
    ["an address", [endpoint(A), endpoint("127.77.3.3:80")], true],
  ])("says whether anything changed: %s", (_, members, expected) => {
    const table = new HostTable(clusterInfo());
    table.update([locality([endpoint(A), endpoint(B)])]);
    expect(table.update([locality(members)]).isChanged).toBe(expected);
    expect(table.update([locality(members)]).isChanged).toBe(false);
  });

  test("an address given twice is one host, the first", () => {
    const table = new HostTable(clusterInfo());
    const twice = [endpoint(A, { weight: 5 }), endpoint(A, { weight: 7 })];
    const { groups } = table.update([locality(twice), locality([endpoint(A)], { priority: 1 })]);
    expect(groups.map(({ hosts }) => hosts.map(({ weight }) => weight))).toEqual([[5], []]);
  });

  test("an ejection outlives what the control plane says of health", () => {
    const table = new HostTable(clusterInfo());
    const host = table.update([locality([endpoint(A)])]).groups[0]?.hosts[0];
    host?.setHealthFlag(HEALTH_FLAG.failed_outlier_check);
    table.update([locality([endpoint(A, { health: "unhealthy" })])]);
    table.update([locality([endpoint(A, { health: "healthy" })])]);
    expect(host?.healthFlags).toBe(HEALTH_FLAG.failed_outlier_check);
  });

  test("marks canaries, and writes IPv6 in brackets", () => {
    const table = new HostTable(clusterInfo());
    const canary = endpoint("::1:80", { metadata: { "envoy.lb": { canary: true } } });
    const host = table.update([locality([canary])]).groups[0]?.hosts[0];
    expect(host?.isCanary).toBe(true);
    expect(host?.addressText).toBe("[::1]:80");
  });
});
