// The report for people, in kubeadm's manner and words; under each finding the line that says what to do.
import type { Finding } from "./check.ts";
import type { CheckResult, Report } from "./runner.ts";

export const HEADER = "[preflight] Running pre-flight checks\n";

const FATAL = "[preflight] Some fatal errors occurred:\n";
const FOOTER =
  "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n";
const STRICT = "[preflight] Some warnings occurred, and --strict makes them fatal\n";
const TRACE_HINT = "To see the stack trace of this error execute with --v=5 or higher\n";
/** The verbosity at which kubeadm shows where an error came from. */
const TRACE_VERBOSITY = 5;

/** A message may hold text from elsewhere: nothing of it steers the terminal or begins a line. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]+/gu, (found) => (found === "\n" ? "; " : " "));

function line(severity: "WARNING" | "ERROR", name: string, { message, fix }: Finding): string {
  const remedy = fix === undefined ? "" : `\t\tfix: ${printable(fix)}\n`;
  return `\t[${severity} ${name}]: ${printable(message)}\n${remedy}`;
}

/** "" when there are none. Written as soon as the check has ended. */
export function formatWarnings({ check, warnings }: CheckResult): string {
  return warnings.map((finding) => line("WARNING", check.name, finding)).join("");
}

/** All errors at once, at the end: the words after "error execution phase preflight: ". */
export function formatErrors({ results }: Report): string {
  const errors = results.flatMap(({ check, errors: findings }) =>
    findings.map((finding) => line("ERROR", check.name, finding)),
  );
  return errors.length === 0 ? STRICT : `${FATAL}${errors.join("")}${FOOTER}`;
}

/** What was looked at, for verbosity 1 and up. */
export function formatTrace({ check, errors, warnings, isIgnored }: CheckResult): string {
  const outcome =
    errors.length > 0 ? "failed" : warnings.length > 0 ? "passed with warnings" : "passed";
  return `[preflight] validating ${check.name}: ${check.summary}: ${isIgnored ? "failed, ignored" : outcome}\n`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The last line of a preflight that lets everything go on. */
export function formatSummary({ results, warningCount }: Report): string {
  const ran = plural(results.length, "check");
  return warningCount === 0
    ? `[preflight] ${ran} passed\n`
    : `[preflight] ${ran} passed, with ${plural(warningCount, "warning")}\n`;
}

/** Which names count as warnings without being asked for, and how to have them count. */
export function formatDefaults(byDefault: readonly string[]): string {
  if (byDefault.length === 0) return "";
  return `[preflight] Ignored by default on a developer's machine: ${byDefault.join(", ")}. To make it count: --ignore-preflight-errors=none\n`;
}

/** Below the errors: how the phase came to be run, innermost first, or how to see that. */
export function formatStack(
  results: readonly CheckResult[],
  verbosity: number,
  command: string,
): string {
  if (verbosity < TRACE_VERBOSITY) return TRACE_HINT;
  const failed = results.filter(({ errors }) => errors.length > 0).map(({ check }) => check);
  return [
    "stack trace of phases:",
    ...failed.map(({ name, category }) => `\tcheck ${name} (${category})`),
    "\tphase preflight",
    `\tcommand ${command}`,
    "",
  ].join("\n");
}

/** The remedies as a shell script; those that are no commands as comments. */
export function formatFixes({ results }: Report): string {
  const lines: string[] = [];
  const commands = new Set<string>();
  for (const { check, errors, warnings } of results) {
    for (const { message, fix, command } of [...errors, ...warnings]) {
      lines.push(`# ${check.name}: ${printable(message)}`);
      if (command === undefined || commands.has(command)) {
        if (fix !== undefined) lines.push(`#   ${printable(fix)}`);
      } else {
        lines.push(printable(command));
        commands.add(command);
      }
    }
  }
  return lines.map((text) => `${text}\n`).join("");
}
