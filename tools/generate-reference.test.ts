import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { COMMANDS } from "#cli/commands.ts";
import { createProgram } from "#cli/program.ts";
import { fakeShell } from "#cli/testing/fake-shell.ts";
import { OPERATORS } from "#proxy/access-log/operators.ts";
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";
import { referencePages, stalePages, usedNames } from "./generate-reference.ts";
import { fullName, visibleCommands } from "./reference/cli-page.ts";
import { declarationOf, SHAPE_SOURCES } from "./reference/json-shapes.ts";
import { GROUPS } from "./reference/stats-page.ts";

test("every schema has its section, and every name its line", async () => {
  const files = [
    ...new Glob("*.ts").scanSync({ cwd: `${import.meta.dir}/../src/proxy/stats/schema` }),
  ];
  expect(files.length).toBeGreaterThan(0);
  expect(GROUPS).toHaveLength(files.length);
  const text = (await referencePages()).get("docs/reference/stats.md") ?? "";
  for (const { schema } of GROUPS) {
    for (const name of schema.table.names) expect(text).toContain(`| \`${name}\` | `);
  }
});

test("every flag and every operator is on its page", async () => {
  const pages = await referencePages();
  const flags = pages.get("docs/reference/response-flags.md") ?? "";
  for (const { short, long } of RESPONSE_FLAGS)
    expect(flags).toContain(`| \`${short}\` | ${long} |`);
  const log = pages.get("docs/reference/access-log.md") ?? "";
  for (const name of Object.keys(OPERATORS)) expect(log).toMatch(new RegExp(`\`${name}[\`[(]`));
});

test("a statistic that no code counts is marked", async () => {
  const isCounted = usedNames([
    'stats.inc(CLUSTER.upstream_rq_total); block.set(CLUSTER["default.total_match_count"], 1); OTHER.CLUSTERS.x',
  ]);
  expect(isCounted("CLUSTER", "upstream_rq_total")).toBe(true);
  expect(isCounted("CLUSTER", "default.total_match_count")).toBe(true);
  expect(isCounted("CLUSTER", "upstream_rq")).toBe(false);
  expect(isCounted("HTTP", "upstream_rq_total")).toBe(false);
});

test("every command, argument and flag is on the page of the command line", async () => {
  const page = (await referencePages()).get("docs/reference/cli.md") ?? "";
  const commands = visibleCommands(await createProgram(fakeShell().shell, "all"));
  expect(commands.length).toBeGreaterThanOrEqual(COMMANDS.length - 1);
  for (const command of commands) {
    const [, section] = page.split(new RegExp(`^#+ ${fullName(command)}$`, "m"));
    const text = (section ?? "").split(/^#+ sampan/m)[0] ?? "";
    expect(text).toContain(command.usage());
    for (const { flags } of command.options.filter(({ hidden }) => !hidden)) {
      expect(text).toContain(`\n| \`${flags.replaceAll("|", "\\|")}\` |`);
    }
    for (const argument of command.registeredArguments) {
      expect(text).toContain(`\n| \`${argument.name()}\` |`);
    }
  }
});

test("the page says the same whatever the person's environment is", async () => {
  const program = await createProgram(fakeShell().shell, "all");
  const defaults = visibleCommands(program).flatMap(({ options }) =>
    options.map(({ defaultValue, defaultValueDescription }) =>
      String(defaultValueDescription ?? defaultValue),
    ),
  );
  for (const text of defaults) expect(text).not.toMatch(/^\/(home|root|tmp|Users)\b/);
});

test("every command that prints JSON has its shape documented", async () => {
  const commands = visibleCommands(await createProgram(fakeShell().shell, "all"));
  const printing = commands
    .filter(({ options }) => options.some(({ argChoices }) => argChoices?.includes("json")))
    .map((command) => fullName(command).replace(/^sampan /, ""));
  expect(Object.keys(SHAPE_SOURCES).toSorted()).toEqual(printing.toSorted());
});

test.each([
  ["/** Doc. */\nexport interface A {\n  readonly a: string;\n}\nexport interface B {}\n", "A"],
  ["export interface AB {}\n\n/** Doc. */\nexport interface A {\n  readonly a: string;\n}\n", "A"],
  [
    '/** Doc.\n * More. */\nexport type A =\n  | { readonly kind: "x" }\n  | "y";\n\nconst b = 1;\n',
    "A",
  ],
  ['/** Doc. */\nexport type A = "x" | "y";\nexport type B = "z";\n', "A"],
])("the declaration in %j is taken whole, with its comment, and nothing else", (source, name) => {
  const text = declarationOf(source, name) ?? "";
  expect(text).toStartWith("/** Doc.");
  expect(text).toContain(` ${name} `);
  expect(text).toMatch(/[};]$/);
  expect(text).not.toMatch(/export|\bB\b|AB|const/);
});

test("--check names a page that is missing or differs, and only that", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reference-"));
  try {
    const pages = new Map([
      ["docs/a.md", "a\n"],
      ["docs/b.md", "b\n"],
      ["docs/c.md", "c\n"],
    ]);
    await Bun.write(join(folder, "docs/a.md"), "a\n");
    await Bun.write(join(folder, "docs/b.md"), "edited\n");
    expect(await stalePages(pages, folder)).toEqual(["docs/b.md", "docs/c.md"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
