// YAML (and so JSON) text -> plain JSON values that remember where each field stands. Knows nothing of any schema.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import type { FieldPath } from "#base/field-path.ts";

/** Lines and columns count from 1. */
export interface YamlPosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface YamlDocument {
  /** Plain JSON: objects, arrays, strings, numbers, booleans, null. Aliases and `<<` are resolved. */
  readonly value: unknown;
  /** Where its first value stands. */
  readonly position: YamlPosition;
  /** Where the field at `path` stands (its key; an item of a list itself), or its nearest parent that is in the text. */
  positionOf(path: FieldPath): YamlPosition;
}

export interface YamlProblem {
  readonly position: YamlPosition;
  readonly message: string;
}

/** Documents without a problem, in order; empty ones are left out. A wrong one does not hide the others. */
export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly YamlProblem[];
}

/** Characters of one file. Istio's whole reference set of examples is below 1 MiB; 1,000 services generate about 3. */
export const MAX_YAML_CHARACTERS: number = 16 * 1024 * 1024;

/** Nodes that aliases may expand to in one document: enough for shared blocks, and no room for a "billion laughs". */
export const MAX_ALIAS_EXPANSIONS = 1000;

/** Values of one document after aliases are resolved: four times what the largest file of MAX_YAML_CHARACTERS usually holds. */
export const MAX_YAML_VALUES = 4_000_000;

/** Levels of nesting. Envoy's deepest bootstrap stays below 40; recursion over the value must never meet a deeper one. */
export const MAX_YAML_DEPTH = 100;

/** Parses every document of `text`; `file` is what positions name. Never throws. */
export function parseYamlDocuments(text: string, file: string): YamlFile {
  if (text.length > MAX_YAML_CHARACTERS) {
    const message = `File is too large: ${text.length} characters, at most ${MAX_YAML_CHARACTERS} are read`;
    return { documents: [], problems: [{ position: { file, line: 1, column: 1 }, message }] };
  }
  const lines = new LineCounter();
  const at = (offset: number): YamlPosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  for (const parsed of parseAll(text, lines)) {
    const outcome = readDocument(parsed, at);
    if (outcome === undefined) continue;
    if ("message" in outcome) problems.push(outcome);
    else documents.push(outcome);
  }
  return { documents, problems };
}

function parseAll(text: string, lines: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: true,
    // Whole numbers beyond 2^53 stay exact: they become decimal strings below, which protobuf JSON takes for 64-bit fields.
    intAsBigInt: true,
    logLevel: "silent",
  });
  return Array.isArray(documents) ? documents : [];
}

type At = (offset: number) => YamlPosition;

function readDocument(parsed: Document.Parsed, at: At): YamlDocument | YamlProblem | undefined {
  const wrong = parsed.errors[0];
  if (wrong !== undefined) return { position: at(wrong.pos[0]), message: sentence(wrong.message) };
  const root = parsed.contents;
  if (root === null || (isScalar(root) && root.value === null)) return undefined;
  const position = at(startOf(root) ?? 0);
  const deep = firstDeeperThan(root, MAX_YAML_DEPTH);
  if (deep !== undefined) {
    const message = `Nested too deeply: at most ${MAX_YAML_DEPTH} levels are read`;
    return { position: at(startOf(deep) ?? 0), message };
  }
  const budget: Budget = { left: MAX_YAML_VALUES };
  let value: unknown;
  try {
    value = plain(parsed.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS }), budget);
  } catch (error) {
    // The library throws for aliases only: unknown ones, those that expand without end, and those that hold themselves.
    const message =
      error instanceof RangeError
        ? "an alias (*name) stands inside of what it stands for: write the value out"
        : String(error instanceof Error ? error.message : error);
    return { position, message: sentence(message) };
  }
  if (budget.left < 0) {
    return {
      position,
      message: `Document is too large: at most ${MAX_YAML_VALUES} values are read`,
    };
  }
  return {
    value,
    position,
    positionOf: (path) => at(offsetOf(parsed, path) ?? startOf(root) ?? 0),
  };
}

/** One line: the library's words may show a piece of the text, which is the user's. */
function sentence(message: string): string {
  return message.split("\n", 1)[0]?.trim() ?? "";
}

interface Budget {
  left: number;
}

/**
 * JSON has no bigint: what a double holds exactly becomes one, the rest decimal text. An alias is walked each time it is used,
 * as every later reader will, and so counts against the budget; when that is spent the walk stops.
 */
function plain(value: unknown, budget: Budget): unknown {
  budget.left -= 1;
  if (budget.left < 0) return value;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) value[i] = plain(value[i], budget);
    return value;
  }
  if (typeof value === "object" && value !== null) {
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      const before = object[key];
      const after = plain(before, budget);
      if (after !== before) object[key] = after;
    }
  }
  return value;
}

/** The first node that stands more than `limit` levels below `root`; walks with a list, so that depth cannot overflow the stack. */
function firstDeeperThan(root: Node, limit: number): Node | undefined {
  const pending: [node: Node, depth: number][] = [[root, 1]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, depth] = next;
    if (depth > limit) return node;
    if (!isMap(node) && !isSeq(node)) continue;
    for (const item of node.items) {
      const child = isNode(item) ? item : (item as Pair).value;
      if (isNode(child)) pending.push([child, depth + 1]);
    }
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Follows `path` as far as the text goes. */
function offsetOf(parsed: Document.Parsed, path: FieldPath): number | undefined {
  let node: unknown = parsed.contents;
  let offset = startOf(node);
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(parsed);
    if (isMap(node)) {
      const pair = pairOf(parsed, node, String(step));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function pairOf(parsed: Document.Parsed, map: YAMLMap, key: string): Pair | undefined {
  for (const pair of map.items) {
    if (isScalar(pair.key) && String(pair.key.value) === key) return pair;
  }
  for (const pair of map.items) {
    if (!isScalar(pair.key) || !isMergeKey(pair.key.value)) continue;
    const merged = isAlias(pair.value) ? pair.value.resolve(parsed) : pair.value;
    if (isMap(merged)) return pairOf(parsed, merged, key);
  }
  return undefined;
}

function isMergeKey(value: unknown): boolean {
  return value === "<<" || (typeof value === "symbol" && value.description === "<<");
}
