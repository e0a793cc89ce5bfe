// Ages as kubectl writes them.
import { expect, test } from "bun:test";
import { formatAge } from "./age.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [-5 * SECOND, "0s"],
  [0, "0s"],
  [119_999, "119s"],
  [2 * MINUTE, "2m"],
  [3 * MINUTE + 20 * SECOND, "3m20s"],
  [10 * MINUTE + 59 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [5 * HOUR + 30 * MINUTE, "5h30m"],
  [47 * HOUR, "47h"],
  [3 * DAY + 4 * HOUR, "3d4h"],
  [120 * DAY, "120d"],
  [760 * DAY, "2y30d"],
  [4_000 * DAY, "10y"],
])("%d ms is %s", (ageMs, text) => {
  expect(formatAge(ageMs)).toBe(text);
});
