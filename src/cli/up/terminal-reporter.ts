// The reporter of `up` on a terminal or a pipe: one line an event, colour only where somebody sees it.
import pc from "picocolors";
import { plain } from "../shell/plain.ts";
import type { Reporter } from "./reporter.ts";

export interface TerminalOptions {
  readonly write: (text: string) => void;
  readonly hasColor: boolean;
  /** Also what the programs print. */
  readonly isVerbose: boolean;
}

/** Control characters of a program's output must not reach the terminal. */
function printable(line: string): string {
  return plain(line.replaceAll("\t", "  "), Number.POSITIVE_INFINITY);
}

export function createTerminalReporter(options: TerminalOptions): Reporter {
  const colors = pc.createColors(options.hasColor);
  const { write } = options;
  return {
    step: (phase, text) => write(`${colors.cyan(`[${phase}]`)} ${text}\n`),
    event: (part, text) => write(`${colors.dim(`[${part}]`)} ${printable(text)}\n`),
    warning: (part, text) => write(`${colors.yellow(`[${part}]`)} ${printable(text)}\n`),
    error: (part, text) => write(`${colors.red(`[${part}]`)} ${printable(text)}\n`),
    crash: (part, text, lastLines) => {
      write(`${colors.yellow(`[${part}]`)} ${printable(text)}\n`);
      if (options.isVerbose) return; // they stand above
      for (const line of lastLines) write(`${colors.dim(`[${part}]   ${printable(line)}`)}\n`);
    },
    output: (part, line) => {
      if (options.isVerbose) write(`${colors.dim(`[${part}] ${printable(line)}`)}\n`);
    },
  };
}
