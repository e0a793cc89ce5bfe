// The preflight as the first phase of `up`, `pilot` and `proxy`: runs the checks, prints warnings, and answers why it failed.
import { checksFor } from "#preflight/checks-for.ts";
import { isIgnored } from "#preflight/ignore-list.ts";
import { type CheckResult, runChecks } from "#preflight/runner.ts";
import type { PreflightCommand, PreflightSettings } from "#preflight/settings.ts";
import {
  formatDefaults,
  formatErrors,
  formatStack,
  formatTrace,
  formatWarnings,
  HEADER,
} from "#preflight/text-report.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell } from "../shell/shell.ts";
import { readIgnored } from "./ignore.ts";
import { type PreflightFlags, verbosityOf } from "./options.ts";

export type PreflightResult =
  | { readonly kind: "passed" }
  | {
      readonly kind: "failed";
      /** What the process ends with: EXIT.preflight, or what is wrong with the flags. */
      readonly status: number;
      /** Ends with a line end. Of a failed preflight it belongs after "error execution phase preflight: "; else it stands alone. */
      readonly message: string;
      /** What stands below it: the phases, or how to see them. */
      readonly stack: string;
    };

/** Errors of these count as warnings where a developer tries things out. */
const IGNORED_BY_DEFAULT: Readonly<Record<PreflightCommand, readonly string[]>> = {
  up: ["Swap"],
  pilot: [],
  proxy: [],
};

/** `up` tells what it does on stdout; `pilot` and `proxy` say nothing as long as nothing is wrong, and stdout is not for this. */
export async function preflight(
  shell: Shell,
  command: PreflightCommand,
  settings: PreflightSettings,
  flags: PreflightFlags,
): Promise<PreflightResult> {
  const { terminal } = shell;
  const checks = checksFor(command, settings, true);
  const byDefault = IGNORED_BY_DEFAULT[command];
  const list = await readIgnored(shell, flags, checks, byDefault);
  if (list.kind === "refused") {
    return { kind: "failed", status: list.status, message: `${list.message}\n`, stack: "" };
  }
  const verbosity = verbosityOf(flags);
  let header = HEADER;
  if (command === "up") {
    const isTakenBack = !byDefault.every((name) => isIgnored(list.ignored, name));
    terminal.write(HEADER + (isTakenBack ? "" : formatDefaults(byDefault)));
    header = "";
  }
  const handleResult = (result: CheckResult): void => {
    const text = (verbosity > 0 ? formatTrace(result) : "") + formatWarnings(result);
    if (text === "") return;
    terminal.writeError(header + text);
    header = "";
  };
  const report = await runChecks(checks, shell, list.ignored, { onResult: handleResult });
  if (report.errorCount === 0) return { kind: "passed" };
  return {
    kind: "failed",
    status: EXIT.preflight,
    message: formatErrors(report),
    stack: formatStack(report.results, verbosity, `sampan ${command}`),
  };
}

/** Says on stderr why a command does not go on, as kubeadm does; answers the exit status. */
export function tellPreflightFailed(
  { terminal }: Shell,
  failed: Extract<PreflightResult, { kind: "failed" }>,
): number {
  const prefix = failed.status === EXIT.preflight ? "error execution phase preflight: " : "";
  terminal.writeError(`${prefix}${failed.message}${failed.stack}`);
  return failed.status;
}
