import { describe, expect, test } from "bun:test";
import { createSeededRandom } from "#base/random.ts";
import type { Host } from "../host.ts";
import { hostsOfWeights } from "../testing/upstream-fixtures.ts";
import { LeastRequest } from "./least-request.ts";

function create(hosts: readonly Host[], choiceCount = 2, activeRequestBias = 1): LeastRequest {
  const balancer = new LeastRequest(createSeededRandom(3), { choiceCount, activeRequestBias });
  balancer.update(hosts);
  return balancer;
}

/** Sets how many requests each host has to do. */
function busy(hosts: readonly Host[], ...active: readonly number[]): void {
  for (const [index, host] of hosts.entries()) host.stats.rqActive = active[index] ?? 0;
}

function shares(balancer: LeastRequest, hosts: readonly Host[], count: number): number[] {
  const picked = Array.from({ length: count }, () => balancer.pick());
  return hosts.map((host) => picked.filter((other) => other === host).length / count);
}

describe("LeastRequest with equal weights", () => {
  test("gives the busier of two hosts only what falls to it twice: a quarter", () => {
    const hosts = hostsOfWeights([1, 1]);
    busy(hosts, 5, 4);
    const [busier] = shares(create(hosts), hosts, 8000);
    expect(Math.abs((busier ?? 0) - 0.25)).toBeLessThan(0.02);
  });

  test("with more choices avoids it more", () => {
    const hosts = hostsOfWeights([1, 1]);
    busy(hosts, 5, 4);
    const [busier] = shares(create(hosts, 5), hosts, 8000);
    expect(Math.abs((busier ?? 0) - 1 / 32)).toBeLessThan(0.01);
  });

  test("evens out: hosts that never finish have equally much to do in the end", () => {
    const hosts = hostsOfWeights(new Array<number>(8).fill(1));
    const balancer = create(hosts);
    for (let i = 0; i < 8000; i += 1) {
      const host = balancer.pick();
      if (host !== undefined) host.stats.rqActive += 1;
    }
    // Two choices keep the fullest within a few of the mean, where one choice would be about 80 off.
    for (const host of hosts) expect(Math.abs(host.activeRequests - 1000)).toBeLessThan(10);
  });
});

describe("LeastRequest with unequal weights", () => {
  test("a host of twice the weight with one request to do counts like an idle one of half", () => {
    const hosts = hostsOfWeights([2, 1]);
    busy(hosts, 1, 0);
    expect(shares(create(hosts), hosts, 1000)).toEqual([0.5, 0.5]);
  });

  test("the bias says how much load counts: 0 not at all, 2 by its square", () => {
    const hosts = hostsOfWeights([2, 1]);
    busy(hosts, 1, 0);
    const [unbiased] = shares(create(hosts, 2, 0), hosts, 3000);
    expect(Math.abs((unbiased ?? 0) - 2 / 3)).toBeLessThan(0.001);
    const [squared] = shares(create(hosts, 2, 2), hosts, 3000);
    expect(Math.abs((squared ?? 0) - 1 / 3)).toBeLessThan(0.001);
  });
});
