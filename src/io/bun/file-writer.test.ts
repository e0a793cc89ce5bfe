// Files are replaced whole, with the folders above them, and taken away without a fuss.
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
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

test("what cannot be written says why", async () => {
  const answer = await systemFileWriter.replace("/proc/nothing/here", "x");
  expect(answer.kind).toBe("failed");
});
