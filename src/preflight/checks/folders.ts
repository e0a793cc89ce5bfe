// Where state is kept: folders that can be written, are nobody else's to write, and have room.
import type { Machine, PathState } from "#base/machine.ts";
import type { Check, CheckDescription, CheckPorts, Finding } from "../check.ts";
import type { PreflightSettings, WantedFolder } from "../settings.ts";
import { shellWord } from "../shell-word.ts";
import { toMegabytes } from "../words.ts";

export const DIR_AVAILABLE: CheckDescription = {
  name: "DirAvailable",
  category: "files",
  severity: "error",
  summary: "folders where state is kept can be written, and by nobody else",
  why: "Without its state a pilot that starts anew does not know its instances; what others may write, others may forge.",
  fix: "choose another folder, or change its owner and mode",
};

export const DISK: CheckDescription = {
  name: "Disk",
  category: "files",
  severity: "error",
  summary: "there is room on the disk where state and logs are kept",
  why: "A full disk loses the newest state and the logs that would say why.",
  fix: "free some room, or choose another folder",
};

/** Less holds neither state nor a log. */
const MIN_FREE_BYTES = 16 * 1024 * 1024;
/** Room for the logs of a mesh that something is wrong with. */
const GOOD_FREE_BYTES = 256 * 1024 * 1024;
interface Found {
  readonly path: string;
  readonly state: PathState;
}

/** The folder itself, or the nearest one above it that exists: where it would be made. */
function nearestExisting(machine: Machine, path: string): Found {
  let current = path;
  for (;;) {
    const state = machine.inspect(current);
    const above = current.replace(/\/[^/]*$/, "") || "/";
    if (state.kind !== "missing" || above === current) return { path: current, state };
    current = above;
  }
}

function folderFindings(
  machine: Machine,
  { path, purpose, changedBy }: WantedFolder,
): { errors: Finding[]; warnings: Finding[] } {
  const { path: existing, state } = nearestExisting(machine, path);
  const other = `choose another folder with ${changedBy}`;
  const refuse = (message: string, command?: string) => ({
    errors: [
      {
        message: `${message} (${purpose})`,
        fix: command === undefined ? other : `run "${command}", or ${other}`,
        ...(command === undefined ? {} : { command }),
      },
    ],
    warnings: [],
  });
  if (state.kind === "missing" || state.kind === "failed") {
    return refuse(`${path} cannot be used: ${state.kind === "failed" ? state.code : "ENOENT"}`);
  }
  if (state.kind !== "folder") {
    return refuse(`${path} cannot be used: ${existing} is no folder`);
  }
  if (!state.isWritable || !state.isExecutable) {
    const what =
      existing === path ? `${path} cannot be written` : `${path} cannot be made in ${existing}`;
    const isOurs = state.ownerId === machine.userId && (state.mode & 0o300) !== 0o300;
    return refuse(what, isOurs ? `chmod u+wx ${shellWord(existing)}` : undefined);
  }
  if (existing !== path || (state.mode & 0o002) === 0) return { errors: [], warnings: [] };
  const command = `chmod o-w ${shellWord(path)}`;
  const message = `${path} may be written by everybody (mode ${state.mode.toString(8)}) (${purpose})`;
  return { errors: [], warnings: [{ message, fix: `run "${command}"`, command }] };
}

export function dirAvailableCheck({ folders }: PreflightSettings): Check {
  return {
    ...DIR_AVAILABLE,
    run({ machine }: CheckPorts) {
      const found = folders.map((folder) => folderFindings(machine, folder));
      return {
        errors: found.flatMap(({ errors }) => errors),
        warnings: found.flatMap(({ warnings }) => warnings),
      };
    },
  };
}

export function diskCheck({ folders }: PreflightSettings): Check {
  return {
    ...DISK,
    run({ machine }: CheckPorts) {
      const errors: Finding[] = [];
      const warnings: Finding[] = [];
      for (const { path, changedBy } of folders) {
        const free = machine.freeBytes(nearestExisting(machine, path).path);
        if (free === undefined || free >= GOOD_FREE_BYTES) continue;
        const needed = toMegabytes(free < MIN_FREE_BYTES ? MIN_FREE_BYTES : GOOD_FREE_BYTES);
        const finding: Finding = {
          message: `the disk of ${path} has ${toMegabytes(free)} MB left, less than the ${free < MIN_FREE_BYTES ? "minimum" : "recommended"} ${needed} MB`,
          fix: `free some room, or choose another folder with ${changedBy}`,
        };
        (free < MIN_FREE_BYTES ? errors : warnings).push(finding);
      }
      return { warnings, errors };
    },
  };
}
