// The flags of the preflight, the same on every command that begins with one.
import type { Command } from "commander";

const IGNORE =
  "checks whose errors are shown as warnings, for example 'Swap,Port-15010'; 'all' ignores errors of all checks, 'none' also counts what is ignored by default";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `--ignore-preflight-errors`, repeatable and a comma list, and the file that may hold more of them. */
export function addPreflightOptions(command: Command): Command {
  return command
    .option("--ignore-preflight-errors <checks>", IGNORE, collect)
    .option(
      "--preflight-config <file>",
      "YAML file whose list ignorePreflightErrors is united with the flag's",
    );
}
