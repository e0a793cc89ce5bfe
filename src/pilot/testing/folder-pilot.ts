// A pilot over a folder in memory, in fake time: for tests of its API and of the commands that use it.
import { SILENT_LOG } from "#base/log.ts";
import { type FakeFolder, openFakeFolder } from "../config/testing/open-fake-folder.ts";
import { DEFAULT_MESH_SETTINGS } from "../model/mesh-settings.ts";
import { Pilot } from "../pilot.ts";

export interface FolderPilot extends FakeFolder {
  readonly pilot: Pilot;
}

export async function startFolderPilot(
  content: Readonly<Record<string, string>>,
): Promise<FolderPilot> {
  const folder = await openFakeFolder(content);
  const pilot = new Pilot({
    clock: folder.time,
    timers: folder.time,
    log: SILENT_LOG,
    store: folder.store,
    mesh: DEFAULT_MESH_SETTINGS,
    debounceMs: 100,
    version: "1.2.3",
    state: undefined,
    savedState: undefined,
  });
  return { ...folder, pilot };
}
