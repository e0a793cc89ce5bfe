// The limit of open files leaves room for what the configuration allows: a proxied request holds two sockets.
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  fail,
  PASSED,
  warn,
} from "../check.ts";
import { parseCount, readText } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";

export const OPEN_FILES: CheckDescription = {
  name: "OpenFiles",
  category: "machine",
  severity: "error",
  summary: "a process may open as many files as the configuration needs",
  why: "Each proxied request holds two sockets; a proxy at its limit can neither accept nor connect.",
  fix: "raise the limit: ulimit -n in a shell, LimitNOFILE= in a systemd unit, nofile in /etc/security/limits.conf",
};

/** Nothing that serves works with less: a proxy with some connections, its logs and its libraries. */
const MINIMUM = 1024;
/** What systemd and container runtimes commonly give; enough for 32,000 requests at once. */
const RECOMMENDED = 65_536;

interface Limit {
  readonly soft: number;
  readonly hard: number;
}

function limitOf(word: string | undefined): number | undefined {
  return word === "unlimited" ? Number.POSITIVE_INFINITY : parseCount(word);
}

/** The line "Max open files  1024  1048576  files" of /proc/self/limits. */
function parseLimit(text: string): Limit | undefined {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text);
  const soft = limitOf(match?.[1]);
  const hard = limitOf(match?.[2]);
  return soft === undefined || hard === undefined ? undefined : { soft, hard };
}

function remedy({ hard }: Limit, wanted: number): { fix: string; command: string } {
  if (hard >= wanted) {
    const command = `ulimit -n ${wanted}`;
    return { fix: `run "${command}" before`, command };
  }
  return {
    fix: `the hard limit is ${hard}: raise it with LimitNOFILE=${RECOMMENDED} in the systemd unit, or nofile in /etc/security/limits.conf`,
    command: `sudo prlimit --pid $$ --nofile=${RECOMMENDED}`,
  };
}

export function openFilesCheck({ openFiles }: PreflightSettings): Check {
  return {
    ...OPEN_FILES,
    run({ machine }: CheckPorts) {
      const limit = parseLimit(readText(machine, "/proc/self/limits") ?? "");
      if (limit === undefined) return PASSED;
      const { soft } = limit;
      const words = (wanted: number): string =>
        `the limit of open files (${soft}) is less than the required ${wanted}`;
      if (soft < MINIMUM) {
        const wanted = Math.max(MINIMUM, openFiles.needed);
        return fail({ message: words(wanted), ...remedy(limit, wanted) });
      }
      if (soft >= openFiles.needed) return PASSED;
      return warn({
        message: `${words(openFiles.needed)}: ${openFiles.why}`,
        ...remedy(limit, openFiles.needed),
      });
    },
  };
}
