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
import { runInForeground } from "#io/process/foreground.ts";
import { systemMachine } from "#io/process/machine.ts";
import { systemProcesses, systemSignalProcess } from "#io/process/processes.ts";
import { ownTerminal } from "#io/process/terminal.ts";
import { runCommandLine } from "./program.ts";
import { EXIT } from "./shell/exit-status.ts";
import type { Shell, StopRequest } from "./shell/shell.ts";
import { StopSignals } from "./shell/stop-signals.ts";

let handleOutputClosed = (): void => process.exit(EXIT.ok);

function catchStop(onInsist: () => void = () => process.exit(EXIT.failed)): StopRequest {
  const signals = new StopSignals(() => systemClock.nowMs());
  signals.onInsist(onInsist);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => signals.handleSignal());
  }
  handleOutputClosed = () => signals.handleOutputClosed();
  return signals;
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
  terminal: ownTerminal(!args.includes("--no-color"), () => handleOutputClosed()),
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
  signalProcess: systemSignalProcess,
  runInForeground,
  archiver: systemArchiver,
  catchStop,
  exit: (status) => {
    process.exitCode = status;
  },
};

try {
  await runCommandLine(args, shell);
} catch (error) {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  shell.terminal.writeError(
    `sampan: this is a mistake in sampan, not in what you typed: ${trace}\nPlease report it, with the archive that "sampan bug-report" makes.\n`,
  );
  process.exitCode = EXIT.failed;
}
