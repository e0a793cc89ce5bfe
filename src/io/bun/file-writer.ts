// The FileWriter port: a new file beside the old one, synced, then renamed over it.
import { mkdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileWriter, Written } from "#base/file-writer.ts";

const WRITTEN: Written = { kind: "written" };

const failed = (error: unknown): Written => ({
  kind: "failed",
  reason: error instanceof Error ? error.message : String(error),
});

/** Throws what the system says. */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const file = await open(beside, "w", mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

export const systemFileWriter: FileWriter = {
  replace: async (path, content, mode) => {
    try {
      await replaceFile(path, content, mode);
      return WRITTEN;
    } catch (error) {
      return failed(error);
    }
  },
  remove: async (path) => {
    try {
      await rm(path, { force: true });
      return WRITTEN;
    } catch (error) {
      return failed(error);
    }
  },
};
