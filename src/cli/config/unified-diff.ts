// Two texts compared line by line, as `diff -u` shows it. Myers' greedy algorithm: the shortest way from one to the other.

export interface DiffNames {
  readonly before: string;
  readonly after: string;
}

type Step = " " | "-" | "+";

interface Line {
  readonly step: Step;
  readonly text: string;
}

/** Lines around a change. */
const CONTEXT = 3;

/** Beyond this many differing lines all of the old text goes and all of the new comes: nobody reads such a diff line by line. */
const MAX_EDITS = 2_000;

/** "" when there is no difference. */
export function unifiedDiff(before: string, after: string, names: DiffNames): string {
  if (before === after) return "";
  const lines = script(linesOf(before), linesOf(after));
  const hunks = hunksOf(lines).map((hunk) => formatHunk(lines, hunk));
  return [`--- ${names.before}\n`, `+++ ${names.after}\n`, ...hunks].join("");
}

const linesOf = (text: string): string[] =>
  text === "" ? [] : text.replace(/\n$/, "").split("\n");

function script(a: readonly string[], b: readonly string[]): Line[] {
  const trace: Map<number, number>[] = [];
  const furthest = new Map<number, number>([[1, 0]]);
  const limit = Math.min(a.length + b.length, MAX_EDITS);
  for (let edits = 0; edits <= limit; edits += 1) {
    trace.push(new Map(furthest));
    for (let k = -edits; k <= edits; k += 2) {
      let x = stepsDown(furthest, k, edits)
        ? (furthest.get(k + 1) ?? 0)
        : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a, b);
    }
  }
  return [...a.map((text) => line("-", text)), ...b.map((text) => line("+", text))];
}

const line = (step: Step, text: string): Line => ({ step, text });

/** From the diagonal above (a line of b comes) rather than from the left (a line of a goes). */
function stepsDown(furthest: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
}

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  a: readonly string[],
  b: readonly string[],
): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const isDown = stepsDown(furthest, k, edits);
    const fromX = furthest.get(isDown ? k + 1 : k - 1) ?? 0;
    const fromY = fromX - (isDown ? k + 1 : k - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      lines.push(line(" ", a[x] ?? ""));
    }
    if (edits === 0) break;
    if (isDown) lines.push(line("+", b[fromY] ?? ""));
    else lines.push(line("-", a[fromX] ?? ""));
    x = fromX;
    y = fromY;
  }
  return lines.reverse();
}

interface Hunk {
  readonly start: number;
  readonly end: number;
}

function hunksOf(lines: readonly Line[]): Hunk[] {
  const hunks: { start: number; end: number }[] = [];
  for (const [i, { step }] of lines.entries()) {
    if (step === " ") continue;
    const last = hunks.at(-1);
    const start = Math.max(0, i - CONTEXT);
    const end = Math.min(lines.length, i + CONTEXT + 1);
    if (last !== undefined && start <= last.end) last.end = end;
    else hunks.push({ start, end });
  }
  return hunks;
}

function formatHunk(lines: readonly Line[], { start, end }: Hunk): string {
  const count = (from: number, to: number, not: Step): number =>
    lines.slice(from, to).filter(({ step }) => step !== not).length;
  const range = (not: Step): string => {
    const length = count(start, end, not);
    const first = count(0, start, not) + (length === 0 ? 0 : 1);
    return length === 1 ? String(first) : `${first},${length}`;
  };
  const body = lines.slice(start, end).map(({ step, text }) => `${step}${text}\n`);
  return `@@ -${range("+")} +${range("-")} @@\n${body.join("")}`;
}
