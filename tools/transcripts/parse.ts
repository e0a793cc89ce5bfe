// Reads the console sessions of a Markdown page: fenced blocks marked `console`, commands after `$ `, what they print below.

export interface Step {
  /** Of the command, from 1. */
  readonly line: number;
  readonly command: string;
  /** What the page shows below the command; its first line is the one after the command's last. */
  readonly output: readonly string[];
  readonly outputLine: number;
  /** `console stays`: the command runs on while the rest of the page is done, as in another terminal. */
  readonly stays: boolean;
  /** `console needs envoy`: a program that not every machine has. */
  readonly needs: string | undefined;
}

const FENCE = /^\s*```(.*)$/;
const INFO = /^console(?<stays> stays)?(?: needs (?<needs>[\w-]+))?$/;

/** Fails on a block that is marked in a way nobody knows: it would silently not be run. */
export function parseSteps(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const info = FENCE.exec(lines[index] ?? "")?.[1]?.trim();
    if (info === undefined) continue;
    const start = index + 1;
    index = start;
    while (index < lines.length && !/^\s*```\s*$/.test(lines[index] ?? "")) index += 1;
    if (!info.startsWith("console")) continue;
    const marks = INFO.exec(info)?.groups;
    if (marks === undefined) throw new Error(`line ${start}: unknown mark "${info}"`);
    steps.push(...parseBlock(lines.slice(start, index), start + 1, marks));
  }
  return steps;
}

function parseBlock(
  lines: readonly string[],
  firstLine: number,
  marks: Readonly<Record<string, string | undefined>>,
): readonly Step[] {
  const starts = lines.flatMap((line, index) => (line.startsWith("$ ") ? [index] : []));
  if (starts[0] !== 0) throw new Error(`line ${firstLine}: a console begins with a command: "$ "`);
  return starts.map((start, index) => {
    const part = lines.slice(start, starts[index + 1] ?? lines.length);
    const commandLines = 1 + continuationCount(part);
    return {
      line: firstLine + start,
      command: part
        .slice(0, commandLines)
        .map((line) => line.slice(2))
        .join("\n"),
      output: part.slice(commandLines),
      outputLine: firstLine + start + commandLines,
      stays: marks["stays"] !== undefined,
      needs: marks["needs"],
    };
  });
}

/** Lines after the first that begin with the shell's second prompt, "> ". */
function continuationCount(lines: readonly string[]): number {
  const end = lines.findIndex((line, index) => index > 0 && !/^>(?: |$)/.test(line));
  return (end === -1 ? lines.length : end) - 1;
}
