import { expect, test } from "bun:test";
import { quoted } from "./log.ts";

test("quoted leaves no way to end a line or the quotes", () => {
  expect(quoted('a"b\nc\u2028d\u007f\u009b')).toBe('"a\\"b\\nc\\u2028d\\u007f\\u009b"');
});

test("quoted keeps at most its limit", () => {
  expect(quoted("x".repeat(500), 10)).toBe(`"${"x".repeat(10)}…"`);
});
