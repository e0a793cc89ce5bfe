// A folder store over files in memory, in fake time: for tests of whatever writes configuration.
import { SILENT_LOG } from "#base/log.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { FolderStore } from "../folder-store.ts";
import { FakeFiles } from "./fake-files.ts";

export interface FakeFolder {
  readonly files: FakeFiles;
  readonly store: FolderStore;
  readonly time: FakeTime;
}

/** The folder is "mesh"; `content` is what is in it from the start, by path. */
export async function openFakeFolder(
  content: Readonly<Record<string, string>> = {},
): Promise<FakeFolder> {
  const files = new FakeFiles("mesh");
  for (const [path, text] of Object.entries(content)) files.write(path, text);
  const time = new FakeTime();
  const opened = await FolderStore.open({
    folder: "mesh",
    files,
    fileWriter: files.writer,
    clock: time,
    timers: time,
    log: SILENT_LOG,
  });
  if (opened.kind !== "opened") throw new Error(opened.reason);
  return { files, store: opened.store, time };
}
