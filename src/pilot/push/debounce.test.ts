import { expect, test } from "bun:test";
import { Debounce } from "./debounce.ts";

test("a single change is due after the quiet time, once", () => {
  const debounce = new Debounce(100);
  expect(debounce.nextTimeoutMs()).toBeUndefined();
  debounce.handleChange(1000);
  expect(debounce.nextTimeoutMs()).toBe(1100);
  expect(debounce.take(1099)).toBe(false);
  expect(debounce.take(1100)).toBe(true);
  expect(debounce.take(1200)).toBe(false);
});

test("every further change begins the quiet time again", () => {
  const debounce = new Debounce(100);
  debounce.handleChange(0);
  debounce.handleChange(80);
  expect(debounce.take(100)).toBe(false);
  expect(debounce.take(180)).toBe(true);
});

test("changes without end are pushed at the limit", () => {
  const debounce = new Debounce(100, 10_000);
  const pushedAtMs: number[] = [];
  for (let nowMs = 0; nowMs <= 20_000; nowMs += 50) {
    if (debounce.take(nowMs)) pushedAtMs.push(nowMs);
    debounce.handleChange(nowMs);
  }
  expect(pushedAtMs).toEqual([10_000, 20_000]);
});
