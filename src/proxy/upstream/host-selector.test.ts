import { describe, expect, test } from "bun:test";
import { createSeededRandom } from "#base/random.ts";
import type { ClusterConfig, EndpointConfig, LocalityConfig } from "../config/cluster-config.ts";
import type { Host } from "./host.ts";
import { HostSelector } from "./host-selector.ts";
import { HostSet } from "./host-set.ts";
import { HostTable } from "./host-table.ts";
import { NO_PICK_CONTEXT } from "./pick-context.ts";
import { clusterInfo, endpoint, locality } from "./testing/upstream-fixtures.ts";

/** A selector over these localities, and the last part of the addresses that it picks ("1" for 127.77.3.1). */
function selectorOf(
  localities: readonly LocalityConfig[],
  given: Partial<ClusterConfig> = {},
): { readonly selector: HostSelector; picks(count: number): string[] } {
  const info = clusterInfo(given);
  const set = new HostSet();
  set.replace(new HostTable(info).update(localities).groups, 140);
  const selector = new HostSelector(info.config, info.stats, createSeededRandom(5));
  selector.refresh(set);
  return {
    selector,
    picks: (count) => Array.from({ length: count }, () => nameOf(selector.pick(NO_PICK_CONTEXT))),
  };
}

const nameOf = (host: Host | undefined): string => host?.address.host.split(".")[3] ?? "-";
const member = (last: number, health: EndpointConfig["health"] = "unknown"): EndpointConfig =>
  endpoint(`127.77.3.${last}:80`, { health });

function shareOf(picked: readonly string[], name: string): number {
  return picked.filter((other) => other === name).length / picked.length;
}

describe("priorities", () => {
  test("the second priority is used only as the first loses hosts", () => {
    const all = [locality([member(1)]), locality([member(2)], { priority: 1 })];
    expect(new Set(selectorOf(all).picks(50))).toEqual(new Set(["1"]));
    const first = [member(1), member(3, "unhealthy"), member(4, "unhealthy")];
    const { picks } = selectorOf([locality(first), locality([member(2)], { priority: 1 })]);
    // One of three healthy at a factor of 140: 46 % stay.
    expect(Math.abs(shareOf(picks(4000), "1") - 0.46)).toBeLessThan(0.03);
  });

  test("degraded hosts get what healthy ones cannot take", () => {
    const { picks } = selectorOf([locality([member(1), member(2, "degraded")])]);
    const picked = picks(4000);
    // Seen on Envoy 1.40 with 1 healthy and 1 degraded of 4 counted: 50 and 50; here 70 % and 30 %.
    expect(Math.abs(shareOf(picked, "1") - 0.7)).toBeLessThan(0.03);
    expect(shareOf(picked, "1") + shareOf(picked, "2")).toBe(1);
  });

  test("a priority without hosts in the middle is passed over", () => {
    const { picks } = selectorOf([
      locality([member(1, "unhealthy")]),
      locality([member(3)], { priority: 2 }),
    ]);
    expect(new Set(picks(20))).toEqual(new Set(["3"]));
  });

  test("hosts that drain get nothing and do not count as lost", () => {
    const { picks } = selectorOf([
      locality([member(1), member(2, "draining"), member(3, "draining")]),
    ]);
    expect(new Set(picks(20))).toEqual(new Set(["1"]));
  });

  test("priorities that shrink away leave nothing behind", () => {
    const info = clusterInfo();
    const table = new HostTable(info);
    const set = new HostSet();
    const selector = new HostSelector(info.config, info.stats, createSeededRandom(5));
    const second = locality([member(2)], { priority: 1 });
    set.replace(table.update([locality([]), second]).groups, 140);
    selector.refresh(set);
    expect(nameOf(selector.pick(NO_PICK_CONTEXT))).toBe("2");
    set.replace(table.update([locality([])]).groups, 140);
    selector.refresh(set);
    expect(nameOf(selector.pick(NO_PICK_CONTEXT))).toBe("-");
  });
});

describe("locality weights", () => {
  const zones = [
    locality([member(1)], { zone: "z1", weight: 3 }),
    locality([member(2)], { zone: "z2", weight: 1 }),
    locality([member(3)], { zone: "z3" }),
  ];

  // Seen on Envoy 1.40: h1h2h1h1h1h2h1h1h1h2h1h1h1h2h1h1, and never the host of the locality without weight.
  test("localities take turns by weight; one without weight gets nothing", () => {
    const { picks } = selectorOf(zones, { localityWeighted: true });
    const picked = picks(16);
    expect(picked.filter((name) => name === "1")).toHaveLength(12);
    expect(picked.filter((name) => name === "2")).toHaveLength(4);
    for (let start = 0; start < 16; start += 4) {
      expect(picked.slice(start, start + 4).filter((name) => name === "2")).toHaveLength(1);
    }
  });

  test("without locality_weighted_lb_config the weights are not looked at", () => {
    expect(shareOf(selectorOf(zones).picks(300), "3")).toBeCloseTo(1 / 3, 2);
  });

  test("a locality that loses hosts keeps its weight while enough are left, and then loses it in proportion", () => {
    const half = [member(1), member(4, "unhealthy")];
    const other = locality([member(2)], { zone: "z2", weight: 1 });
    const { picks } = selectorOf([locality(half, { zone: "z1", weight: 1 }), other], {
      localityWeighted: true,
    });
    // One of two at a factor of 140 counts 0.7: 0.7 of 1.7.
    expect(Math.abs(shareOf(picks(4000), "1") - 0.7 / 1.7)).toBeLessThan(0.01);
  });

  test("localities without any weight are used like one", () => {
    const { picks } = selectorOf(
      [locality([member(1)], { zone: "z1" }), locality([member(2)], { zone: "z2" })],
      { localityWeighted: true },
    );
    expect(shareOf(picks(100), "1")).toBe(0.5);
  });
});

describe("retries", () => {
  test("a host to avoid is passed over while picks are left; the last pick counts", () => {
    const { selector } = selectorOf([locality([member(1), member(2)])]);
    const avoiding = (name: string, hostSelectionRetryCount: number) => ({
      hostSelectionRetryCount,
      shouldAvoid: (host: Host) => name === "all" || nameOf(host) === name,
      originalDestination: undefined,
    });
    for (let round = 0; round < 10; round += 1) {
      expect(nameOf(selector.pick(avoiding("1", 1)))).toBe("2");
      selector.pick(NO_PICK_CONTEXT);
    }
    expect(selector.pick(avoiding("all", 5))).toBeDefined();
    // Attempt 0 asks nobody.
    const first = Array.from({ length: 4 }, () => nameOf(selector.pick(avoiding("1", 0))));
    expect(first.sort()).toEqual(["1", "1", "2", "2"]);
  });
});

test("HostSelector keeps the turn of round robin over updates", () => {
  const info = clusterInfo();
  const table = new HostTable(info);
  const set = new HostSet();
  const selector = new HostSelector(info.config, info.stats, createSeededRandom(5));
  const members = [member(1), member(2), member(3)];
  const picked: string[] = [];
  for (let weight = 1; weight <= 9; weight += 1) {
    // A change that is none for the turns: all weights grow together.
    const heavier = members.map((one) => ({ ...one, weight }));
    set.replace(table.update([locality(heavier)]).groups, 140);
    selector.refresh(set);
    picked.push(nameOf(selector.pick(NO_PICK_CONTEXT)));
  }
  expect(picked.join("").repeat(2)).toContain("123123123");
});
