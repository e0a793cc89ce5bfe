// The foreground port on the operating system: a program of the person's own gets this process's terminal until it ends.
import { spawn } from "node:child_process";
import type { ProcessExit, RunInForeground } from "#base/processes.ts";

export const runInForeground: RunInForeground = ({ command, directory, env }) =>
  new Promise((resolve) => {
    const [program, ...args] = command;
    // Ctrl-C in an editor is the editor's.
    const ignore = (): void => {};
    process.on("SIGINT", ignore);
    const done = (exit: ProcessExit | { kind: "failed"; reason: string }): void => {
      process.off("SIGINT", ignore);
      resolve(exit);
    };
    const child = spawn(program, args, { cwd: directory, env: { ...env }, stdio: "inherit" });
    child.on("error", (error) => done({ kind: "failed", reason: error.message }));
    child.on("exit", (code, signal) =>
      done({ code: code ?? undefined, signal: signal ?? undefined }),
    );
  });
