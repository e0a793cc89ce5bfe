import { expect, test } from "bun:test";
import { Subscription } from "./subscription.ts";

function shown(subscription: Subscription): string {
  return [...(subscription.isWildcard ? ["*"] : []), ...[...subscription.names].sort()].join(" ");
}

// The tables of xds_protocol, "How the client specifies what resources to return". Each row: requests, then what is held after each.
test.each([
  [
    "legacy wildcard, then both, then one name, then nothing",
    [[], ["*", "A"], ["A"], []],
    ["*", "* A", "A", ""],
  ],
  ["names first, then none is nothing, never the wildcard", [["A"], [], []], ["A", "", ""]],
  ["legacy wildcard ends with the first name", [[], ["A"]], ["*", "A"]],
  ["explicit wildcard", [["*"], ["*"], []], ["*", "*", ""]],
  [
    "the same names in another order",
    [
      ["A", "B"],
      ["B", "A"],
    ],
    ["A B", "A B"],
  ],
])("SotW: %s", (_, requests, held) => {
  const subscription = new Subscription(true);
  expect(
    requests.map((names) => {
      subscription.replace(names);
      return shown(subscription);
    }),
  ).toEqual(held);
});

test.each([
  [
    "legacy wildcard stays when a name is added",
    [
      [[], []],
      [["A"], []],
    ],
    ["*", "* A"],
  ],
  [
    "unsubscribing * leaves the names",
    [
      [[], []],
      [["A"], []],
      [[], ["*"]],
    ],
    ["*", "* A", "A"],
  ],
  [
    "unsubscribing all is nothing",
    [
      [["A"], []],
      [[], ["A"]],
      [[], []],
    ],
    ["A", "", ""],
  ],
  [
    "unsubscribing what is not held is quiet",
    [
      [["A"], []],
      [[], ["B"]],
    ],
    ["A", "A"],
  ],
])("delta: %s", (_, requests, held) => {
  const subscription = new Subscription(true);
  expect(
    requests.map(([subscribe = [], unsubscribe = []], index) => {
      subscription.change(subscribe, unsubscribe, index === 0);
      return shown(subscription);
    }),
  ).toEqual(held);
});

test("a type without legacy wildcard takes an empty first request for nothing", () => {
  const sotw = new Subscription(false);
  sotw.replace([]);
  expect(shown(sotw)).toBe("");
  const delta = new Subscription(false);
  delta.change([], [], true);
  expect(shown(delta)).toBe("");
});

test("delta reports a repeated name as added, SotW does not", () => {
  const delta = new Subscription(true);
  delta.change(["A"], [], true);
  expect(delta.change(["A"], [], false).added).toEqual(["A"]);
  const sotw = new Subscription(true);
  sotw.replace(["A"]);
  expect(sotw.replace(["A", "B"]).added).toEqual(["B"]);
});
