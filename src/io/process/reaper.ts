// Makes sure that no child outlives us, however we end. A shell of a few lines holds the other end of a pipe: when we are killed the
// pipe closes, and it ends the process groups that were still running. Ordinary ends leave it nothing to do.
import { spawn } from "node:child_process";
import type { Processes } from "#base/processes.ts";

/** Tenths of a second that a group may take to end by itself before it is killed. */
const GRACE_TENTHS = 10;

/**
 * Reads "+ PID" and "- PID", a line each, and "bye" when all is in order; at an end of its input without that it ends the groups
 * that are left and takes our folder away.
 */
const SCRIPT = `
set -f
trap '' INT TERM HUP
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
    bye) exit ;;
  esac
done
all() { for pid in $pids; do kill -s "$1" -- "-$pid"; done; }
any() { for pid in $pids; do kill -s 0 -- "-$pid" && return; done; return 1; }
all TERM
tenths=${GRACE_TENTHS}
while any && [ $tenths -gt 0 ]; do sleep 0.1; tenths=$((tenths - 1)); done
all KILL
rm -rf -- "$1"
`;

export interface Reaper {
  /** The same processes; what they start is ended when we are killed. */
  readonly processes: Processes;
  /** Nothing is left to end: it goes too. */
  close(): Promise<void>;
}

/** `folder` is taken away when we are killed. */
export function createReaper(processes: Processes, folder: string): Reaper {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "sampan-reaper", folder], {
    cwd: "/",
    detached: true, // a signal to our group is not for it
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve()); // a machine without a shell does without
  });
  child.stdin?.on("error", () => {});
  child.unref();
  const tell = (line: string): void => void child.stdin?.write(`${line}\n`);
  return {
    processes: {
      start: (options) => {
        let pid: number | undefined;
        const started = processes.start({
          ...options,
          onExit: (exit) => {
            if (pid !== undefined) tell(`- ${pid}`);
            options.onExit(exit);
          },
        });
        if ("kind" in started || started.pid === 0) return started;
        pid = started.pid;
        tell(`+ ${pid}`);
        return started;
      },
    },
    close: async () => {
      child.stdin?.end("bye\n");
      await gone;
    },
  };
}
