// Results of other commands as parts of a bug report: what the person would be asked to run next.
import type { Command } from "commander";
import type { Shell } from "../shell/shell.ts";
import type { Part, PartContent } from "./collect.ts";

export interface ReportedCommand {
  /** In the archive. */
  readonly path: string;
  readonly load: () => Promise<(shell: Shell) => Command>;
  readonly args: readonly string[];
  /** It has `--pilot`. */
  readonly asksPilot: boolean;
}

const REPORTED: readonly ReportedCommand[] = [
  {
    path: "machine/preflight.json",
    load: async () => (await import("../preflight.ts")).preflightCommand,
    args: ["up", "-o", "json", "--ignore-preflight-errors", "all"],
    asksPilot: true,
  },
  {
    path: "versions.json",
    load: async () => (await import("../version.ts")).versionCommand,
    args: ["-o", "json"],
    asksPilot: true,
  },
  {
    path: "mesh/status.json",
    load: async () => (await import("../status.ts")).statusCommand,
    args: ["-o", "json"],
    asksPilot: false,
  },
  {
    path: "pilot/troubleshoot.json",
    load: async () => (await import("../troubleshoot.ts")).troubleshootCommand,
    args: ["-o", "json"],
    asksPilot: true,
  },
];

/** What it writes as its result, whatever its status; what it says on stderr when that is all. */
async function run({ load, args }: ReportedCommand, shell: Shell): Promise<PartContent> {
  let result = "";
  let notes = "";
  const terminal = {
    ...shell.terminal,
    isInteractive: false,
    showsProgress: false,
    hasColor: false,
    write: (text: string): void => {
      result += text;
    },
    writeError: (text: string): void => {
      notes += text;
    },
  };
  try {
    const command = (await load())({ ...shell, terminal, exit: () => {} });
    await command.exitOverride().parseAsync([...args], { from: "user" });
  } catch (error) {
    // Also a mistake of ours: it may be the very one that is to be reported.
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "missing", reason };
  }
  if (result !== "") return { kind: "text", text: result };
  return { kind: "missing", reason: notes.trim() || "it printed nothing" };
}

/** `pilot` is passed on to the commands that ask one. */
export function commandParts(
  shell: Shell,
  pilot: string,
  commands: readonly ReportedCommand[] = REPORTED,
): readonly Part[] {
  return commands.map((command) => ({
    path: command.path,
    read: () => {
      const more = command.asksPilot ? ["--pilot", pilot] : [];
      return run({ ...command, args: [...command.args, ...more] }, shell);
    },
  }));
}
