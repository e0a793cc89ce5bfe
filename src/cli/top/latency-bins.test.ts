// Quantiles over bins that several proxies have counted, against the exact ones of all the values together.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createSeededRandom, fraction } from "#base/random.ts";
import { binOf, binStart, binWidth } from "#proxy/stats/histogram.ts";
import { LatencyBins } from "./latency-bins.ts";

function binsOf(values: readonly number[]): LatencyBins {
  const bins = new LatencyBins();
  for (const value of values) {
    const bin = binOf(value);
    bins.add(binStart(bin), binWidth(bin), 1);
  }
  return bins;
}

/** The nearest rank: the smallest value that so many are not above. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
}

test("merged over proxies, a quantile is that of all values, within its bin", () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 100_000 }), {
    minLength: 1,
    maxLength: 200,
  });
  const proxies = fc.array(latencies, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(proxies, fc.constantFrom(0.5, 0.95, 0.99), (valuesByProxy, q) => {
      const merged = new LatencyBins();
      for (const values of valuesByProxy) merged.addAll(binsOf(values));
      const exact = exactQuantile(valuesByProxy.flat(), q);
      const bin = binOf(exact);
      const found = merged.quantile(q) as number;
      expect(found).toBeGreaterThanOrEqual(binStart(bin));
      expect(found).toBeLessThanOrEqual(binStart(bin) + binWidth(bin));
    }),
  );
});

test("100,000 latencies with a long tail, over eight proxies: within two significant digits", () => {
  const random = createSeededRandom(7);
  const values = Array.from({ length: 100_000 }, () =>
    Math.floor(20 * (-Math.log(1 - fraction(random))) ** 2),
  );
  const merged = new LatencyBins();
  for (let proxy = 0; proxy < 8; proxy += 1) {
    merged.addAll(binsOf(values.filter((_, i) => i % 8 === proxy)));
  }
  for (const q of [0.5, 0.9, 0.95, 0.99, 0.999]) {
    const exact = exactQuantile(values, q);
    expect(Math.abs((merged.quantile(q) as number) - exact)).toBeLessThanOrEqual(
      Math.max(1, exact * 0.1),
    );
  }
});

test("since an earlier count: the values that came after it", () => {
  const values = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 100 });
  fc.assert(
    fc.property(values, values, fc.constantFrom(0.5, 0.99), (before, after, q) => {
      const all = binsOf([...before, ...after]);
      const since = all.since(binsOf(before));
      expect(since.total).toBe(after.length);
      expect(since.quantile(q)).toBe(binsOf(after).quantile(q) as number);
    }),
  );
});

test("a counter that began anew counts from nothing; of nothing there is no quantile", () => {
  expect(binsOf([5]).since(binsOf([1, 2, 3])).total).toBe(1);
  expect(new LatencyBins().quantile(0.5)).toBeUndefined();
});
