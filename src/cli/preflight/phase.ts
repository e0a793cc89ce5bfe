// The preflight as the first phase of `up`, `pilot` and `proxy`: runs the checks, prints warnings, and answers why it failed.
import { KNOWN_NAMES } from "#preflight/catalogue.ts";
import { checksFor } from "#preflight/checks-for.ts";
import { parseIgnoreList } from "#preflight/ignore-list.ts";
import { type CheckResult, runChecks } from "#preflight/runner.ts";
import type { PreflightCommand, PreflightSettings } from "#preflight/settings.ts";
import { formatErrors, formatWarnings, HEADER } from "#preflight/text-report.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell } from "../shell/shell.ts";

export type PreflightResult =
  | { readonly kind: "passed" }
  /** `message` follows "error execution phase preflight: "; or, where the command line is wrong, stands alone. */
  | { readonly kind: "failed"; readonly status: number; readonly message: string };

/** Of the flags that `addPreflightOptions` adds to a command. */
export interface PreflightFlags {
  readonly ignorePreflightErrors?: readonly string[];
  readonly verbosity?: number;
}

/** Errors of these count as warnings where a developer tries things out. */
const IGNORED_BY_DEFAULT: Readonly<Record<PreflightCommand, readonly string[]>> = {
  up: ["Swap"],
  pilot: [],
  proxy: [],
};

export async function preflight(
  shell: Shell,
  command: PreflightCommand,
  settings: PreflightSettings,
  flags: PreflightFlags,
): Promise<PreflightResult> {
  const checks = checksFor(command, settings);
  const byDefault = IGNORED_BY_DEFAULT[command];
  const list = parseIgnoreList({ flag: flags.ignorePreflightErrors ?? [], file: [], byDefault }, [
    ...checks.map(({ name }) => name),
    ...KNOWN_NAMES,
  ]);
  if (list.kind === "refused") {
    return { kind: "failed", status: EXIT.usage, message: list.message };
  }
  const { terminal } = shell;
  if (command === "up") terminal.write(HEADER);
  const results: CheckResult[] = [];
  const report = await runChecks(checks, shell, list.ignored, {
    onResult: (result) => {
      results.push(result);
      terminal.writeError(formatWarnings(result));
    },
  });
  if (report.errorCount === 0) return { kind: "passed" };
  return { kind: "failed", status: EXIT.preflight, message: formatErrors(results) };
}
