// A pilot in this process, over a folder of its own, on ports that the kernel chooses.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT_LOG } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { systemFileWriter } from "#io/bun/file-writer.ts";
import { systemFiles } from "#io/bun/files.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { serveXds } from "#io/grpc/xds-service.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { DEFAULT_MESH_SETTINGS } from "#pilot/model/mesh-settings.ts";
import { Pilot } from "#pilot/pilot.ts";

export interface TestPilot {
  readonly folder: string;
  readonly xds: SocketAddress;
  readonly pilot: Pilot;
  write(name: string, yaml: string): void;
  remove(name: string): void;
  close(): Promise<void>;
}

/** `files`: name -> YAML, there before the pilot starts. */
export async function startPilot(files: Readonly<Record<string, string>>): Promise<TestPilot> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-pilot-"));
  for (const [name, yaml] of Object.entries(files)) writeFileSync(join(folder, name), yaml);
  const opened = await FolderStore.open({
    folder,
    files: systemFiles,
    fileWriter: systemFileWriter,
    clock: systemClock,
    timers: systemTimers,
    log: SILENT_LOG,
  });
  if (opened.kind === "failed") throw new Error(opened.reason);
  const problems = opened.store.problems().filter(({ severity }) => severity === "error");
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const pilot = new Pilot({
    clock: systemClock,
    timers: systemTimers,
    log: SILENT_LOG,
    store: opened.store,
    mesh: DEFAULT_MESH_SETTINGS,
    debounceMs: 20,
    version: "0.0.0",
    state: undefined,
    savedState: undefined,
  });
  const server = await serveXds({ host: "127.0.0.1", port: 0 }, pilot.xdsService);
  if ("kind" in server) throw new Error(server.reason);
  return {
    folder,
    xds: server.address,
    pilot,
    write: (name, yaml) => writeFileSync(join(folder, name), yaml),
    remove: (name) => rmSync(join(folder, name)),
    close: async () => {
      opened.store.close();
      pilot.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
