// Writes docs/reference/{cli,exit-status,stats,response-flags,access-log}.md from the tables in the code. Run: bun tools/generate-reference.ts
// With --check it writes nothing, and fails when what it would write is not what is there.
import { join } from "node:path";
import { Glob } from "bun";
import { accessLogPage } from "./reference/access-log-page.ts";
import { cliPage } from "./reference/cli-page.ts";
import { exitStatusPage } from "./reference/exit-status-page.ts";
import { readShapes } from "./reference/json-shapes.ts";
import { preflightPage } from "./reference/preflight-page.ts";
import { responseFlagsPage } from "./reference/response-flags-page.ts";
import { GROUPS, statsPage } from "./reference/stats-page.ts";
import { readStatuses } from "./reference/used-statuses.ts";

const ROOT: string = join(import.meta.dir, "..");

/** Names that the sources use of each group's constant: `CLUSTER.upstream_rq_total`, `CLUSTER["default.total_match_count"]`. */
export function usedNames(sources: Iterable<string>): (constant: string, name: string) => boolean {
  const used = new Set<string>();
  const constants = GROUPS.map(({ constant }) => constant).join("|");
  const use = new RegExp(`\\b(${constants})(?:\\.([a-z0-9_]+)|\\["([^"]+)"\\])`, "g");
  for (const source of sources) {
    for (const [, constant, plain, quoted] of source.matchAll(use)) {
      used.add(`${constant} ${plain ?? quoted}`);
    }
  }
  return (constant, name) => used.has(`${constant} ${name}`);
}

async function proxySources(root: string): Promise<string[]> {
  const sources: string[] = [];
  for await (const file of new Glob("src/{proxy,cli}/**/*.ts").scan({ cwd: root })) {
    if (!file.endsWith(".test.ts")) sources.push(await Bun.file(join(root, file)).text());
  }
  return sources;
}

/** Every page, by its path below the project. */
export async function referencePages(root: string = ROOT): Promise<ReadonlyMap<string, string>> {
  const isCounted = usedNames(await proxySources(root));
  const cli = await cliPage({
    statuses: await readStatuses(root),
    jsonShapes: await readShapes(root),
  });
  return new Map([
    ["docs/reference/cli.md", cli],
    ["docs/reference/exit-status.md", exitStatusPage()],
    ["docs/reference/preflight.md", preflightPage()],
    ["docs/reference/stats.md", statsPage(isCounted)],
    ["docs/reference/response-flags.md", responseFlagsPage()],
    ["docs/reference/access-log.md", accessLogPage()],
  ]);
}

/** Paths of pages below `folder` that are not what would be written. */
export async function stalePages(
  pages: ReadonlyMap<string, string>,
  folder: string = ROOT,
): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of pages) {
    const file = Bun.file(join(folder, path));
    if (!(await file.exists()) || (await file.text()) !== text) stale.push(path);
  }
  return stale;
}

async function main(isCheck: boolean): Promise<number> {
  const pages = await referencePages();
  const stale = await stalePages(pages);
  if (!isCheck) {
    for (const path of stale) await Bun.write(join(ROOT, path), pages.get(path) ?? "");
    console.log(`${stale.length} of ${pages.size} reference pages written`);
    return 0;
  }
  for (const path of stale) {
    console.error(`${path} is not what the code says: run bun tools/generate-reference.ts`);
  }
  return stale.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.includes("--check")));
