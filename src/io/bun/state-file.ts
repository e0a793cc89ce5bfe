// The StateFile port: a new file beside it, synced, then renamed over it.
import { mkdirSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { StateFile } from "#base/state-file.ts";

/** `onError` hears why a write failed; the state then is as old as the last that did not. */
export function createStateFile(path: string, onError: (reason: string) => void): StateFile {
  let next: string | undefined;
  let isWriting = false;

  const replace = async (text: string): Promise<void> => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const beside = `${path}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  };

  /** One write at a time; texts that came meanwhile but the last are skipped. */
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (next !== undefined) {
      const text = next;
      next = undefined;
      try {
        await replace(text);
      } catch (error) {
        onError(error instanceof Error ? error.message : String(error));
      }
    }
    isWriting = false;
  };

  return {
    read: async () => {
      try {
        return await readFile(path, "utf8");
      } catch {
        return undefined;
      }
    },
    write: (text) => {
      next = text;
      if (!isWriting) writeAll().catch(() => {});
    },
  };
}
