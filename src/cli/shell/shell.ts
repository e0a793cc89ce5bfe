// What a command may touch of the world: the person's terminal, and ports. Picked in main.ts, faked in tests.
import type { Archiver } from "#base/archiver.ts";
import type { Clock } from "#base/clock.ts";
import type { Dns } from "#base/dns.ts";
import type { FileWriter } from "#base/file-writer.ts";
import type { Files } from "#base/files.ts";
import type { HttpClient, HttpStreams } from "#base/http-client.ts";
import type { Machine } from "#base/machine.ts";
import type { Net } from "#base/net.ts";
import type { Processes, RunInForeground, SignalProcess } from "#base/processes.ts";
import type { Random } from "#base/random.ts";
import type { Terminal } from "#base/terminal.ts";
import type { Timers } from "#base/timers.ts";

export interface Shell {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string>>;
  /** The working directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly files: Files;
  readonly fileWriter: FileWriter;
  readonly httpClient: HttpClient;
  readonly httpStreams: HttpStreams;
  readonly net: Net;
  readonly dns: Dns;
  readonly machine: Machine;
  readonly processes: Processes;
  readonly signalProcess: SignalProcess;
  readonly runInForeground: RunInForeground;
  readonly archiver: Archiver;
  /**
   * From now on Ctrl-C, SIGTERM and a reader that went away end nothing by themselves, but resolve `stopped`. For commands that
   * run until then. `onInsist`: the person has asked again; left out: the process ends at once.
   */
  catchStop(onInsist?: () => void): StopRequest;
  /** The status that the process ends with, if the command does not return it. */
  exit(status: number): void;
}

export interface StopRequest {
  readonly isStopped: boolean;
  readonly stopped: Promise<void>;
}

/** An action for commander: what it returns becomes the exit status (`EXIT` in exit-status.ts). */
export function runs<Args extends readonly unknown[]>(
  shell: Shell,
  action: (...args: Args) => Promise<number> | number,
): (...args: Args) => Promise<void> {
  return async (...args) => shell.exit(await action(...args));
}
