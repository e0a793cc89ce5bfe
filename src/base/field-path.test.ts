import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatFieldPath, parseFieldPath } from "./field-path.ts";

test.each([
  ["", []],
  ["spec", ["spec"]],
  ["http[0].route[1].weight", ["http", 0, "route", 1, "weight"]],
  ['metadata.annotations["a.b/c"]', ["metadata", "annotations", "a.b/c"]],
])("%s", (text, path) => {
  expect(formatFieldPath(path)).toBe(text);
  expect(parseFieldPath(text)).toEqual(path);
});

test("parseFieldPath reads back every path", () => {
  const step = fc.oneof(fc.string(), fc.nat({ max: 1000 }));
  fc.assert(
    fc.property(fc.array(step), (path) => {
      expect(parseFieldPath(formatFieldPath(path))).toEqual(path);
    }),
  );
});

test("parseFieldPath stops at what it cannot read, and never throws", () => {
  expect(parseFieldPath("a.b[x]")).toEqual(["a", "b"]);
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseFieldPath(text))));
});
