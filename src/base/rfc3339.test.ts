import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatRfc3339, parseRfc3339Ms } from "./rfc3339.ts";

test("a moment is written as JavaScript's own dates are, and read back", () => {
  const moment = fc.integer({ min: Date.UTC(1000, 0), max: Date.UTC(9999, 11, 31) });
  fc.assert(
    fc.property(moment, (ms) => {
      expect(formatRfc3339(ms)).toBe(new Date(ms).toISOString());
      expect(parseRfc3339Ms(formatRfc3339(ms))).toBe(ms);
    }),
  );
});

test.each([
  ["2026-11-24T00:00:00Z", Date.UTC(2026, 10, 24)],
  ["2026-11-24T00:00:00.123456789Z", Date.UTC(2026, 10, 24) + 123.456789],
  ["2026-11-24", undefined],
  ["2026-11-24T00:00:00+01:00", undefined],
  [7, undefined],
])("%s", (text, expected) => {
  expect(parseRfc3339Ms(text)).toBe(expected);
});
