import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStateFile } from "./state-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fail = (reason: string): never => {
  throw new Error(reason);
};

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 500) throw new Error("condition did not come true within 5 s");
    await Bun.sleep(10);
  }
}

test("what was written is read, the folder is made, nothing is left beside it", async () => {
  const path = join(folder, "a/b/state.json");
  const file = createStateFile(path, fail);
  expect(await file.read()).toBeUndefined();
  for (let i = 0; i < 100; i += 1) file.write(`state ${i}`);
  await until(async () => (await createStateFile(path, fail).read()) === "state 99");
  await until(async () => readdirSync(join(folder, "a/b")).length === 1);
});

test("a folder that cannot be made is said", async () => {
  writeFileSync(join(folder, "file"), "");
  let reason = "";
  createStateFile(join(folder, "file/state.json"), (said) => {
    reason = said;
  }).write("x");
  await until(async () => reason !== "");
});
