import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CIRCUIT_BREAKER } from "../stats/schema/circuit-breaker.ts";
import { CIRCUIT_BREAKER_REMAINING } from "../stats/schema/circuit-breaker-remaining.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import {
  createSharedCounts,
  OwnCount,
  RESOURCES_PER_PRIORITY,
  SharedCount,
} from "./resource-count.ts";
import { thresholds } from "./testing/upstream-fixtures.ts";

describe("ResourceCount", () => {
  test.each([
    ["OwnCount", () => new OwnCount()],
    ["SharedCount", () => new SharedCount(createSharedCounts(), 1)],
  ])("%s follows a plain number, and never counts past the limit of tryAdd", (_name, make) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("tryAdd" as const), max: fc.nat({ max: 4 }) }),
      fc.record({ kind: fc.constantFrom("add" as const, "subtract" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const count = make();
        let model = 0;
        for (const next of steps) {
          if (next.kind === "tryAdd") {
            expect(count.tryAdd(next.max)).toBe(model < next.max);
            if (model < next.max) model += 1;
          } else if (next.kind === "add") {
            count.add();
            model += 1;
          } else if (model > 0) {
            count.subtract();
            model -= 1;
          }
          expect(count.value).toBe(model);
        }
      }),
    );
  });
});

describe("circuit breakers of two workers", () => {
  function pair(given: Parameters<typeof thresholds>[0]) {
    const counts = createSharedCounts();
    return [0, 1].map(() => {
      const stats = new StatsStore().block("x.", CIRCUIT_BREAKER);
      const remaining = new StatsStore().block("x.", CIRCUIT_BREAKER_REMAINING);
      const breaker = new CircuitBreaker(thresholds(given).default, stats, remaining, {
        counts,
        firstCell: 0,
      });
      return { breaker, stats, remaining };
    }) as [Side, Side];
  }
  interface Side {
    readonly breaker: CircuitBreaker;
    readonly stats: ReturnType<StatsStore["block"]>;
    readonly remaining: ReturnType<StatsStore["block"]>;
  }

  test("one limit for both: what one gives back, the other may take", () => {
    const [a, b] = pair({ maxRequests: 2, maxPendingRequests: 1 });
    expect(a.breaker.requests.tryAcquire()).toBe(true);
    expect(b.breaker.requests.tryAcquire()).toBe(true);
    expect(a.breaker.requests.tryAcquire()).toBe(false);
    expect(b.breaker.pendingRequests.tryAcquire()).toBe(true);
    b.breaker.requests.release();
    expect(a.breaker.requests.tryAcquire()).toBe(true);
  });

  test("a worker gives back only what it took", () => {
    const [a, b] = pair({});
    a.breaker.requests.acquire();
    expect(() => b.breaker.requests.release()).toThrow();
  });

  test("gauges show what the other did once they are refreshed, and an untouched one stays untouched", () => {
    const [a, b] = pair({ maxRequests: 1 });
    a.breaker.requests.acquire();
    a.breaker.requests.release();
    b.breaker.requests.acquire();
    expect(a.stats.value(CIRCUIT_BREAKER.rq_open)).toBe(0);
    a.breaker.refreshGauges();
    expect(a.stats.value(CIRCUIT_BREAKER.rq_open)).toBe(1);
    expect(a.remaining.value(CIRCUIT_BREAKER_REMAINING.remaining_rq)).toBe(0);
    expect(Object.is(a.stats.values[CIRCUIT_BREAKER.cx_open as number], -0)).toBe(true);
  });

  test("a retry budget is a share of the requests of both", () => {
    const [a, b] = pair({ retryBudget: { percent: 50, minConcurrency: 1 } });
    for (let i = 0; i < 2; i += 1) {
      a.breaker.requests.acquire();
      b.breaker.requests.acquire();
    }
    expect(a.breaker.retries.tryAcquire()).toBe(true);
    expect(b.breaker.retries.tryAcquire()).toBe(true);
    expect(b.breaker.retries.tryAcquire()).toBe(false);
  });

  test("the cells of both priorities fit", () => {
    expect(createSharedCounts().length).toBe(2 * RESOURCES_PER_PRIORITY);
  });

  test("threads that take and give back at once never exceed the limit, and leave nothing taken", async () => {
    const counts = createSharedCounts();
    const source = `
      import { SharedCount } from ${JSON.stringify(import.meta.resolve("./resource-count.ts"))};
      onmessage = ({ data }) => {
        const count = new SharedCount(data, 0);
        let most = 0, taken = 0;
        for (let i = 0; i < 100_000; i += 1) {
          if (!count.tryAdd(3)) continue;
          taken += 1;
          most = Math.max(most, count.value);
          count.subtract();
        }
        postMessage({ most, taken });
      };`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const workers = Array.from({ length: 3 }, () => new Worker(url));
    const results = await Promise.all(
      workers.map(
        (worker) =>
          new Promise<{ most: number; taken: number }>((resolve) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.postMessage(counts);
          }),
      ),
    );
    for (const worker of workers) worker.terminate();
    for (const { most, taken } of results) {
      expect(most).toBeLessThanOrEqual(3);
      expect(taken).toBeGreaterThan(0);
    }
    expect(counts[0]).toBe(0);
  });
});
