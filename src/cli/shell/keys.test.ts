// Keys by the bytes that terminals send for them, and bytes that are none.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseKeys } from "./keys.ts";

test.each([
  ["q", ["q"]],
  ["jj", ["j", "j"]],
  ["\u001b[A\u001b[B", ["up", "down"]],
  ["\u001bOC\u001bOD", ["right", "left"]],
  ["\u001b", ["escape"]],
  ["ab\u007f\r", ["a", "b", "backspace", "enter"]],
  ["\u0003", ["ctrl-c"]],
  ["\u001b[15~q", ["q"]], // F5 is no "1", "5" and "~"
  ["\u001b[1;5Aq", ["q"]],
  ["é☃𝄞", ["é", "☃", "𝄞"]],
  ["\u0001\u0000", []],
])("%j", (text, keys) => {
  expect(parseKeys(text)).toEqual(keys);
});

test("any bytes end in keys without control characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const key of parseKeys(text)) expect(key >= " ").toBe(true);
    }),
  );
});
