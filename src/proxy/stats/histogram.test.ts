import { expect, test } from "bun:test";
import fc from "fast-check";
import { BinCounts, binOf, binStart, binWidth, Histogram } from "./histogram.ts";
import { approximateSum, cumulativeCounts, QUANTILES, quantiles } from "./histogram-statistics.ts";

function bins(values: Readonly<Record<number, number>>): BinCounts {
  const counts = new BinCounts();
  for (const [value, count] of Object.entries(values)) counts.addTo(binOf(Number(value)), count);
  return counts;
}

test.each([
  [0, 0, 0],
  [0.9, 0, 0],
  [1, 1, 0.1],
  [3, 3, 0.1],
  [9, 9, 0.1],
  [10, 10, 1],
  [24, 24, 1],
  [99, 99, 1],
  [100, 100, 10],
  [109, 100, 10],
  [110, 110, 10],
  [999, 990, 10],
  [1000, 1000, 100],
  [123_456, 120_000, 10_000],
  [-5, 0, 0],
  [Number.NaN, 0, 0],
])("binOf %p: the bin at %p, %p wide", (value, start, width) => {
  expect(binStart(binOf(value))).toBeCloseTo(start, 9);
  expect(binWidth(binOf(value))).toBeCloseTo(width, 9);
});

test("binOf puts every whole number into a bin that holds it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 14 }), (value) => {
      const bin = binOf(value);
      const start = binStart(bin);
      return start <= value && value < start + binWidth(bin) * (1 + 1e-9);
    }),
  );
});

test("binOf counts anything too great as the greatest", () => {
  expect(binOf(Number.POSITIVE_INFINITY)).toBe(binOf(1e300));
  expect(binOf(1e15)).toBe(binOf(1e14 * 9.95));
});

// Bins and quantiles as a running Envoy 1.40 printed them (/stats?histogram_buckets=detailed).
test.each([
  ["one value", { 100: 1 }, [105, 105, 105, 105, 105, 105, 105, 105, 105, 105]],
  [
    "two values in one bin",
    { 1: 2 },
    [
      1.0333333333333334, 1.0333333333333334, 1.0333333333333334, 1.0666666666666667,
      1.0666666666666667, 1.0666666666666667, 1.0666666666666667, 1.0666666666666667,
      1.0666666666666667, 1.0666666666666667,
    ],
  ],
  [
    "thirteen values in one bin",
    { 1: 13 },
    [
      1.0071428571428571, 1.0285714285714285, 1.05, 1.0714285714285714, 1.0857142857142856,
      1.092857142857143, 1.092857142857143, 1.092857142857143, 1.092857142857143, 1.092857142857143,
    ],
  ],
  [
    "several bins",
    { 0: 15, 3: 1, 24: 1, 100: 2 },
    [
      0, 0, 0, 0, 103.33333333333333, 106.66666666666667, 106.66666666666667, 106.66666666666667,
      106.66666666666667, 106.66666666666667,
    ],
  ],
  [
    "more bins",
    { 0: 15, 3: 1, 24: 1, 96: 1, 100: 4 },
    [0, 0, 0, 24.5, 104, 106, 108, 108, 108, 108],
  ],
] as const)("quantiles of %s are Envoy's", (_name, values, expected) => {
  expect(quantiles(bins(values))).toEqual([...expected]);
});

test("quantiles of nothing are NaN", () => {
  expect(quantiles(new BinCounts(), [0, 0.5])).toEqual([Number.NaN, Number.NaN]);
});

test.each([
  [{ 2: 1, 24: 1 }, 26.538576406172226],
  [{ 1: 2 }, 2.0952380952380953],
  [{ 0: 7 }, 0],
] as const)("approximateSum of %p is Envoy's", (values, expected) => {
  expect(approximateSum(bins(values))).toBe(expected);
});

test("cumulativeCounts takes the bin that starts at the bound", () => {
  const counts = cumulativeCounts(bins({ 0: 15, 3: 1, 24: 1, 100: 2 }));
  expect(counts.slice(0, 9)).toEqual([15, 15, 16, 16, 17, 17, 19, 19, 19]);
});

test("quantiles rise, and lie within the bin of the value they estimate", () => {
  const values = fc.array(fc.integer({ min: 0, max: 10_000_000 }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(values, (recorded) => {
      const histogram = new Histogram();
      for (const value of recorded) histogram.record(value);
      histogram.rotate();
      const sorted = [...recorded].sort((a, b) => a - b);
      const estimates = quantiles(histogram.interval);
      for (const [i, quantile] of QUANTILES.entries()) {
        const exact = sorted[Math.max(Math.ceil(quantile * sorted.length), 1) - 1] ?? 0;
        const estimate = estimates[i] ?? Number.NaN;
        expect(estimate).toBeGreaterThanOrEqual(binStart(binOf(exact)));
        expect(estimate).toBeLessThanOrEqual(binStart(binOf(exact)) + binWidth(binOf(exact)));
        expect(estimate).toBeGreaterThanOrEqual(estimates[i - 1] ?? 0);
      }
    }),
  );
});

test("approximateSum is within 5 % of the true sum", () => {
  const values = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1 });
  fc.assert(
    fc.property(values, (recorded) => {
      const sum = recorded.reduce((total, value) => total + value, 0);
      const counts = new BinCounts();
      for (const value of recorded) counts.addTo(binOf(value), 1);
      return Math.abs(approximateSum(counts) - sum) <= 0.05 * sum;
    }),
  );
});

test("Histogram shows what was recorded once the interval has ended", () => {
  const histogram = new Histogram();
  histogram.record(5);
  expect([histogram.interval.total, histogram.cumulative.total]).toEqual([0, 0]);
  histogram.rotate();
  expect([histogram.interval.total, histogram.cumulative.total]).toEqual([1, 1]);
  histogram.record(7);
  histogram.record(7);
  histogram.rotate();
  expect([histogram.interval.total, histogram.cumulative.total]).toEqual([2, 3]);
  expect(quantiles(histogram.interval, [0.5])[0]).toBeCloseTo(7 + 0.1 / 3, 9);
  histogram.rotate();
  expect([histogram.interval.total, histogram.cumulative.total]).toEqual([0, 3]);
});
