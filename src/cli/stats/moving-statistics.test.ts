// How fast statistics move, and which count as moved.
import { expect, test } from "bun:test";
import { MovingStatistics } from "./moving-statistics.ts";

test("rates are per second since the look before, below zero when a value falls", () => {
  const statistics = new MovingStatistics();
  expect(statistics.look({ total: 100, active: 5 }, 1_000, false)).toEqual([
    { name: "total", value: 100, perSecond: undefined },
    { name: "active", value: 5, perSecond: undefined },
  ]);
  expect(statistics.look({ total: 150, active: 3 }, 3_000, false)).toEqual([
    { name: "total", value: 150, perSecond: 25 },
    { name: "active", value: 3, perSecond: -1 },
  ]);
});

test("what moved once stays in the list of what moves; what is new moved from nothing", () => {
  const statistics = new MovingStatistics();
  const names = (values: Record<string, number>, nowMs: number) =>
    statistics.look(values, nowMs, true).map(({ name }) => name);
  expect(names({ a: 1, b: 1 }, 0)).toEqual([]);
  expect(names({ a: 2, b: 1, fresh: 1 }, 1_000)).toEqual(["a", "fresh"]);
  expect(names({ a: 2, b: 1, fresh: 1 }, 2_000)).toEqual(["a", "fresh"]);
  expect(names({ b: 1 }, 3_000)).toEqual([]);
});

test("two looks in the same millisecond have no rate", () => {
  const statistics = new MovingStatistics();
  statistics.look({ a: 1 }, 5, false);
  expect(statistics.look({ a: 2 }, 5, false)).toEqual([
    { name: "a", value: 2, perSecond: undefined },
  ]);
});
