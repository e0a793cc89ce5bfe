// Programs that print what a test says and end at once.
import type { Processes } from "#base/processes.ts";

export interface FakeProgram {
  readonly code: number;
  readonly output: string;
}

/** By the first words of the command line, programs without their folder: "envoy --version". Others are not there. */
export function fakeProcesses(programs: Readonly<Record<string, FakeProgram>>): Processes {
  return {
    start: ({ command, onLine, onExit }) => {
      const [program, ...args] = command;
      const line = [program.replace(/^.*\//, ""), ...args].join(" ");
      const name = Object.keys(programs).find((start) => line.startsWith(start));
      const found = name === undefined ? undefined : programs[name];
      if (found === undefined) return { kind: "failed", reason: `no program ${program}` };
      queueMicrotask(() => {
        for (const text of found.output.split("\n")) onLine(text, "stdout");
        onExit({ code: found.code, signal: undefined });
      });
      return { pid: 1, signal() {} };
    },
  };
}
