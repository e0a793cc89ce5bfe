// A shell without a machine: records what a command writes and how it ends. Ports that a test needs are given to it.

import { createSeededRandom } from "#base/random.ts";
import { fakeMachine } from "#base/testing/fake-machine.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { runCommandLine } from "../program.ts";
import type { Shell } from "../shell/shell.ts";

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const missing = (port: string) => (): never => {
  throw new Error(`this test gives no ${port}`);
};

/** A shell and what was done with it up to now. */
export function fakeShell(overrides: Partial<Shell> = {}): {
  readonly shell: Shell;
  ran(): Ran;
} {
  let status = 0;
  let stdout = "";
  let stderr = "";
  const time = new FakeTime();
  const shell: Shell = {
    terminal: {
      write: (text) => {
        stdout += text;
      },
      writeError: (text) => {
        stderr += text;
      },
      isInteractive: false,
      showsProgress: false,
      hasColor: false,
      size: () => ({ columns: 80, rows: 24 }),
      onResize: () => ({ close() {} }),
      onKey: () => ({ close() {} }),
      readInput: missing("input"),
    },
    env: {},
    directory: "/",
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    files: {
      read: missing("files"),
      list: missing("files"),
      watch: missing("files"),
      append: missing("files"),
    },
    fileWriter: { replace: missing("file writer"), remove: missing("file writer") },
    httpClient: { request: missing("HTTP client") },
    httpStreams: { open: missing("HTTP streams") },
    net: { listen: missing("net"), connect: missing("net") },
    dns: { resolve: missing("DNS") },
    machine: fakeMachine(),
    processes: { start: missing("processes") },
    signalProcess: missing("signals"),
    runInForeground: missing("foreground"),
    archiver: { pack: missing("archiver") },
    catchStop: () => ({ isStopped: false, stopped: new Promise<void>(() => {}) }),
    exit: (code) => {
      status = code;
    },
    ...overrides,
  };
  return { shell, ran: () => ({ status, stdout, stderr }) };
}

/** Runs a command line as a pipe would: no terminal, no colour, unless `overrides` say so. */
export async function runFake(
  args: readonly string[],
  overrides: Partial<Shell> = {},
): Promise<Ran> {
  const { shell, ran } = fakeShell(overrides);
  await runCommandLine(args, shell);
  return ran();
}
