// The flags of the preflight, the same on every command that begins with one.
import { type Command, InvalidArgumentError, Option } from "commander";
import { verbosityOption, wholeNumberOption } from "../shell/options.ts";

const IGNORE =
  "A list of checks whose errors will be shown as warnings. Example: 'Swap,Port-15010'. Value 'all' ignores errors from all checks, 'none' lets also those count that are ignored by default.";

/** Of the flags below; `v` is kubeadm's spelling of the verbosity. */
export interface PreflightFlags {
  /** Comma lists, as often as the flag was given. */
  readonly ignorePreflightErrors?: readonly string[];
  readonly preflightConfig?: string;
  readonly verbosity?: number;
  readonly v?: number;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `--ignore-preflight-errors`, and the file that may hold more of them. */
export function addPreflightOptions(command: Command): Command {
  return command
    .option("--ignore-preflight-errors <checks>", IGNORE, collect)
    .option(
      "--preflight-config <file>",
      "YAML file whose list ignorePreflightErrors is united with the flag's",
    );
}

/** `-v=5`, `--verbosity 5`, and `--v=5` as kubeadm's hint says it. */
export function addVerbosityOptions(command: Command): Command {
  return command
    .addOption(verbosityOption())
    .addOption(new Option("--v <level>").argParser(wholeNumberOption).hideHelp());
}

/** The phases that a single process has. */
export function addSkipPhasesOption(command: Command): Command {
  return command.option(
    "--skip-phases <phases>",
    "List of phases to be skipped: preflight",
    (value: string, before: readonly string[] = []) => {
      const names = value.split(",").map((name) => name.trim().toLowerCase());
      const unknown = names.find((name) => name !== "preflight");
      if (unknown !== undefined) throw new InvalidArgumentError(`invalid phase name: ${unknown}`);
      return [...before, ...names];
    },
  );
}

export const verbosityOf = ({ verbosity, v }: PreflightFlags): number =>
  Math.max(verbosity ?? 0, v ?? 0);
