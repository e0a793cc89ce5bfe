import { expect, test } from "bun:test";
import { Glob } from "bun";
import { importsOf } from "./imports.ts";
import { checkFile, checkLayers } from "./layers.ts";
import { tokensOf } from "./tokens.ts";

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
  ["import without blanks", "proxy/a.ts", 'import{x}from"#pilot/b.ts";'],
  ["export without blanks", "proxy/a.ts", 'export{x}from"#pilot/b.ts";'],
  ["star without blanks", "proxy/a.ts", 'import*as x from"#pilot/b.ts";'],
  ["export of everything", "proxy/a.ts", 'export * as x from "#pilot/b.ts";'],
  ["quoted name", "proxy/a.ts", 'import { "a-b" as x } from "#pilot/b.ts";'],
  ["name that is no ASCII", "proxy/a.ts", 'import { größe } from "#pilot/b.ts";'],
  ["binding called from", "proxy/a.ts", 'import from from "#pilot/b.ts";'],
  ["comment in between", "proxy/a.ts", 'import { x } /* " */ from /* " */ "#pilot/b.ts";'],
  ["import behind a statement", "proxy/a.ts", 'f();import "#pilot/b.ts";'],
  ["type query", "proxy/a.ts", 'type X = import("#pilot/b.ts").X;'],
  ["dynamic import with blanks", "xds/a.ts", 'await import ( "#proxy/b.ts" );'],
  [
    "dynamic import inside a template",
    "xds/a.ts",
    `f(\`\${\`\${await import("#proxy/b.ts")}\`}\`);`,
  ],
  ["dynamic import with options", "xds/a.ts", 'await import("#proxy/b.ts", { with: {} });'],
  ["dynamic import of a variable", "cli/a.ts", "await import(name);"],
  ["dynamic import of a template", "cli/a.ts", `await import(\`#base/\${name}\`);`],
  ["dynamic import of a sum", "cli/a.ts", 'await import("#base/" + name);'],
  ["deferred import", "cli/a.ts", "await import.defer(name);"],
  ["escape in the name", "proxy/a.ts", 'import "#p\\u0069lot/b.ts";'],
  ["require", "proxy/a.ts", 'const x = require("#base/b.ts");'],
  ["import of require", "proxy/a.ts", 'import x = require("#base/b.ts");'],
  ["require of the module", "proxy/a.ts", 'module.require("#base/b.ts");'],
  ["require of import.meta", "io/a.ts", 'import.meta.require("#base/b.ts");'],
  ["require in brackets", "io/a.ts", 'import.meta["require"]("#base/b.ts");'],
  ["require of its own making", "io/a.ts", 'createRequire(import.meta.url)("#proxy/b.ts");'],
  ["alias with dots", "base/a.ts", 'import { x } from "#base/../pilot/b.ts";'],
  ["relative path out of src", "proxy/a.ts", 'import { x } from "../../proxy/b.ts";'],
  ["import of a test", "proxy/a.ts", 'import { x } from "./b.test.ts";'],
  ["io with a default import called type", "io/a.ts", 'import type from "#pilot/b.ts";'],
  ["io with inline types", "io/a.ts", 'import { type X } from "#pilot/b.ts";'],
  ["reference to a path", "base/a.ts", '/// <reference path="../pilot/b.ts" />'],
  ["reference to types", "base/a.ts", '/// <reference types="bun" />'],
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
  ["process by globalThis", "const e = globalThis.process.env;"],
  ["process by brackets", 'const e = globalThis["process"].env;'],
  ["process by self", "const e = self.process.env;"],
  ["process taken apart", "const { env } = process;"],
  ["process by another name", "const own = process;"],
  ["process by brackets of its own", 'const e = process["env"];'],
  ["process in a choice", "const e = x ? process : y;"],
  ["process behind dots", "const e = { ...process };"],
  ["process inside a template", `const e = \`\${process.pid}\`;`],
  ["process with an escape", "const e = pr\\u006fcess.env;"],
  ["process behind a rare line end", "// a comment\u2028process.exit();"],
  ["Bun by another name", "const b = Bun;"],
  ["Bun taken apart", "const { listen } = Bun;"],
  ["import.meta", "const e = import.meta.env;"],
  ["clock by Temporal", "const t = Temporal.Now.instant();"],
  ["clock by Temporal taken apart", "const { Now } = Temporal;"],
  ["clock by Intl", "new Intl.DateTimeFormat().format();"],
  ["date by a call", "const t = Date();"],
  ["date without parentheses", "const t = new Date;"],
  ["date by a chain", "const t = Date?.now();"],
  ["date by another name", "const D = Date;"],
  ["performance taken apart", "const { now } = performance;"],
  ["timer by another name", "const later = setTimeout;"],
  ["timer as an argument", "f(setInterval);"],
  ["timer by a chain", "setImmediate?.(f);"],
  ["timer of a signal", "const s = AbortSignal.timeout(5);"],
  ["random taken apart", "const { random } = Math;"],
  ["random in brackets", 'const r = Math["random"]();'],
  ["random by a chain", "const r = Math?.random();"],
  ["random by another name", "const m = Math;"],
  ["crypto", "const id = crypto.randomUUID();"],
  ["fetch by another name", "const get = fetch;"],
  ["microtask", "queueMicrotask(f);"],
  ["eval", "(0, eval)(text);"],
  ["Function", "new Function(text)();"],
  ["Worker", "new Worker(url);"],
  ["EventSource", "new EventSource(url);"],
  ["WebSocket", "new WebSocket(url);"],
  ["BroadcastChannel", "new BroadcastChannel(name);"],
  ["use after a string with a comment's start", 'const a = "/*"; f(process.env); const b = "*/";'],
  ["use after a regex with a quote", "const a = /'/; f(process.env); const b = /'/;"],
  ["use after a regex with a class", "const a = /[/'\"`]/; f(process.env);"],
  ["use after a regex in a condition", "if (x) /[`]/.test(y); f(process.env);"],
  ["use after a division", "const a = (b) / c; f(process.env); const d = e / 2;"],
  ["use after a count and a division", "const a = i++ / 2; f(process.env); const d = e / 2;"],
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
  ["a template", `const a = \`process.env \${b} import('#pilot/x.ts')\`;`],
  ["a regex", "const a = /process.env/;"],
  ["a comment in a string", 'const a = "http://x"; // process.env'],
  ["a property", "a.process.fetch(); b?.Date; this.#process = c;"],
  ["a key", "const a = { process: 1, Date: 2 };"],
  ["a member", "interface A { readonly process: B; fetch?: C }"],
  ["a parameter's type", "type A = (process: B, fetch: C) => void;"],
  ["pure arithmetic", "const a = Math.floor(b);"],
  ["pure time", "const a: Temporal.Instant = b;"],
  ["an export of its own", "const x = 1; export { x }; export const from = 2;"],
  ["words that import nothing", "a.import(b); const c = { import: 1, export: 2 };"],
])("checkFile allows %s", (_name, source) => {
  expect(messages("proxy/a.ts", source)).toEqual([]);
});

test("microtasks are for fakes and tests", () => {
  expect(messages("proxy/worker/testing/a.ts", "queueMicrotask(f);")).toEqual([]);
  expect(messages("proxy/worker/testing/a.ts", "f(process.env);")).toHaveLength(1);
});

test.each(["tsx", "mts", "js", "node", "ts.orig"])("a file ending in .%s is refused", (ending) => {
  expect(messages(`base/a.${ending}`, "")).toHaveLength(1);
});

test("a violation tells its line", () => {
  const source = `// one\nconst a = \`two\n\${b}\`;\nf(process.env);\n`;
  expect(checkFile("base/a.ts", source).map((violation) => violation.line)).toEqual([4]);
});

// Bun's own parser drops imports of types, so it cannot be the check; but whatever it sees, the check must see.
test("no import that Bun sees is overlooked", async () => {
  const root = `${import.meta.dir}/../src`;
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  let count = 0;
  for await (const file of new Glob("**/*.ts").scan({ cwd: root })) {
    if (file.endsWith("_pb.ts")) continue;
    const source = await Bun.file(`${root}/${file}`).text();
    const seen = new Set(importsOf(tokensOf(source)).map(({ specifier }) => specifier));
    const overlooked = transpiler.scanImports(source).filter(({ path }) => !seen.has(path));
    expect({ file, overlooked }).toEqual({ file, overlooked: [] });
    count += seen.size;
  }
  expect(count).toBeGreaterThan(0);
});
