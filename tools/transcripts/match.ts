// Compares what a page shows with what a command printed. "…" stands for anything in a line, and alone on a line for any
// lines; "~50" for a number about that size.

export interface Mismatch {
  /** The first shown line that nothing printed fits, from 0; the number of shown lines when more was printed. */
  readonly shownIndex: number;
  readonly printedIndex: number;
}

const ELLIPSIS = "…";

/** Throws of a coin stray: of 20 that are 10 in the mean, 4 to 16 are within three standard deviations. */
const TOLERANCE = 0.6;

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function lineMatches(shown: string, printed: string): boolean {
  const numbers: number[] = [];
  // Only after a blank or at the start: "~/folder" and "a~1" are no numbers.
  const pattern = shown
    .split(/(…|(?<=^|\s)~\d+)/)
    .map((part) => {
      if (part === ELLIPSIS) return ".*?";
      if (!/^~\d+$/.test(part)) return escapePattern(part);
      numbers.push(Number(part.slice(1)));
      return "\\s*(\\d+)";
    })
    .join("");
  const match = new RegExp(`^${pattern}$`).exec(printed);
  return (
    match !== null &&
    numbers.every(
      (wanted, index) => Math.abs(Number(match[index + 1]) - wanted) <= wanted * TOLERANCE,
    )
  );
}

const trimmed = (lines: readonly string[]): readonly string[] => {
  const ends = lines.map((line) => line.trimEnd());
  const last = ends.findLastIndex((line) => line !== "");
  return ends.slice(0, last + 1);
};

/** `isPrefix`: more may be printed later. */
export function findMismatch(
  shownLines: readonly string[],
  printedLines: readonly string[],
  isPrefix = false,
): Mismatch | undefined {
  const shown = trimmed(shownLines);
  const printed = trimmed(printedLines);
  let furthest: Mismatch = { shownIndex: 0, printedIndex: 0 };
  // Every place in `printed` that the shown lines so far may have reached.
  let reached = new Set([0]);
  for (const [shownIndex, line] of shown.entries()) {
    const next = new Set<number>();
    for (const printedIndex of reached) {
      furthest = { shownIndex, printedIndex };
      if (line.trim() === ELLIPSIS) {
        for (let index = printedIndex; index <= printed.length; index += 1) next.add(index);
      } else if (printedIndex < printed.length && lineMatches(line, printed[printedIndex] ?? "")) {
        next.add(printedIndex + 1);
      }
    }
    if (next.size === 0) return { shownIndex, printedIndex: Math.min(...reached) };
    reached = next;
  }
  if (isPrefix || reached.has(printed.length)) return undefined;
  furthest = { shownIndex: shown.length, printedIndex: Math.min(...reached) };
  return furthest;
}

/** For the person who reads the failure: the lines around it, shown and printed. */
export function describeMismatch(
  shownLines: readonly string[],
  printedLines: readonly string[],
): string {
  return [
    ...trimmed(shownLines).map((line) => `  - ${line}`),
    ...trimmed(printedLines).map((line) => `  + ${line}`),
  ].join("\n");
}
