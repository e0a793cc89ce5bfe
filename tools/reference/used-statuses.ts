// Which exit statuses a command's own sources use: its file, and the folder of its name.
import { join } from "node:path";
import { Glob } from "bun";

/** Every command may end in these. */
const COMMON: readonly string[] = ["ok", "usage"];

/** From a command's first word to names in EXIT. */
export async function readStatuses(root: string): Promise<(command: string) => readonly string[]> {
  const used = new Map<string, Set<string>>();
  for await (const file of new Glob("src/cli/**/*.ts").scan({ cwd: root })) {
    if (file.endsWith(".test.ts")) continue;
    const owner = /^src\/cli\/([a-z-]+)/.exec(file)?.[1] ?? "";
    const names = used.get(owner) ?? new Set(COMMON);
    used.set(owner, names);
    const text = await Bun.file(join(root, file)).text();
    for (const [, name] of text.matchAll(/\bEXIT\.(\w+)/g)) names.add(name ?? "");
  }
  return (command) => [...(used.get(command.split(" ")[0] ?? "") ?? COMMON)];
}
