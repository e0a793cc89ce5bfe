// The StateFile port: the newest text replaces the file, one write at a time.
import { readFile } from "node:fs/promises";
import type { StateFile } from "#base/state-file.ts";
import { replaceFile } from "./file-writer.ts";

/** `onError` hears why a write failed; the state then is as old as the last that did not. */
export function createStateFile(path: string, onError: (reason: string) => void): StateFile {
  let next: string | undefined;
  let isWriting = false;

  /** One write at a time; texts that came meanwhile but the last are skipped. */
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (next !== undefined) {
      const text = next;
      next = undefined;
      try {
        await replaceFile(path, text);
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
