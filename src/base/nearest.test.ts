import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

test.each([
  ["timout", "timeout"],
  ["Timeout", "timeout"],
  ["timeuot", "timeout"],
  ["retriess", "retries"],
  ["matches", "match"],
  ["zzz", undefined],
  ["", undefined],
])("nearest to %s is %s", (typed, expected) => {
  expect(nearest(typed, ["timeout", "retries", "match", "fault"])).toBe(expected);
});
