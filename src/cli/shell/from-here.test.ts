// Paths of an answer below the working directory, and those that are not.
import { expect, test } from "bun:test";
import { fromHere } from "./from-here.ts";

test.each([
  ["/home/me", "in /home/me/mesh/a.yaml:3 and (/home/me/b.yaml)", "in mesh/a.yaml:3 and (b.yaml)"],
  ["/home/me", "/home/mel/a.yaml, /home/me", "/home/mel/a.yaml, /home/me"],
  ["/", "/a/b.yaml", "/a/b.yaml"],
])("in %s: %j", (directory, text, wanted) => {
  expect(fromHere({ directory }, text)).toBe(wanted);
});
