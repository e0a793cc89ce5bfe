// The report for people, in kubeadm's manner and words; under each finding the line that says what to do.
import type { Finding } from "./check.ts";
import type { CheckResult } from "./runner.ts";

export const HEADER = "[preflight] Running pre-flight checks\n";

const FATAL = "[preflight] Some fatal errors occurred:\n";
const FOOTER =
  "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n";

function line(severity: "WARNING" | "ERROR", name: string, { message, fix }: Finding): string {
  const remedy = fix === undefined ? "" : `\t\tfix: ${fix}\n`;
  return `\t[${severity} ${name}]: ${message}\n${remedy}`;
}

/** "" when there are none. Written as soon as the check has ended. */
export function formatWarnings({ check, warnings }: CheckResult): string {
  return warnings.map((finding) => line("WARNING", check.name, finding)).join("");
}

/** All errors at once, at the end: the words after "error execution phase preflight: ". */
export function formatErrors(results: readonly CheckResult[]): string {
  const errors = results.flatMap(({ check, errors: findings }) =>
    findings.map((finding) => line("ERROR", check.name, finding)),
  );
  return `${FATAL}${errors.join("")}${FOOTER}`;
}
