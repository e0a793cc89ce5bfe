// The processes of one mesh, found by the folder that all of them work in.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessInfo {
  readonly pid: number;
  readonly command: string;
}

/** Every process that works in `folder`, or names it or another one of its own on its command line; zombies are none. */
export function processesOf(folder: string, ...others: readonly string[]): readonly ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const directory = readlinkSync(`/proc/${entry}/cwd`);
      if (directory === folder || [folder, ...others].some((name) => command.includes(name))) {
        found.push({ pid: Number(entry), command });
      }
    } catch {
      // Gone, or another user's.
    }
  }
  return found;
}
