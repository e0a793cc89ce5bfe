import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileEntry } from "#base/files.ts";
import { systemFiles } from "./files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function list(): Promise<readonly FileEntry[]> {
  const found = await systemFiles.list(folder);
  if ("kind" in found) throw new Error(found.reason);
  return found;
}

test("list finds files below, sorted, without dot files, through links", async () => {
  mkdirSync(join(folder, "b"));
  writeFileSync(join(folder, "b/two.yaml"), "2");
  writeFileSync(join(folder, "a.yaml"), "1");
  writeFileSync(join(folder, ".hidden"), "");
  symlinkSync(join(folder, "a.yaml"), join(folder, "c.yaml"));
  expect((await list()).map((entry) => entry.path)).toEqual(["a.yaml", "b/two.yaml", "c.yaml"]);
});

test("list survives a loop of links and says why a missing folder fails", async () => {
  symlinkSync(folder, join(folder, "loop"));
  writeFileSync(join(folder, "a"), "");
  expect((await list()).length).toBeGreaterThan(0);
  expect(await systemFiles.list(join(folder, "missing"))).toMatchObject({ kind: "failed" });
});

test("the stamp changes with the content", async () => {
  writeFileSync(join(folder, "a"), "1");
  const before = (await list())[0]?.stamp;
  renameSync(join(folder, "a"), join(folder, "b"));
  writeFileSync(join(folder, "a"), "2");
  expect((await list())[0]?.stamp).not.toBe(before ?? "");
});

test("watch tells of a change in a folder that came later", async () => {
  let changes = 0;
  let told: () => void = () => {};
  const watching = systemFiles.watch(folder, () => {
    changes += 1;
    told();
  });
  const next = (): Promise<void> => new Promise((resolve) => (told = resolve));
  const first = next();
  mkdirSync(join(folder, "new"));
  await first;
  const second = next();
  writeFileSync(join(folder, "new/file.yaml"), "x");
  await second;
  expect(changes).toBeGreaterThanOrEqual(2);
  watching.close();
});

test("append keeps lines until flushed, and adds to what is there", () => {
  const path = join(folder, "log");
  writeFileSync(path, "before\n");
  const appender = systemFiles.append(path);
  if ("kind" in appender) throw new Error(appender.reason);
  appender.write(new TextEncoder().encode("line\n"));
  expect(readFileSync(path, "utf8")).toBe("before\n");
  appender.flush();
  expect(readFileSync(path, "utf8")).toBe("before\nline\n");
  appender.write(new Uint8Array(200_000).fill(120));
  appender.close();
  expect(readFileSync(path).length).toBe(12 + 200_000);
});

test("append to a folder that is not there says why", () => {
  expect(systemFiles.append(join(folder, "no/log"))).toMatchObject({ kind: "failed" });
});
