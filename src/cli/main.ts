// `sampan`: the process. Composition root: the real terminal and ports are picked here, and handed to the command.

import { homedir } from "node:os";
import { systemArchiver } from "#io/bun/archiver.ts";
import { systemDns } from "#io/bun/dns.ts";
import { systemFileWriter } from "#io/bun/file-writer.ts";
import { systemFiles } from "#io/bun/files.ts";
import { systemHttpClient } from "#io/bun/http-client.ts";
import { systemHttpStreams } from "#io/bun/http-streams.ts";
import { bunNet } from "#io/bun/net.ts";
import { createSystemRandom } from "#io/bun/random.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { systemMachine } from "#io/process/machine.ts";
import { systemProcesses } from "#io/process/processes.ts";
import { ownTerminal } from "#io/process/terminal.ts";
import { runCommandLine } from "./program.ts";
import type { Shell, StopRequest } from "./shell/shell.ts";

function catchStop(): StopRequest {
  let isStopped = false;
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(name, () => {
        isStopped = true;
        resolve();
      });
    }
  });
  return {
    stopped,
    get isStopped() {
      return isStopped;
    },
  };
}

function environment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) env[name] = value;
  }
  // Service managers start programs without it.
  if ((env["HOME"] ?? "") === "") env["HOME"] = homedir();
  return env;
}

const args = process.argv.slice(2);
const shell: Shell = {
  terminal: ownTerminal(!args.includes("--no-color")),
  env: environment(),
  directory: process.cwd(),
  clock: systemClock,
  timers: systemTimers,
  random: createSystemRandom(),
  files: systemFiles,
  fileWriter: systemFileWriter,
  httpClient: systemHttpClient,
  httpStreams: systemHttpStreams,
  net: bunNet,
  dns: systemDns,
  machine: systemMachine,
  processes: systemProcesses,
  archiver: systemArchiver,
  catchStop,
  exit: (status) => {
    process.exitCode = status;
  },
};

await runCommandLine(args, shell);
