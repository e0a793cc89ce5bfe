// Files are replaced whole, with the folders above them, and taken away without a fuss.
import { expect, test } from "bun:test";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemFileWriter } from "./file-writer.ts";

test("a file is made with its folders, replaced, and removed; nothing else is left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "file-writer-"));
  const path = join(folder, "a/b/c.yaml");
  expect(await systemFileWriter.replace(path, "one")).toEqual({ kind: "written" });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await systemFileWriter.replace(path, "two", 0o644)).toEqual({ kind: "written" });
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(readdirSync(join(folder, "a/b"))).toEqual(["c.yaml"]);
  expect(await systemFileWriter.remove(path)).toEqual({ kind: "written" });
  expect(await systemFileWriter.remove(path)).toEqual({ kind: "written" });
  rmSync(folder, { recursive: true });
});

test("a file that is there keeps its mode, and a link stays a link", async () => {
  const folder = mkdtempSync(join(tmpdir(), "file-writer-"));
  writeFileSync(join(folder, "real.yaml"), "one", { mode: 0o640 });
  symlinkSync("real.yaml", join(folder, "link.yaml"));
  await systemFileWriter.replace(join(folder, "link.yaml"), "two", 0o600);
  expect(readFileSync(join(folder, "real.yaml"), "utf8")).toBe("two");
  expect(statSync(join(folder, "real.yaml")).mode & 0o777).toBe(0o640);
  expect(lstatSync(join(folder, "link.yaml")).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["link.yaml", "real.yaml"]);
  rmSync(folder, { recursive: true });
});

test("what cannot be written says why", async () => {
  const answer = await systemFileWriter.replace("/proc/nothing/here", "x");
  expect(answer.kind).toBe("failed");
});
