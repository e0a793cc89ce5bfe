import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatHttpDate } from "./http-date.ts";

const text = (wallMs: number): string => new TextDecoder().decode(formatHttpDate(wallMs));

test("the example of RFC 9110", () => {
  expect(text(Date.UTC(1994, 10, 6, 8, 49, 37, 999))).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
});

test("agrees with Date for any moment of four centuries", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) }), (wallMs) => {
      expect(text(wallMs)).toBe(new Date(wallMs).toUTCString());
    }),
  );
});
