import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunFolder } from "#base/run-folder.ts";
import { BoundedLog, createRunFolder } from "./run-folder.ts";

const temporary = (): string => mkdtempSync(join(tmpdir(), "sampan-run-folder-"));

function created(path: string): RunFolder {
  const folder = createRunFolder(path, { "bin/program": process.execPath });
  if ("kind" in folder) throw new Error(folder.reason);
  return folder;
}

test("files are this user's alone, put in place whole, and gone in the end", () => {
  const path = join(temporary(), "a", "b");
  const folder = created(path);
  expect(folder.write("proxies/one.json", "1")).toBe(join(path, "proxies/one.json"));
  folder.write("proxies/one.json", "2");
  expect(readFileSync(join(path, "proxies/one.json"), "utf8")).toBe("2");
  expect(statSync(join(path, "proxies/one.json")).mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(existsSync(join(path, "bin/program"))).toBe(true);
  const log = folder.openLog("logs/one.log");
  log.write("last words");
  folder.remove();
  log.write("more");
  folder.write("late.json", "");
  folder.openLog("late.log").write("late");
  expect(existsSync(path)).toBe(false);
});

test("what an earlier run has left there is gone", () => {
  const path = temporary();
  created(path).write("old.json", "");
  created(path);
  expect(readdirSync(path)).toEqual(["bin"]);
});

test("a folder that cannot be made is said", () => {
  expect(createRunFolder("/dev/null/here")).toEqual({
    kind: "failed",
    reason: expect.stringContaining("ENOTDIR"),
  });
});

test("a log keeps what came last, within twice its size", () => {
  const path = join(temporary(), "one.log");
  const line = "x".repeat(99);
  for (let run = 0; run < 100; run += 1) {
    const log = new BoundedLog(path, 1_000);
    log.write(`${run} ${line}`.slice(0, 99));
    log.close();
  }
  const text = (file: string): string => readFileSync(file, "utf8");
  const lines = `${text(`${path}.1`)}${text(path)}`.trimEnd().split("\n");
  expect(lines.map((kept) => Number.parseInt(kept, 10))).toEqual(
    Array.from({ length: lines.length }, (_, index) => 100 - lines.length + index),
  );
  expect(text(path).length).toBeLessThanOrEqual(1_000);
  expect(text(`${path}.1`).length).toBe(1_000);
  expect(lines.length).toBeGreaterThan(10);
});

test("a log writes within moments, and all of it at its end", async () => {
  const path = join(temporary(), "one.log");
  const log = new BoundedLog(path);
  log.write("first");
  while (readFileSync(path, "utf8") === "") await Bun.sleep(10);
  expect(readFileSync(path, "utf8")).toBe("first\n");
  log.write("second");
  log.close();
  expect(readFileSync(path, "utf8")).toBe("first\nsecond\n");
});

test("a log whose folder is gone is written to in vain, and that is all", () => {
  const log = new BoundedLog("/no/such/folder/one.log");
  log.write("nobody reads this");
  log.close();
});
