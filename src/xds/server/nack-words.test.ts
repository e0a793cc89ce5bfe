import { expect, test } from "bun:test";
import { namedIn } from "./nack-words.ts";

const REVIEWS = "outbound|9080|v1|reviews.default.svc.cluster.local";

test.each([
  // Seen on Envoy 1.40.
  [`Error adding/updating cluster(s) ${REVIEWS}: hosts must not be empty`, [REVIEWS]],
  ["Error adding/updating listener(s) a: x, b: y", ["a", "b"]],
  ['[resource index 0: "a": INVALID_ARGUMENT: no]', ["a"]],
  ["'a': no", ["a"]],
  ["something went wrong", []],
  ["a cluster must have b", []],
  ["", []],
  ["ab: no", []],
  ["x|a: no", []],
])("namedIn(%j)", (message, names) => {
  expect([...namedIn(message, ["a", "b", "", REVIEWS])]).toEqual(names);
});
