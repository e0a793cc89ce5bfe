// The process port on the operating system.
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type {
  Processes,
  ProcessOptions,
  RunningProcess,
  Signal,
  SignalProcess,
} from "#base/processes.ts";

/** After its end a program's last lines are still on their way; what it left running may hold the pipes open for ever. */
const LAST_LINES_MS = 100;

/** A line without end is handed on in parts of this size, so that it never grows in memory. */
const MAX_LINE_CHARACTERS = 16 * 1024;

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    while (rest.length > MAX_LINE_CHARACTERS) {
      onLine(rest.slice(0, MAX_LINE_CHARACTERS));
      rest = rest.slice(MAX_LINE_CHARACTERS);
    }
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

function signalGroup(child: ChildProcess, signal: Signal): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone.
  }
}

function start(options: ProcessOptions): RunningProcess | { kind: "failed"; reason: string } {
  const [program, ...args] = options.command;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: options.directory,
      env: { ...options.env },
      detached: true, // a group of its own: a signal reaches its children too, and a terminal's Ctrl-C only us
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
  let isOver = false;
  const over = (code: number | null, signal: string | null): void => {
    if (isOver) return;
    isOver = true;
    options.onExit({ code: code ?? undefined, signal: signal ?? undefined });
  };
  for (const name of ["stdout", "stderr"] as const) {
    const stream = child[name];
    if (stream === null) continue;
    readLines(stream, (line) => {
      if (!isOver) options.onLine(line, name);
    });
  }
  child.on("error", (error) => {
    options.onLine(error.message, "stderr");
    over(127, null);
  });
  child.on("exit", (code, signal) => setTimeout(over, LAST_LINES_MS, code, signal));
  child.on("close", over);
  return {
    pid: child.pid ?? 0,
    signal: (signal) => signalGroup(child, signal),
  };
}

export const systemProcesses: Processes = { start };

export const systemSignalProcess: SignalProcess = (pid, signal) => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};
