import { describe, expect, test } from "bun:test";
import type { ThresholdsConfig } from "../config/cluster-config.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { clusterInfo, statOf, TestLoop, thresholds } from "./testing/upstream-fixtures.ts";

function breakerOf(given: Partial<ThresholdsConfig>) {
  const stats = new StatsStore();
  const info = clusterInfo({ thresholds: thresholds(given) }, new TestLoop(), stats);
  const gauge = (name: string) => statOf(stats, `cluster.backend.circuit_breakers.default.${name}`);
  return { info, gauge, breaker: info.breaker("default") };
}

describe("CircuitBreaker", () => {
  test("lets in as many as the limit says, and shows itself open at the limit", () => {
    const { breaker, gauge } = breakerOf({ maxRequests: 2 });
    expect(breaker.requests.tryAcquire()).toBe(true);
    expect(gauge("rq_open")).toBe(0);
    expect(breaker.requests.tryAcquire()).toBe(true);
    expect(gauge("rq_open")).toBe(1);
    expect(breaker.requests.tryAcquire()).toBe(false);
    breaker.requests.release();
    expect(gauge("rq_open")).toBe(0);
    expect(breaker.requests.tryAcquire()).toBe(true);
  });

  test("keeps the priorities apart", () => {
    const { info } = breakerOf({ maxRequests: 1 });
    expect(info.breaker("default").requests.tryAcquire()).toBe(true);
    expect(info.breaker("default").requests.canAcquire).toBe(false);
    expect(info.breaker("high").requests.canAcquire).toBe(true);
  });

  test("shows what remains only when asked to", () => {
    const plain = breakerOf({});
    expect(plain.gauge("remaining_cx")).toBeUndefined();
    const { breaker, gauge } = breakerOf({ maxConnections: 1, trackRemaining: true });
    expect(gauge("remaining_cx")).toBe(1);
    breaker.connections.acquire();
    expect(gauge("remaining_cx")).toBe(0);
    // Host starvation goes beyond the limit.
    breaker.connections.acquire();
    expect(gauge("remaining_cx")).toBe(0);
    breaker.connections.release();
    expect(gauge("cx_open")).toBe(1);
  });

  // Seen on Envoy 1.40: max_connections 0 shows cx_open 0 at first, and 1 from its first (starvation) connection on.
  test("shows a limit of 0 as open only once it was touched", () => {
    const { breaker, gauge } = breakerOf({ maxConnections: 0 });
    expect(gauge("cx_open")).toBe(0);
    expect(breaker.connections.canAcquire).toBe(false);
    breaker.connections.acquire();
    breaker.connections.release();
    expect(gauge("cx_open")).toBe(1);
  });

  test("allows retries by budget: a share of what is active and pending, never less than the minimum", () => {
    const { breaker, gauge } = breakerOf({
      maxRetries: 0,
      retryBudget: { percent: 20, minConcurrency: 3 },
      trackRemaining: true,
    });
    const take = (count: number): boolean[] =>
      Array.from({ length: count }, () => breaker.retries.tryAcquire());
    expect(take(4)).toEqual([true, true, true, false]);
    expect(gauge("rq_retry_open")).toBe(1);
    for (let i = 0; i < 10; i += 1) breaker.requests.acquire();
    for (let i = 0; i < 10; i += 1) breaker.pendingRequests.acquire();
    expect(take(2)).toEqual([true, false]);
    // Seen on Envoy 1.40: with a budget the gauge of remaining retries is 0.
    expect(gauge("remaining_retries")).toBe(0);
    expect(gauge("remaining_rq")).toBe(1014);
  });

  test("refuses to be released more often than acquired: that is our bug", () => {
    const { breaker } = breakerOf({});
    expect(() => breaker.requests.release()).toThrow("released as often as it was acquired");
  });
});
