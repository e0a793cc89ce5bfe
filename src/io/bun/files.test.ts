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

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500) throw new Error("condition did not come true within 5 s");
    await Bun.sleep(10);
  }
}

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

test("list says why a missing folder fails", async () => {
  expect(await systemFiles.list(join(folder, "missing"))).toMatchObject({ kind: "failed" });
});

test("links that lead in a circle, upwards or nowhere hide nothing and show nothing twice", async () => {
  mkdirSync(join(folder, "b"));
  writeFileSync(join(folder, "b/two.yaml"), "2");
  writeFileSync(join(folder, "z.yaml"), "1");
  symlinkSync(join(folder, "self"), join(folder, "self"));
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
  for (const name of ["a1", "a2", "a3", "b/up"]) symlinkSync(folder, join(folder, name));
  symlinkSync(join(folder, "b"), join(folder, "a-link-to-b"));
  expect((await list()).map((entry) => entry.path)).toEqual(["b/two.yaml", "z.yaml"]);
});

test("a folder of elsewhere is read through its link", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "sampan-elsewhere-"));
  writeFileSync(join(elsewhere, "far.yaml"), "1");
  symlinkSync(elsewhere, join(folder, "link"));
  expect((await list()).map((entry) => entry.path)).toEqual(["link/far.yaml"]);
  rmSync(elsewhere, { recursive: true });
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

test("append keeps lines until flushed, and adds to what is there", async () => {
  const path = join(folder, "log");
  writeFileSync(path, "before\n");
  const appender = systemFiles.append(path);
  if ("kind" in appender) throw new Error(appender.reason);
  appender.write(new TextEncoder().encode("line\n"));
  expect(readFileSync(path, "utf8")).toBe("before\n");
  appender.flush();
  await until(() => readFileSync(path, "utf8") === "before\nline\n");
  appender.write(new Uint8Array(200_000).fill(120));
  await until(() => appender.backlogBytes === 0);
  appender.write(new TextEncoder().encode("last\n"));
  appender.close();
  expect(readFileSync(path).length).toBe(12 + 200_000 + 5);
});

test("append to a folder that is not there says why", () => {
  expect(systemFiles.append(join(folder, "no/log"))).toMatchObject({ kind: "failed" });
});

test("a reader that does not read holds up nobody: what waits is counted", async () => {
  const child = Bun.spawn(
    [
      process.execPath,
      "-e",
      `
      const { systemFiles } = await import("${import.meta.dir}/files.ts");
      const out = systemFiles.append("/dev/stdout");
      const started = performance.now();
      for (let i = 0; i < 64; i += 1) out.write(new Uint8Array(64 * 1024).fill(120));
      out.flush();
      process.stderr.write(JSON.stringify({ ms: performance.now() - started, backlog: out.backlogBytes }));
      process.exit(0);
    `,
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  const said = JSON.parse(await new Response(child.stderr).text()) as {
    ms: number;
    backlog: number;
  };
  expect(said.ms).toBeLessThan(1_000);
  expect(said.backlog).toBeGreaterThan(1_000_000); // a pipe takes 64 KiB
  await child.exited;
});
