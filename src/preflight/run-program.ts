// One program run to its end for what it prints.
import type { CheckPorts } from "./check.ts";

/** Longer than any version line or service state. */
const MAX_LINES = 50;

export type ProgramResult =
  | { readonly kind: "ended"; readonly code: number; readonly output: string }
  /** It is not there, did not end in time, or died by a signal. */
  | { readonly kind: "failed"; readonly reason: string };

/** `output`: standard output and errors, in the order in which they came. */
export function runProgram(
  { processes, timers, env }: CheckPorts,
  command: readonly [string, ...string[]],
  limitMs: number,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    const settle = (result: ProgramResult): void => {
      limit.cancel();
      resolve(result);
    };
    const started = processes.start({
      command,
      directory: "/",
      env,
      onLine: (line) => {
        if (lines.length < MAX_LINES) lines.push(line);
      },
      onExit: ({ code, signal }) => {
        if (code === undefined) settle({ kind: "failed", reason: `ended by ${signal}` });
        else settle({ kind: "ended", code, output: lines.join("\n") });
      },
    });
    const limit = timers.after(limitMs, () => {
      if (!("kind" in started)) started.signal("SIGKILL");
      resolve({ kind: "failed", reason: `did not end within ${limitMs / 1_000} s` });
    });
    if ("kind" in started) settle({ kind: "failed", reason: started.reason });
  });
}

/** Where the program is on the PATH. */
export function findProgram({ machine, env }: CheckPorts, name: string): string | undefined {
  for (const folder of (env["PATH"] ?? "").split(":")) {
    if (folder === "") continue;
    const path = `${folder}/${name}`;
    const state = machine.inspect(path);
    if (state.kind === "file" && state.isExecutable) return path;
  }
  return undefined;
}
