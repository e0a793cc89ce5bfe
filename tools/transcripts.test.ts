// The runner of transcripts: it must see what differs, and say where.
import { expect, test } from "bun:test";
import { findMismatch } from "./transcripts/match.ts";
import { parseSteps } from "./transcripts/parse.ts";
import { runPage } from "./transcripts.ts";

const page = (...lines: readonly string[]): string => ["# Page", "", ...lines, ""].join("\n");

test("only blocks marked as consoles are read, with lines and marks", () => {
  const steps = parseSteps(
    page(
      "```",
      "$ not run",
      "```",
      "```console",
      "$ one",
      "a",
      "",
      "$ two <<EOF",
      "> x",
      "> EOF",
      "b",
      "```",
      "```console stays needs envoy",
      "$ three",
      "```",
    ),
  );
  expect(steps).toEqual([
    { line: 7, command: "one", output: ["a", ""], outputLine: 8, stays: false, needs: undefined },
    {
      line: 10,
      command: "two <<EOF\nx\nEOF",
      output: ["b"],
      outputLine: 13,
      stays: false,
      needs: undefined,
    },
    { line: 16, command: "three", output: [], outputLine: 17, stays: true, needs: "envoy" },
  ]);
});

test("a block that would not be run as meant is refused", () => {
  expect(() => parseSteps(page("```console forever", "$ x", "```"))).toThrow(
    'line 3: unknown mark "console forever"',
  );
  expect(() => parseSteps(page("```console", "x", "```"))).toThrow(
    'line 4: a console begins with a command: "$ "',
  );
});

test.each<[string[], string[], number | undefined]>([
  // shown | printed | the shown line that fails
  [["a"], ["a", ""], undefined],
  [["a"], ["b"], 0],
  [["a"], [], 0],
  [["a"], ["a", "b"], 1],
  [[], ["a"], 0],
  [["a", "…"], ["a", "b", "c"], undefined],
  [["…", "c"], ["a", "b", "c"], undefined],
  [["…", "b", "…", "c"], ["b", "x", "b", "c"], undefined],
  [["…", "b"], ["b", "c"], 2],
  [["…", "d"], ["a", "b"], 1],
  [["pid …, ready"], ["pid 123, ready"], undefined],
  [["pid …, ready"], ["pid 123, late"], 0],
  [["(1.5)"], ["(1x5)"], 0],
  [["~100 v1"], [" 93 v1"], undefined],
  [["  ~100 v1"], ["    107 v1"], undefined],
  [["~100 v1"], ["300 v1"], 0],
  [["~100 v1"], ["0 v1"], 0],
  [["~/x"], ["~/x"], undefined],
])("%j against %j", (shown, printed, failing) => {
  expect(findMismatch(shown, printed)?.shownIndex).toBe(failing as number);
});

test("a session keeps its folder and variables, both streams are seen, and input is empty", async () => {
  const report = await runPage(
    "p.md",
    page(
      "```console",
      "$ cd /; x='a b'",
      "$ echo $x; pwd; cat; echo err >&2; false",
      "a b",
      "/",
      "err",
      "$ echo $?",
      "1",
      "```",
    ),
  );
  expect(report).toEqual({ stepCount: 3, failures: [] });
});

test("the first difference is named by file and line, with both texts", async () => {
  const { failures } = await runPage(
    "p.md",
    page("```console", "$ echo one; echo two", "one", "three", "$ echo never", "x", "```"),
  );
  expect(failures).toEqual([
    'p.md:6: not what "echo one; echo two" prints (- shown, + printed)\n  - one\n  - three\n  + one\n  + two',
  ]);
});

test("a command that stays runs beside the others and is interrupted at the end", async () => {
  const script = "trap 'echo bye >../ended; exit' INT; echo ready; while :; do sleep 0.05; done";
  const { failures } = await runPage(
    "p.md",
    page(
      "```console stays",
      `$ ${script}`,
      "ready",
      "```",
      "```console",
      "$ echo beside",
      "beside",
      "```",
    ),
  );
  expect(failures).toEqual([]);
});

test("a command that ends before it has shown what it should is a failure", async () => {
  const { failures } = await runPage("p.md", page("```console stays", "$ echo no", "ready", "```"));
  expect(failures[0]).toStartWith('p.md:5: not what "echo no" prints');
});

test("a syntax error is that command's own", async () => {
  const { failures } = await runPage(
    "p.md",
    page("```console", "$ if", "…syntax error…", "$ echo on", "on", "```"),
  );
  expect(failures).toEqual([]);
});
