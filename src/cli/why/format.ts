// An explanation for people: numbered steps with marks, what made each, and the verdict.
import { createColors } from "picocolors";
import { formatDuration } from "#base/duration.ts";
import { clusterLabel } from "#explain/cluster-name.ts";
import type { Explanation, Origin, Outcome, Step, StepMark } from "#explain/explain.ts";
import { percent } from "#explain/percent.ts";
import { plain } from "../shell/plain.ts";
import { formatTable } from "../shell/table.ts";
import { verdictOf } from "./verdict.ts";

export interface FormatOptions {
  readonly hasColor: boolean;
  /** With every outcome. */
  readonly all: boolean;
  /** "GET http://reviews:9080/ from productpage-v1-1" */
  readonly title: string;
}

const MARKS: Readonly<Record<StepMark, string>> = {
  passed: "✓",
  stopped: "✗",
  maybe: "~",
  note: "!",
};

/** Paths and lists of hosts are longer than most that comes from the network. */
const MAX_CHARACTERS = 1000;

const shown = (text: string): string => plain(text, MAX_CHARACTERS);

type Colors = ReturnType<typeof createColors>;

export function formatExplanation(explanation: Explanation, options: FormatOptions): string {
  const colors = createColors(options.hasColor);
  const width = Math.max(...explanation.steps.map(({ title }) => title.length));
  const lines = [colors.bold(shown(options.title)), ""];
  for (const [i, step] of explanation.steps.entries()) {
    lines.push(...stepLines(step, i + 1, width, colors));
  }
  lines.push("", colors.bold(`=> ${shown(verdictOf(explanation))}`));
  const text = lines.map((line) => `${line}\n`).join("");
  return options.all ? `${text}\n${outcomeTable(explanation.outcomes)}` : text;
}

function stepLines(step: Step, number: number, width: number, colors: Colors): string[] {
  const mark = paint(step.mark, colors)(MARKS[step.mark]);
  const title = step.title.padEnd(width);
  // Number, mark and title take this much; what belongs to a step stands below its detail.
  const indent = " ".repeat(width + 8);
  const lines = [`${String(number).padStart(2)}  ${mark}  ${title}  ${shown(step.detail)}`];
  const dimmed = (text: string): void => {
    lines.push(`${indent} ${colors.dim(shown(text))}`);
  };
  for (const { name, why, origin } of step.tried ?? []) {
    dimmed(`✗ ${name}: ${why}${shortPlace(origin)}`);
  }
  if (step.origin !== undefined) dimmed(originText(step.origin));
  for (const fact of step.facts ?? []) lines.push(`${indent} ${shown(fact)}`);
  return lines;
}

function paint(mark: StepMark, colors: Colors): (text: string) => string {
  switch (mark) {
    case "passed":
      return colors.green;
    case "stopped":
      return colors.red;
    case "maybe":
    case "note":
      return colors.yellow;
  }
}

/** "mesh.yaml:31:7 VirtualService default/reviews spec.http[1]": first what an editor or terminal opens. */
export function originText({ object, field, source }: Origin): string {
  const place = source === undefined ? [] : [`${source.file}:${source.line}:${source.column}`];
  return [...place, object, ...(field === undefined ? [] : [field])].join("  ");
}

/** ` (mesh.yaml:31)` */
function shortPlace(origin: Origin | undefined): string {
  const source = origin?.source;
  return source === undefined ? "" : ` (${source.file}:${source.line})`;
}

const HEADER = ["ODDS", "OUTCOME", "STATUS", "FLAGS", "DELAY", "TIMEOUT", "DESTINATION", "BECAUSE"];

function outcomeTable(outcomes: readonly Outcome[]): string {
  return formatTable([
    HEADER,
    ...outcomes.map((outcome) => [
      percent(outcome.odds),
      outcome.kind,
      outcome.status === undefined ? "-" : String(outcome.status),
      outcome.responseFlags ?? "-",
      durationText(outcome.delayMs),
      durationText(outcome.timeoutMs),
      shown(destinationOf(outcome)),
      shown(outcome.because),
    ]),
  ]);
}

function destinationOf({ location, cluster }: Outcome): string {
  return location ?? (cluster === undefined ? "-" : clusterLabel(cluster));
}

const durationText = (ms: number | undefined): string =>
  ms === undefined ? "-" : formatDuration(ms);
