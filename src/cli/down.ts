// `sampan down`: stops a mesh that runs on this machine, as Ctrl-C in its terminal would, and waits until nothing of it runs.
import { Command } from "commander";
import { pickMesh } from "./client/running-mesh.ts";
import { EXIT } from "./shell/exit-status.ts";
import { durationOption } from "./shell/options.ts";
import { runs, type Shell } from "./shell/shell.ts";
import { type FoundMesh, findMeshes, isRecordedProcess, RECORD_FILE } from "./up/run-directory.ts";

const POLL_MS = 100;
/** What is left of a mesh whose process is gone is taken away within this time. */
const LEFTOVER_LIMIT_MS = 5_000;

interface DownFlags {
  readonly mesh?: string;
  readonly all: boolean;
  readonly force: boolean;
  readonly timeout: number;
}

/** What is to be stopped, or why nothing is. */
async function chosen(shell: Shell, flags: DownFlags): Promise<readonly FoundMesh[] | string> {
  const picked = await pickMesh(shell, flags.mesh);
  if (flags.all) {
    const found = (await findMeshes(shell.files, shell.env)).filter(({ isRunning }) => isRunning);
    if (found.length > 0) return found;
  }
  return picked.kind === "found" ? [picked.mesh] : picked.message;
}

/** Its run directory is the last thing that goes. */
async function isThere({ files }: Shell, { path }: FoundMesh): Promise<boolean> {
  return (await files.read(`${path}/${RECORD_FILE}`)).kind === "read";
}

/** True when it has ended within the time. Its process is looked at again before anything is sent to it. */
async function stop(shell: Shell, mesh: FoundMesh, flags: DownFlags): Promise<boolean> {
  const { clock, timers, files, terminal } = shell;
  const { record, name } = mesh;
  const signal = flags.force ? "SIGKILL" : "SIGTERM";
  if (!(await isRecordedProcess(files, record))) return true;
  if (!shell.signalProcess(record.pid, signal)) {
    terminal.writeError(`sampan down: Cannot send ${signal} to process ${record.pid}\n`);
    return false;
  }
  const startedMs = clock.nowMs();
  const pause = (): Promise<void> => new Promise((resolve) => timers.after(POLL_MS, resolve));
  while (await isRecordedProcess(files, record)) {
    if (clock.nowMs() - startedMs >= flags.timeout) return false;
    await pause();
  }
  const goneMs = clock.nowMs();
  while (clock.nowMs() - goneMs < LEFTOVER_LIMIT_MS && (await isThere(shell, mesh))) await pause();
  const seconds = ((clock.nowMs() - startedMs) / 1000).toFixed(1);
  terminal.write(`mesh ${name} (${record.directory}) stopped after ${seconds} s\n`);
  return true;
}

async function down(shell: Shell, flags: DownFlags): Promise<number> {
  const { terminal } = shell;
  const meshes = await chosen(shell, flags);
  if (typeof meshes === "string") {
    terminal.writeError(`sampan down: ${meshes}\n`);
    return EXIT.failed;
  }
  for (const mesh of meshes) {
    const { pid, directory } = mesh.record;
    terminal.writeError(`stopping mesh ${mesh.name} (${directory}), process ${pid}\n`);
    if (await stop(shell, mesh, flags)) continue;
    terminal.writeError(
      `sampan down: Mesh ${mesh.name} still runs, process ${pid}: wait longer with --timeout, or kill it with --force\n`,
    );
    return EXIT.failed;
  }
  return EXIT.ok;
}

export function downCommand(shell: Shell): Command {
  return new Command("down")
    .description(
      "Stops the mesh that runs on this machine as Ctrl-C in its terminal would, and returns when nothing of it runs any more.",
    )
    .option("--mesh <name>", "which mesh, where several run")
    .option("--all", "all of them", false)
    .option("--force", "kill it: what runs is cut off", false)
    .addOption(durationOption("--timeout <duration>", "how long to wait for its end", 30_000))
    .addHelpText("after", "\nExamples:\n  sampan down\n  sampan down --mesh 15014\n")
    .action(runs(shell, (flags: DownFlags) => down(shell, flags)));
}
