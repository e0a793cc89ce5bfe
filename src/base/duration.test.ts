import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, parseDurationMs } from "./duration.ts";

test.each([
  ["0", 0],
  ["0s", 0],
  ["300ms", 300],
  ["1.5s", 1500],
  ["1h15m30.918s", 4_530_918],
  ["-1.5h", -5_400_000],
  ["100us", 0.1],
  [".5s", 500],
])("parseDurationMs reads %s", (text, ms) => {
  expect(parseDurationMs(text)).toBeCloseTo(ms, 6);
});

test.each(["", "-", "5", "s", "1 s", "1x", "1s ", "one"])("parseDurationMs refuses %j", (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
});

test("formatDuration and parseDurationMs agree on whole milliseconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (ms) => {
      expect(parseDurationMs(formatDuration(ms))).toBeCloseTo(ms, 3);
    }),
  );
});
