// What every load balancer must do, run against each of them, alone and behind priorities and panic.
import { describe, expect, test } from "bun:test";
import { createSeededRandom } from "#base/random.ts";
import type { LoadBalancerConfig } from "../../config/cluster-config.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { HEALTH_FLAG, type Host } from "../host.ts";
import { HostSelector } from "../host-selector.ts";
import { HostSet } from "../host-set.ts";
import { NO_PICK_CONTEXT } from "../pick-context.ts";
import { clusterInfo, hostsOfWeights } from "../testing/upstream-fixtures.ts";
import { loadBalancerFactory } from "./create-load-balancer.ts";
import type { LoadBalancer } from "./load-balancer.ts";

interface Case {
  readonly name: string;
  readonly config: LoadBalancerConfig;
  /** Share of picks that a host of weight 1, 2, 3 gets when nothing is active; with what may be off by chance. */
  readonly weighted: { readonly shares: readonly number[]; readonly tolerance: number };
  /** Most that any host may get beyond an equal share of 3,000 picks. */
  readonly spread: number;
}

const IN_PROPORTION = [1 / 6, 2 / 6, 3 / 6];
const CASES: readonly Case[] = [
  {
    name: "round robin",
    config: { kind: "roundRobin" },
    weighted: { shares: IN_PROPORTION, tolerance: 0.001 },
    spread: 1,
  },
  {
    name: "random",
    config: { kind: "random" },
    // Envoy's random does not look at weights.
    weighted: { shares: [1 / 3, 1 / 3, 1 / 3], tolerance: 0.04 },
    spread: 150,
  },
  {
    name: "least request",
    config: { kind: "leastRequest", choiceCount: 2, activeRequestBias: 1 },
    weighted: { shares: IN_PROPORTION, tolerance: 0.001 },
    spread: 150,
  },
  {
    name: "least request without bias",
    config: { kind: "leastRequest", choiceCount: 5, activeRequestBias: 0 },
    weighted: { shares: IN_PROPORTION, tolerance: 0.001 },
    spread: 150,
  },
];

function create(config: LoadBalancerConfig, hosts: readonly Host[], seed = 1): LoadBalancer {
  const balancer = loadBalancerFactory(config)(createSeededRandom(seed));
  balancer.update(hosts);
  return balancer;
}

function take(balancer: LoadBalancer, count: number): readonly (Host | undefined)[] {
  return Array.from({ length: count }, () => balancer.pick());
}

function countBy(picked: readonly (Host | undefined)[], hosts: readonly Host[]): number[] {
  return hosts.map((host) => picked.filter((other) => other === host).length);
}

describe.each(CASES)("$name", ({ config, weighted, spread }) => {
  test("picks nothing before it has hosts, and nothing of an empty list", () => {
    const balancer = loadBalancerFactory(config)(createSeededRandom(1));
    expect(balancer.pick()).toBeUndefined();
    balancer.update([]);
    expect(balancer.pick()).toBeUndefined();
    balancer.update(hostsOfWeights([1]));
    balancer.update([]);
    expect(balancer.pick()).toBeUndefined();
  });

  test("picks the only host every time, whatever its weight", () => {
    const hosts = hostsOfWeights([7]);
    expect(new Set(take(create(config, hosts), 50))).toEqual(new Set(hosts));
  });

  test("uses equal hosts equally", () => {
    const hosts = hostsOfWeights([5, 5, 5, 5]);
    const counts = countBy(take(create(config, hosts), 3000), hosts);
    for (const count of counts) expect(Math.abs(count - 750)).toBeLessThanOrEqual(spread);
  });

  test("honours weights 1:2:3", () => {
    const hosts = hostsOfWeights([1, 2, 3]);
    const counts = countBy(take(create(config, hosts), 6000), hosts);
    for (const [index, share] of weighted.shares.entries()) {
      expect(Math.abs((counts[index] ?? 0) / 6000 - share)).toBeLessThanOrEqual(weighted.tolerance);
    }
  });

  test("honours a weight that changes, from the next update on", () => {
    const before = hostsOfWeights([1, 1]);
    const after = hostsOfWeights([1, 3]);
    const balancer = create(config, before);
    take(balancer, 10);
    balancer.update(after);
    const counts = countBy(take(balancer, 4000), after);
    const share = config.kind === "random" ? 1 / 2 : 3 / 4;
    expect(Math.abs((counts[1] ?? 0) / 4000 - share)).toBeLessThan(0.03);
  });

  test("takes an update between any two picks, and never picks a host that left", () => {
    const all = hostsOfWeights([1, 2, 3, 4, 5, 6]);
    const balancer = create(config, all);
    for (let round = 0; round < 200; round += 1) {
      const members = all.filter((_, index) => ((round * 7) >> index) % 2 === 0);
      balancer.update(members);
      const host = balancer.pick();
      if (members.length === 0) expect(host).toBeUndefined();
      else expect(members).toContain(host as Host);
    }
  });

  test("repeats itself under the same seed", () => {
    const hosts = hostsOfWeights([1, 1, 1, 1, 1]);
    expect(take(create(config, hosts, 9), 100)).toEqual(take(create(config, hosts, 9), 100));
    const heavy = hostsOfWeights([3, 1, 4, 1, 5]);
    expect(take(create(config, heavy, 9), 100)).toEqual(take(create(config, heavy, 9), 100));
  });

  test("does not begin with the same host under every seed", () => {
    const hosts = hostsOfWeights([1, 1, 1, 1, 1]);
    const first = new Set(
      Array.from({ length: 40 }, (_, seed) => create(config, hosts, seed).pick()),
    );
    expect(first.size).toBeGreaterThan(2);
    const heavy = hostsOfWeights([2, 1, 2, 1, 2]);
    const starts = new Set(
      Array.from({ length: 40 }, (_, seed) =>
        take(create(config, heavy, seed), 3)
          .map((host) => host?.addressText)
          .join(),
      ),
    );
    expect(starts.size).toBeGreaterThan(2);
  });

  test("goes on where it was when the same hosts come again", () => {
    const hosts = hostsOfWeights([1, 1, 1]);
    const left = create(config, hosts, 4);
    const right = create(config, hosts, 4);
    expect(take(left, 5)).toEqual(take(right, 5));
    right.update([...hosts]);
    expect(take(left, 10)).toEqual(take(right, 10));
  });

  test("uses all hosts in panic, and none when panic is off and all are unhealthy", () => {
    const hosts = hostsOfWeights([1, 1, 1]);
    for (const host of hosts) host.setHealthFlag(HEALTH_FLAG.failed_eds_health);
    for (const [healthyPanicPercent, expected] of [
      [50, hosts],
      [0, [undefined]],
    ] as const) {
      const info = clusterInfo({ loadBalancer: config, healthyPanicPercent });
      const selector = new HostSelector(info.config, info.stats, createSeededRandom(2));
      const set = new HostSet();
      const place = { region: "", zone: "", subZone: "" };
      set.replace([{ locality: place, weight: undefined, priority: 0, hosts }], 140);
      selector.refresh(set);
      const picked = Array.from({ length: 100 }, () => selector.pick(NO_PICK_CONTEXT));
      expect(new Set(picked)).toEqual(new Set<Host | undefined>(expected));
      expect(info.stats.value(CLUSTER.lb_healthy_panic)).toBe(healthyPanicPercent === 0 ? 0 : 100);
    }
  });
});
