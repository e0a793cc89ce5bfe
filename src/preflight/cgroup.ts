// Limits of the control groups that this process is in, version 1 and 2: the tightest of the group and those around it.
import type { Machine } from "#base/machine.ts";
import { parseCount, readText } from "./proc.ts";

const ROOT = "/sys/fs/cgroup";
/** Deeper than any orchestrator nests them. */
const MAX_DEPTH = 32;

/** In version 1 "no limit" is the largest number of pages: anything near 2^63. */
const NO_LIMIT = 2 ** 60;

interface Membership {
  /** Folder of the controller. */
  readonly root: string;
  readonly path: string;
  readonly version: 1 | 2;
}

/** Lines of /proc/self/cgroup are "4:memory:/path", and "0::/path" for version 2. */
function membershipOf(machine: Machine, controller: string): Membership | undefined {
  const lines = (readText(machine, "/proc/self/cgroup") ?? "").split("\n");
  let unified: Membership | undefined;
  for (const line of lines) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = "", path = "/"] = match;
    if (controllers === "") unified = { root: ROOT, path, version: 2 };
    if (controllers.split(",").includes(controller)) {
      return { root: `${ROOT}/${controllers}`, path, version: 1 };
    }
  }
  return unified;
}

/** The group's folder and all around it; what a container sees of its own path may not exist, the root always does. */
function foldersOf({ root, path }: Membership): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  const folders: string[] = [];
  for (let depth = Math.min(parts.length, MAX_DEPTH); depth >= 0; depth -= 1) {
    folders.push([root, ...parts.slice(0, depth)].join("/"));
  }
  return folders;
}

function tightest(
  membership: Membership | undefined,
  read: (folder: string) => number | undefined,
): number | undefined {
  if (membership === undefined) return undefined;
  const limits = foldersOf(membership).flatMap((folder) => read(folder) ?? []);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** undefined: no limit. */
export function memoryLimitBytes(machine: Machine): number | undefined {
  const membership = membershipOf(machine, "memory");
  const file = membership?.version === 1 ? "memory.limit_in_bytes" : "memory.max";
  return tightest(membership, (folder) => {
    const bytes = parseCount(readText(machine, `${folder}/${file}`));
    return bytes === undefined || bytes >= NO_LIMIT ? undefined : bytes;
  });
}

/** In processors, 0.5 for half of one; undefined: no limit. */
export function cpuLimit(machine: Machine): number | undefined {
  const membership = membershipOf(machine, "cpu");
  return tightest(membership, (folder) => {
    const [quota, period] =
      membership?.version === 1
        ? ["quota", "period"].map((what) => readText(machine, `${folder}/cpu.cfs_${what}_us`))
        : (readText(machine, `${folder}/cpu.max`) ?? "").split(" ");
    const quotaUs = parseCount(quota);
    const periodUs = parseCount(period);
    if (quotaUs === undefined || periodUs === undefined || periodUs === 0) return undefined;
    return quotaUs / periodUs;
  });
}
