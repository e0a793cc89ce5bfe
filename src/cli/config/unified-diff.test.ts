// A unified diff leads from the one text to the other, and says no more than it must.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { unifiedDiff } from "./unified-diff.ts";

const NAMES = { before: "a", after: "b" };

/** As patch(1): hunk by hunk, by the line numbers that they name. */
function patched(before: string, diff: string): string {
  const lines = before === "" ? [] : before.replace(/\n$/, "").split("\n");
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(2, -1)) {
    const [, start, count = "1"] = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@$/.exec(line) ?? [];
    if (start !== undefined) {
      const from = Number(start) - (count === "0" ? 0 : 1);
      while (at < from) result.push(lines[at++] ?? "");
      continue;
    }
    const text = line.slice(1);
    if (line.startsWith("+")) result.push(text);
    else {
      expect(lines[at]).toBe(text); // context and what goes must be there
      at += 1;
      if (line.startsWith(" ")) result.push(text);
    }
  }
  result.push(...lines.slice(at));
  return result.length === 0 ? "" : `${result.join("\n")}\n`;
}

test("any two texts: patching the one gives the other", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", "", "- x"), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}\n`).join(""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = unifiedDiff(before, after, NAMES);
      if (before === after) expect(diff).toBe("");
      else expect(patched(before, diff)).toBe(after);
    }),
    { numRuns: 1_000 },
  );
});

test("three lines around a change, and changes that are near in one hunk", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `${i + 1}\n`);
  const after = lines.map((line) => (["10\n", "14\n", "28\n"].includes(line) ? `x${line}` : line));
  const diff = unifiedDiff(lines.join(""), after.join(""), NAMES);
  expect(diff.match(/^@@.*$/gm)).toEqual(["@@ -7,11 +7,11 @@", "@@ -25,6 +25,6 @@"]);
  expect(diff.match(/^[-+]\S*$/gm)).toEqual(["-10", "+x10", "-14", "+x14", "-28", "+x28"]);
});

test("texts with nothing in common go and come whole", () => {
  const before = Array.from({ length: 3_000 }, (_, i) => `a${i}\n`).join("");
  const after = Array.from({ length: 3_000 }, (_, i) => `b${i}\n`).join("");
  expect(patched(before, unifiedDiff(before, after, NAMES))).toBe(after);
});
