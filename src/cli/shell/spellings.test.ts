// Spellings of other command lines beside ours, and what stays as it is.
import { expect, test } from "bun:test";
import { withoutExperimental, withPlainVerbosity } from "./spellings.ts";

test.each([
  [["x", "precheck"], ["precheck"]],
  [["experimental", "precheck"], ["precheck"]],
  [["x"], ["x"]],
])("%p", (words, expected) => {
  expect(withoutExperimental(words)).toEqual(expected);
});

test.each([
  [
    ["up", "-v", "examples/bookinfo"],
    ["up", "-v=1", "examples/bookinfo"],
  ],
  [
    ["up", "-v", "5", "dir"],
    ["up", "-v", "5", "dir"],
  ],
  [
    ["up", "dir", "-v"],
    ["up", "dir", "-v=1"],
  ],
  [
    ["up", "-v=5", "dir"],
    ["up", "-v=5", "dir"],
  ],
  [
    ["up", "--", "-v", "dir"],
    ["up", "--", "-v", "dir"],
  ],
])("%p", (words, expected) => {
  expect(withPlainVerbosity(words)).toEqual(expected);
});
