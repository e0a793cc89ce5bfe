import { expect, test } from "bun:test";
import { checkFile, checkLayers } from "./layers.ts";

const messages = (file: string, source: string): string[] =>
  checkFile(file, source).map((violation) => violation.message);

test("every file of src keeps to the table", async () => {
  const report = await checkLayers(`${import.meta.dir}/..`);
  expect(report.fileCount).toBeGreaterThan(0); // a checker that saw nothing must not be green
  expect(report.violations).toEqual([]);
});

test.each([
  ["alias", "proxy/a.ts", 'import { x } from "#pilot/b.ts";'],
  ["relative path", "proxy/a.ts", 'import { x } from "../pilot/b.ts";'],
  ["type-only import", "pilot/a.ts", 'import type { X } from "../proxy/b.ts";'],
  ["export from", "base/a.ts", 'export { x } from "../codec/b.ts";'],
  ["dynamic import", "xds/a.ts", 'const x = await import("#proxy/b.ts");'],
  ["side effect import", "codec/a.ts", 'import "#proxy/b.ts";'],
  ["node module", "proxy/a.ts", 'import { readFileSync } from "node:fs";'],
  ["bun module", "pilot/a.ts", 'import { Glob } from "bun";'],
  ["unlisted package", "proxy/a.ts", 'import x from "left-pad";'],
  ["package in the wrong file", "proxy/a.ts", 'import { parse } from "yaml";'],
  ["a door that is shut", "explain/a.ts", 'import { x } from "#proxy/upstream/pool.ts";'],
  ["io importing more than types", "io/a.ts", 'import { x } from "#pilot/store.ts";'],
  ["several lines", "proxy/a.ts", 'import {\n  x,\n  y,\n} from "#pilot/b.ts";'],
])("checkFile catches a crossing by %s", (_name, file, source) => {
  expect(messages(file, source)).toHaveLength(1);
});

test.each([
  ["clock", "const t = Date.now();"],
  ["date", "const t = new Date();"],
  ["performance", "const t = performance.now();"],
  ["timer", "setTimeout(() => {}, 1);"],
  ["random", "const r = Math.random();"],
  ["process", "const e = process.env;"],
  ["Bun", "Bun.listen({});"],
  ["fetch", "await fetch(url);"],
])("checkFile catches the system's %s outside io", (_name, source) => {
  expect(messages("proxy/a.ts", source)).toHaveLength(1);
  expect(messages("io/bun/a.ts", source)).toEqual([]);
  expect(messages("cli/up.ts", source)).toEqual([]);
});

test.each([
  ["a comment", "// Date.now() is banned\n/* import x from '#pilot/x.ts' */"],
  ["a string", 'const a = "process.env";'],
  ["its own room", 'import { x } from "./b.ts";'],
  ["a door that is open", 'import { x } from "#xds/b.ts";'],
])("checkFile allows %s", (_name, source) => {
  expect(messages("proxy/a.ts", source)).toEqual([]);
});
