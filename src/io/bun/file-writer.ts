// The FileWriter port: a new file beside the old one, synced, then renamed over it.
import { mkdirSync } from "node:fs";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
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
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  const beside = `${target}.new`;
  const file = await open(beside, "w", mode);
  try {
    if (before !== undefined) await file.chmod(before.mode & 0o7777);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, target);
  await syncFolder(dirname(target));
}

/** After a rename the name itself is on disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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
