import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { OPERATORS } from "#proxy/access-log/operators.ts";
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";
import { referencePages, stalePages, usedNames } from "./generate-reference.ts";
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
