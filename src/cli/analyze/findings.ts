// What an analysis found, as istioctl shows it, and which of it is asked for.
import { analyze } from "#pilot/config/analyze/analyze.ts";
import { DEEP_RULES } from "#pilot/config/analyze/deep-rules.ts";
import { type ConfigObject, formatProblem, type Problem } from "#pilot/model/object.ts";
import type { Snapshot } from "#pilot/model/snapshot.ts";
import type { FolderWorld } from "../client/folder-world.ts";
import { plain } from "../shell/plain.ts";
import { codeOf, type Level } from "./codes.ts";

/** `-o json` gives a list of these: istioctl's shape, and the place in parts. */
export interface Finding {
  /** "IST0101" */
  readonly code: string;
  readonly level: Level;
  /** Istio's name of the message. */
  readonly name: string;
  /** "VirtualService default/reviews" */
  readonly origin: string;
  /** "reviews.yaml:12" */
  readonly reference: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** "spec.http[0].route[0].destination.host" */
  readonly field: string;
  readonly message: string;
}

/** `problems` are those of the files; the world adds what objects cannot do together. Each once, by file and line. */
export function findingsOf(world: FolderWorld): readonly Finding[] {
  const problems = [...world.problems, ...analyze(analysed(world), world.snapshot, DEEP_RULES)];
  const each = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...each.values()].map(findingOf).sort(byPlace);
}

/** VirtualServices as rules want them: with full names and delegates put in. */
function analysed({ objects, snapshot }: FolderWorld): readonly ConfigObject[] {
  const others = objects.filter(({ kind }) => kind !== "VirtualService");
  return [...others, ...mergedVirtualServices(objects, snapshot)];
}

function mergedVirtualServices(
  objects: readonly ConfigObject[],
  snapshot: Snapshot,
): readonly ConfigObject[] {
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  return [...namespaces].flatMap((namespace) =>
    snapshot.virtualServicesFor(namespace).filter((each) => each.namespace === namespace),
  );
}

function findingOf({ rule, severity, source, object, field, message }: Problem): Finding {
  const { code, level, name } = codeOf(rule, severity);
  const { file, line, column } = source;
  return {
    ...{ code, level, name },
    origin: object ?? "",
    reference: `${file}:${line}`,
    ...{ file, line, column, field, message },
  };
}

function byPlace(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1);
}

/** `Error [IST0101] (VirtualService default/x f.yaml:12) …` */
export function formatFinding({ level, code, origin, reference, field, message }: Finding): string {
  const where = [origin, reference].filter((part) => part !== "").join(" ");
  const text = field === "" ? message : `${field}: ${message}`;
  return `${level} [${code}] (${plain(where, MAX_TEXT)}) ${plain(text, MAX_TEXT)}`;
}

/** Messages say what would be right, which takes room. */
const MAX_TEXT = 1_000;

/** `--suppress CODE=Kind Name.namespace`, with "*" for any text. */
export interface Suppression {
  readonly code: RegExp;
  readonly origin: RegExp;
}

/** undefined: it has another form. */
export function parseSuppression(text: string): Suppression | undefined {
  const [, code, origin] = /^([A-Za-z0-9*]+)=(.+)$/.exec(text) ?? [];
  if (code === undefined || origin === undefined) return undefined;
  return { code: glob(code.toUpperCase()), origin: glob(origin) };
}

export function isSuppressed(finding: Finding, suppressions: readonly Suppression[]): boolean {
  const [, kind = "", namespace = "", name = ""] =
    /^(\S+) ([^/]*)\/(.*)$/.exec(finding.origin) ?? [];
  const origin = `${kind} ${name}.${namespace}`;
  return suppressions.some((each) => each.code.test(finding.code) && each.origin.test(origin));
}

const glob = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
