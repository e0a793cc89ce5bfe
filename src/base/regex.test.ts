import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  compileRegex,
  MAX_CACHED,
  MAX_SOURCE_LENGTH,
  type Regex,
  substitutionError,
} from "./regex.ts";

function compiled(source: string): Regex {
  const result = compileRegex(source);
  if (result.kind === "failed") throw new Error(result.reason);
  return result.regex;
}

test.each([
  ["/a", "/a", true],
  ["/a", "/ab", false],
  ["/a", "x/a", false],
  ["/a.*", "/abc", true],
  ["/a|/b", "/b", true],
  ["/a|/b", "/bc", false], // alternation must not escape the anchors
  ["", "", true],
  ["(?i)/ABC", "/abc", true],
  ["[0-9]+", "12", true],
  ["a.b", "a\nb", false],
  ["(?s)a.b", "a\nb", true],
  ["é+", "éé", true],
])("%s matches %j as a whole: %p", (source, text, expected) => {
  expect(compiled(source).matches(text)).toBe(expected);
});

test.each([
  ["a", "banana", "x", "bxnxnx"],
  ["(.)a", "banana", "\\1", "bnn"],
  ["(b)|(n)", "ban", "<\\1\\2>", "<b>a<n>"],
  ["a", "aaa", "\\0\\0", "aaaaaa"],
  ["x*", "abc", "-", "-a-b-c-"],
  ["x*", "axxb", "-", "-a-b-"],
  ["^/a/(.*)$", "/a/b?c", "/\\1", "/b?c"],
  ["a", "b", "x", "b"],
  ["^a", "aa", "x", "xa"],
  ["a$", "aa", "x", "ax"],
  ["a", "a", "\\\\", "\\"],
  ["", "", "x", "x"],
])("replaceAll %s in %s by %s is %s", (source, text, substitution, expected) => {
  expect(compiled(source).replaceAll(text, substitution)).toBe(expected);
});

test.each([
  ["a(", "missing closing ): `a(`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["(a)\\1", "invalid escape sequence: `\\1`"],
  ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
  ["a{2000}", "invalid repeat count: `{2000}`"],
  ["a".repeat(MAX_SOURCE_LENGTH + 1), "expression of 4097 characters: at most 4096 are allowed"],
  ["(?:[a-z]{1000}){1}".repeat(40), "program size"],
])("compileRegex refuses %.20s", (source, reason) => {
  expect(compileRegex(source)).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining(reason),
  });
});

test.each([
  ["(a)", "\\1", undefined],
  ["(a)", "\\0", undefined],
  ["(a)", "x\\\\", undefined],
  [
    "(a)",
    "\\2",
    "Rewrite schema requests 2 matches, but the regexp only has 1 parenthesized subexpressions.",
  ],
  ["(a)", "\\x", "Rewrite schema error: '\\' must be followed by a digit or '\\'."],
  ["(a)", "x\\", "Rewrite schema error: '\\' not allowed at end."],
])("substitutionError for %s and %s", (source, substitution, expected) => {
  expect(substitutionError(compiled(source), substitution)).toBe(expected);
});

test("equal sources share one program, and the cache is bounded", () => {
  const first = compiled("shared-[0-9]");
  expect(compiled("shared-[0-9]")).toBe(first);
  for (let i = 0; i <= MAX_CACHED; i += 1) compiled(`x${i}`);
  expect(compiled("shared-[0-9]")).not.toBe(first);
});

test("an expression that backtracks without end elsewhere is matched at once", () => {
  expect(compiled("(a+)+b").matches("a".repeat(5000))).toBe(false);
});

test("compileRegex and replaceAll never throw, and agree with the engine's own on simple expressions", () => {
  const simple = fc.stringMatching(/^[abc.]{1,4}$/);
  fc.assert(
    fc.property(fc.string(), (source) => {
      expect(["compiled", "failed"]).toContain(compileRegex(source).kind);
    }),
  );
  fc.assert(
    fc.property(simple, fc.stringMatching(/^[abc]{0,9}$/), (source, text) => {
      const regex = compiled(source);
      expect(regex.matches(text)).toBe(new RegExp(`^(?:${source})$`).test(text));
      expect(regex.replaceAll(text, "-")).toBe(text.replace(new RegExp(source, "g"), "-"));
    }),
  );
});

test.each([
  ["a+", "baac", [[1, 3]]],
  ["(a)|(b)", "xb", [[1, 2], undefined, [1, 2]]],
  ["^x", "yx", undefined],
  ["", "abc", [[0, 0]]],
])("search for %s in %s finds %j", (source, text, expected) => {
  const spans = compiled(source).search(text);
  expect(spans?.map((span) => span && [span.start, span.end])).toEqual(expected);
});
