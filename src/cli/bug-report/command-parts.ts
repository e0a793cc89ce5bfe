// Results of other commands as parts of a bug report: what the person would be asked to run next.
import { type Command, CommanderError } from "commander";
import type { Shell } from "../shell/shell.ts";
import type { Part, PartContent } from "./collect.ts";

export interface ReportedCommand {
  /** In the archive. */
  readonly path: string;
  readonly load: () => Promise<(shell: Shell) => Command>;
  readonly args: readonly string[];
}

const REPORTED: readonly ReportedCommand[] = [
  {
    path: "machine/preflight.json",
    load: async () => (await import("../preflight.ts")).preflightCommand,
    args: ["up", "-o", "json", "--ignore-preflight-errors", "all"],
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
  const command = (await load())({ ...shell, terminal, exit: () => {} });
  try {
    await command.exitOverride().parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "missing", reason: error.message };
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
    read: () => run({ ...command, args: [...command.args, "--pilot", pilot] }, shell),
  }));
}
