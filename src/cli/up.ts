// `sampan up`: a whole mesh on this machine, phase by phase. Composition root: what belongs to this process is picked here.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { createRunFolder } from "#io/bun/run-folder.ts";
import { createReaper, type Reaper } from "#io/process/reaper.ts";
import { formatPhaseList } from "#preflight/phases/phase-text.ts";
import type { Shell } from "./shell/shell.ts";
import type { OwnProgram } from "./up/create-mesh.ts";
import { addUpOptions, type UpFlags } from "./up/flags.ts";
import { UP_PHASES } from "./up/phases/all.ts";
import { runUp } from "./up/run-up.ts";

const LAST_MOMENT_MS = 200;

function openFolder(paths: readonly string[]): ReturnType<OwnProgram["openFolder"]> {
  const reasons: string[] = [];
  for (const path of paths) {
    // The pinned Bun stands in front of the PATH of all children under its usual name.
    const folder = createRunFolder(path, { "bin/bun": process.execPath });
    if (!("kind" in folder)) {
      process.on("exit", () => folder.remove()); // whatever ends this process
      return folder;
    }
    reasons.push(folder.reason);
  }
  throw new Error(`Cannot make a folder for the run: ${reasons.join("; ")}`);
}

async function run(shell: Shell, folder: string, flags: UpFlags, only?: string): Promise<never> {
  const reapers: Reaper[] = [];
  const own: OwnProgram = {
    pid: process.pid,
    command: [process.execPath, join(import.meta.dir, "main.ts")],
    openFolder,
    temporaryFolder: tmpdir(),
    removeFolder: (path) => rmSync(path, { recursive: true, force: true }),
    guard: (processes, runFolder) => {
      const reaper = createReaper(processes, runFolder);
      reapers.push(reaper);
      return reaper.processes;
    },
  };
  const closeReapers = (): Promise<unknown> => Promise.all(reapers.map((each) => each.close()));
  // The second Ctrl-C: everything has been killed, and nobody waits for what does not come.
  const exit = (status: number): void => {
    shell.timers.after(LAST_MOMENT_MS, () => process.exit(status));
    void closeReapers().then(() => process.exit(status));
  };
  const status = await runUp({ ...shell, exit }, own, {
    folder,
    directory: resolve(folder),
    flags,
    only,
  });
  await closeReapers();
  process.exit(status);
}

function phaseCommand(shell: Shell): Command {
  const phase = new Command("phase")
    .summary("run one phase alone")
    .description("Use this command to invoke single phase of the up workflow");
  for (const { name, short, long } of UP_PHASES) {
    const command = new Command(name)
      .summary(short)
      .description(long ?? short)
      .argument("[dir]", "folder of configuration", ".")
      .addHelpText("after", `\nExample:\n  sampan up phase ${name} examples/bookinfo\n`)
      .action((folder: string, flags: UpFlags) => run(shell, folder, flags, name));
    phase.addCommand(addUpOptions(command, name));
  }
  return phase;
}

const EXAMPLES = `
Examples:
  sampan up examples/bookinfo
  sampan up examples/bookinfo --dry-run
  sampan up examples/bookinfo --data-plane envoy --ignore-preflight-errors=Swap
  sampan up phase preflight examples/bookinfo
`;

export function upCommand(shell: Shell): Command {
  const command = new Command("up")
    .enablePositionalOptions() // what stands behind `phase NAME` is that phase's, though this command has flags of the same names
    .description(
      "Starts the pilot, an instance of every WorkloadGroup with the annotation sampan.dev/run, a sidecar for each,\na gateway when there is a Gateway, and a host sidecar for programs without one. Ctrl-C stops all of it.",
    )
    .argument("[dir]", "folder of configuration", ".")
    .addHelpText("after", `\n${formatPhaseList("up", UP_PHASES)}${EXAMPLES}`)
    .action((folder: string, flags: UpFlags) => run(shell, folder, flags));
  return addUpOptions(command).addCommand(phaseCommand(shell));
}
