// Changes to YAML text that keep what they do not touch: comments, order and quoting of all other fields. Knows no schema.
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  stringify,
} from "yaml";
import type { FieldPath } from "#base/field-path.ts";

const STYLE = { lineWidth: 0 } as const;

/** `value` (plain JSON) as YAML text, lines never folded. */
export function renderYaml(value: unknown): string {
  return stringify(value, { ...STYLE, aliasDuplicateObjects: false });
}

/** One change: the field at `path` gets `value`, or goes when that is undefined. */
export interface YamlChange {
  readonly path: FieldPath;
  /** Plain JSON. Where the old value is of the same shape, only what differs in it is written anew. */
  readonly value: unknown;
}

/**
 * The one document of `text` with the changes made. undefined: there is not exactly one, it cannot be read, or what is left
 * cannot be written (an alias whose anchor went).
 */
export function editYaml(text: string, changes: readonly YamlChange[]): string | undefined {
  const documents = parseAllDocuments(text, { logLevel: "silent" });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined || documents.length !== 1 || document.errors.length > 0) {
    return undefined;
  }
  try {
    for (const { path, value } of changes) {
      if (value === undefined) document.deleteIn(path);
      else merge(document, [...path], value);
    }
    return document.toString(STYLE);
  } catch {
    // The library throws when a step leads into a plain value, and for an alias without its anchor.
    return undefined;
  }
}

type PlainObject = Readonly<Record<string, unknown>>;

const isPlainObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function merge(document: Document.Parsed, path: (string | number)[], value: unknown): void {
  const node = document.getIn(path, true) as Node | undefined;
  if (isMap(node) && isPlainObject(value)) {
    const kept = new Set(Object.keys(value));
    for (const pair of [...node.items]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      if (!kept.has(key)) node.delete(pair.key);
    }
    for (const [key, child] of Object.entries(value)) merge(document, [...path, key], child);
    return;
  }
  if (isSeq(node) && Array.isArray(value)) {
    while (node.items.length > value.length) node.items.pop();
    for (const [i, child] of value.entries()) merge(document, [...path, i], child);
    return;
  }
  if (isScalar(node) && !isCollection(value) && sameScalar(node.value, value)) return;
  const made = document.createNode(value, { aliasDuplicateObjects: false });
  if (isScalar(node) && isScalar(made) && node.comment != null) made.comment = node.comment;
  if (path.length === 0) document.contents = made as typeof document.contents;
  else document.setIn(path, made);
}

const sameScalar = (before: unknown, after: unknown): boolean =>
  before === after || (typeof before === "bigint" && String(before) === String(after));
