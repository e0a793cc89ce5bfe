// Phases in words: the list that ends a command's help, and a failure with its trace, as kubeadm prints them.
import type { Phase } from "./phase.ts";
import type { PhaseFailure } from "./run-phases.ts";

/** The verbosity at which kubeadm shows where an error came from. */
const TRACE_VERBOSITY = 5;
const TRACE_HINT = "To see the stack trace of this error execute with --v=5 or higher\n";
const INDENT = "  ";
/** Between the longest name and the texts. */
const GAP = 2;

function rowsOf<D>(phases: readonly Phase<D>[], level: number): readonly [string, string][] {
  return phases
    .filter(({ isHidden }) => isHidden !== true)
    .flatMap((phase) => [
      [`${INDENT.repeat(level)}${level > 0 ? "/" : ""}${phase.name}`, phase.short],
      ...rowsOf(phase.phases ?? [], level + 1),
    ]);
}

/** What stands at the end of the help of the command whose phases they are. */
export function formatPhaseList<D>(command: string, phases: readonly Phase<D>[]): string {
  const rows = rowsOf(phases, 0);
  const width = Math.max(...rows.map(([name]) => name.length)) + GAP;
  const lines = rows.map(([name, short]) => `${name.padEnd(width)}${short}\n`).join("");
  return `The "${command}" command executes the following phases:\n\`\`\`\n${lines}\`\`\`\n`;
}

/** What goes to stderr; `command` is the innermost that was called, "sampan up". */
export function formatFailure(
  { message, trace }: PhaseFailure,
  verbosity: number,
  command: string,
): string {
  const head = message.endsWith("\n") ? message : `${message}\n`;
  if (verbosity < TRACE_VERBOSITY) return `${head}${TRACE_HINT}`;
  const lines = [...trace, `command ${command}`].map((line) => `\t${line}\n`).join("");
  return `${head}stack trace of phases:\n${lines}`;
}
