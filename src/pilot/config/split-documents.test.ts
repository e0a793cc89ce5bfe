import { expect, test } from "bun:test";
import fc from "fast-check";
import { splitDocuments } from "./split-documents.ts";

test("slices begin at their markers and know their lines", () => {
  const text = "# head\na: 1\n---\nb: 2\n--- # comment\nc: 3\n---\n\n# nothing\n---\nd: 4\n";
  expect(splitDocuments(text)).toEqual([
    { text: "# head\na: 1\n", line: 0 },
    { text: "---\nb: 2\n", line: 2 },
    { text: "--- # comment\nc: 3\n", line: 4 },
    { text: "---\nd: 4\n", line: 9 },
  ]);
});

test.each([
  ["a dash line within a block scalar", "a: |\n  ---\n  b\n", 1],
  ["four dashes", "----\n", 1],
  ["dashes that begin a word", "---a\n", 1],
  ["CRLF", "a: 1\r\n---\r\nb: 2\r\n", 2],
  ["a directive", "%YAML 1.2\n---\na: 1\n---\nb: 2\n", 1],
  ["an explicit end", "a: 1\n...\n---\nb: 2\n", 1],
  ["nothing", "", 0],
  ["markers alone", "---\n---\n# x\n---", 0],
])("splitDocuments with %s", (_name, text, count) => {
  expect(splitDocuments(text)).toHaveLength(count);
});

test("no character with content is lost, and lines are where they were", () => {
  const line = fc.constantFrom<string[]>(
    "---",
    "--- # x",
    "a: 1",
    "# c",
    "",
    "  ---",
    "b:",
    "  c: d",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join("\n");
      for (const slice of splitDocuments(text)) {
        const first = slice.text.split("\n")[0] ?? "";
        expect(lines[slice.line] ?? "").toBe(first);
        expect(lines.slice(slice.line).join("\n").startsWith(slice.text)).toBe(true);
      }
      const kept = splitDocuments(text)
        .map((slice) => slice.text)
        .join("");
      const content = (t: string): string =>
        t
          .split("\n")
          .filter((l) => !/^(?:---.*|\s*|#.*)$/.test(l))
          .join();
      expect(content(kept)).toBe(content(text));
    }),
  );
});
