// Columns of letters, colours and ideographs, and where a line is cut.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutToWidth, textWidth } from "./text-width.ts";

test.each([
  ["", 0],
  ["reviews", 7],
  ["\u001b[31mred\u001b[39m", 3],
  ["評価", 4],
  ["e\u0301", 1],
  ["…", 1],
])("%j is %d columns wide", (line, width) => {
  expect(textWidth(line)).toBe(width);
});

test.each([
  ["reviews", 7, "reviews"],
  ["reviews", 6, "revie…"],
  ["\u001b[31mred\u001b[39m", 3, "\u001b[31mred\u001b[39m"],
  ["\u001b[31mreviews\u001b[39m", 4, "\u001b[31mrev…\u001b[0m"],
  ["評価", 3, "評…"],
  ["abc", 1, "…"],
])("%j in %d columns", (line, columns, cut) => {
  expect(cutToWidth(line, columns)).toBe(cut);
});

test("what is cut fits, and what fits is not cut", () => {
  const piece = fc.constantFrom("a", "評", "\u001b[1m", "\u001b[0m", "é", "e\u0301", "𝄞");
  fc.assert(
    fc.property(fc.array(piece), fc.integer({ min: 1, max: 20 }), (pieces, columns) => {
      const line = pieces.join("");
      const cut = cutToWidth(line, columns);
      expect(textWidth(cut)).toBeLessThanOrEqual(columns);
      if (textWidth(line) <= columns) expect(cut).toBe(line);
    }),
  );
});
