// The judge of counts against odds: known quantiles, counts that fit, counts that do not.
import { expect, test } from "bun:test";
import { chiSquare, upperTail } from "./chi-square.ts";

// Critical values of the printed tables (NIST e-Handbook 1.3.6.7.4).
test.each([
  [3.841, 1, 0.05],
  [10.828, 1, 0.001],
  [5.991, 2, 0.05],
  [18.307, 10, 0.05],
  [29.588, 10, 0.001],
  [124.342, 100, 0.05],
  [0.102587, 2, 0.95],
])("upperTail(%p, %p) is %p", (x, degreesOfFreedom, p) => {
  expect(upperTail(x, degreesOfFreedom)).toBeCloseTo(p, 4);
});

test("counts as expected fit, others do not", () => {
  const odds = new Map([
    ["a", 0.5],
    ["b", 0.5],
  ]);
  expect(
    chiSquare(
      odds,
      new Map([
        ["a", 100],
        ["b", 100],
      ]),
    ).p,
  ).toBe(1);
  expect(
    chiSquare(
      odds,
      new Map([
        ["a", 120],
        ["b", 80],
      ]),
    ).p,
  ).toBeCloseTo(0.0047, 4);
  expect(chiSquare(odds, new Map([["a", 200]])).p).toBeLessThan(1e-40);
});

test("rare cells are one cell, and none when they stay rare", () => {
  const odds = new Map([
    ["a", 0.98],
    ["b", 0.01],
    ["c", 0.01],
  ]);
  expect(
    chiSquare(
      odds,
      new Map([
        ["a", 98],
        ["b", 2],
      ]),
    ).degreesOfFreedom,
  ).toBe(0);
  expect(
    chiSquare(
      odds,
      new Map([
        ["a", 396],
        ["b", 4],
      ]),
    ).degreesOfFreedom,
  ).toBe(1);
});
