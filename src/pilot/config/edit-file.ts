// Changes to the text of a configuration file, one object at a time. Every other document keeps its bytes, and so do comments
// that stand for themselves. Nothing is handed out before it was read back and found to hold exactly what was meant.
import { parseYamlDocuments } from "#api/yaml.ts";
import { editYaml, renderYaml, type YamlChange } from "#api/yaml-edit.ts";
import { type ConfigObject, type ObjectKey, objectKey } from "../model/object.ts";
import { bodyOf, cutDocument, ownText, withEnd } from "./document-parts.ts";
import { FileReadings } from "./file-readings.ts";
import { sameContent } from "./object-document.ts";
import type { ObjectPlace, PlacedObject } from "./placed-object.ts";
import type { Reading } from "./read-document.ts";
import type { DocumentSlice } from "./split-documents.ts";

export type EditedFile =
  /** undefined: no document is left, the file has to go. */
  | { readonly kind: "edited"; readonly text: string | undefined }
  | { readonly kind: "refused"; readonly reason: string };

/** What the object is to become; `object` is `text` as it was read. */
export interface NewObject {
  readonly text: string;
  readonly object: ConfigObject;
  readonly style: "text" | "merge";
}

/** A document as it was when its file was read: the document itself moves with the next reading. */
interface PlacedSlice {
  readonly slice: DocumentSlice;
  readonly readings: readonly Reading[];
}

/**
 * What is known of files that were edited before: documents that did not change are not read again. One file after the
 * other may be given to the same.
 */
export type KnownDocuments = FileReadings;

export const noKnownDocuments = (): KnownDocuments => new FileReadings("");

/** An object in a file, and the text of its document as it was last read: one that reads otherwise now is not written over. */
export interface SeenObject {
  readonly key: ObjectKey;
  readonly text: string | undefined;
}

/** The object's document where it stands gets new content. */
export function replaceInFile(
  text: string,
  seen: SeenObject,
  wanted: NewObject,
  known: KnownDocuments,
): EditedFile {
  return change(text, seen, wanted.object, known, (slice, place) =>
    replacedSlice(slice, place, wanted),
  );
}

/** The object goes, and the file with it when nothing else is in it. */
export function removeFromFile(text: string, seen: SeenObject, known: KnownDocuments): EditedFile {
  return change(text, seen, undefined, known, (slice, place) => {
    if (place.at.length === 0) return withoutBody(slice);
    const items = parseYamlDocuments(slice, "").documents[place.index]?.value as
      | { readonly items?: readonly unknown[] }
      | undefined;
    if ((items?.items ?? []).length === 1) return withoutBody(slice);
    return editYaml(slice, [{ path: place.at, value: undefined }]);
  });
}

/** A new document at the end; the first of a new file when `text` is empty. */
export function appendToFile(
  text: string,
  key: ObjectKey,
  wanted: NewObject,
  known: KnownDocuments,
): EditedFile {
  const before = readSlices(text, known);
  const unsure = whyUnsure(before);
  if (before === undefined || unsure !== undefined) return refused(unsure ?? TOO_LARGE);
  const lineEnd = text === "" || text.endsWith("\n") ? "" : "\n";
  const marker = text === "" ? "" : "---\n";
  const after = `${text}${lineEnd}${marker}${ownText(wanted.text)}`;
  return verified(before, after, key, wanted.object, known);
}

const refused = (reason: string): EditedFile => ({ kind: "refused", reason });

const JUST_EDITED = "the file was just edited: try again";

function change(
  text: string,
  { key, text: seenText }: SeenObject,
  wanted: ConfigObject | undefined,
  known: KnownDocuments,
  edit: (slice: string, place: ObjectPlace) => string | undefined,
): EditedFile {
  const slices = readSlices(text, known);
  const unsure = whyUnsure(slices);
  if (slices === undefined || unsure !== undefined) return refused(unsure ?? TOO_LARGE);
  for (const { slice, readings } of slices) {
    const found = readings.find((reading) => keyOf(reading) === key);
    if (found === undefined || found.kind === "ignored") continue;
    if (seenText !== undefined && seenText !== slice.text) return refused(JUST_EDITED);
    if (/^(?:%|\.\.\.(?:\s|$))/m.test(slice.text)) {
      return refused('the file has YAML directives or "..." markers: edit it by hand');
    }
    const edited = edit(slice.text, found.place);
    if (edited === undefined) return refused("the document cannot be rewritten: edit it by hand");
    const start = offsetOfLine(text, slice.line);
    const after = text.slice(0, start) + edited + text.slice(start + slice.text.length);
    return verified(slices, after, key, wanted, known);
  }
  return refused(JUST_EDITED);
}

const TOO_LARGE = "the file is too large";

/** undefined: beyond one of the limits. */
function readSlices(text: string, known: KnownDocuments): readonly PlacedSlice[] | undefined {
  known.update(new TextEncoder().encode(text));
  if (known.hasFailed) return undefined;
  return known.slices.map(({ document, readings }) => ({
    slice: { text: document.text, line: document.line },
    readings,
  }));
}

/** While it cannot be said what a document is, nobody knows what its text belongs to. */
function whyUnsure(slices: readonly PlacedSlice[] = []): string | undefined {
  for (const { readings } of slices) {
    for (const reading of readings) {
      if (reading.kind !== "wrong" || reading.key !== undefined) continue;
      const problem = reading.problems[0]?.();
      if (problem === undefined) continue;
      const { line, column } = problem.source;
      return `line ${line}:${column} must be mended first: ${problem.message}`;
    }
  }
  return undefined;
}

function keyOf(reading: Reading): ObjectKey | undefined {
  if (reading.kind === "object") return objectKey(reading.object);
  return reading.kind === "wrong" ? reading.key : undefined;
}

/** The file as it would be, read again: `key` is what it should be, and nothing else is different. */
function verified(
  before: readonly PlacedSlice[],
  text: string,
  key: ObjectKey,
  wanted: ConfigObject | undefined,
  known: KnownDocuments,
): EditedFile {
  const after = readSlices(text, known);
  if (after === undefined) return refused(TOO_LARGE);
  const others = (slices: readonly PlacedSlice[]): string =>
    JSON.stringify(
      slices
        .flatMap(({ readings }) => readings)
        .filter((reading) => keyOf(reading) !== key)
        .map(fingerprint),
    );
  const readings = after.flatMap((slice) => slice.readings);
  const ours = readings.find((reading) => keyOf(reading) === key);
  const isMeant =
    wanted === undefined
      ? ours === undefined
      : ours?.kind === "object" && sameContent(ours.object, wanted);
  if (!isMeant || others(before) !== others(after)) {
    return refused("the document cannot be told apart from what is around it: edit it by hand");
  }
  return { kind: "edited", text: after.length === 0 ? undefined : text };
}

function fingerprint(reading: Reading): string {
  if (reading.kind === "object") return `${objectKey(reading.object)} ${reading.object.hash}`;
  return reading.kind === "wrong" ? `wrong ${reading.key}` : "ignored";
}

function replacedSlice(slice: string, place: ObjectPlace, wanted: NewObject): string | undefined {
  const { head, body, tail } = cutDocument(slice);
  if (place.at.length === 0 && wanted.style === "text") {
    return `${head}${withEnd(bodyOf(wanted.text))}${tail}`;
  }
  const value = parseYamlDocuments(wanted.text, "").documents[0]?.value;
  if (place.at.length > 0) return editYaml(slice, [{ path: place.at, value }]);
  const edited = editYaml(body, mergeable(value));
  return `${head}${withEnd(edited ?? renderYaml(value))}${tail}`;
}

const mergeable = (value: unknown): readonly YamlChange[] => [{ path: [], value }];

/** Comments that stand for themselves stay, between markers, so that they belong to no neighbour. */
function withoutBody(slice: string): string {
  const { head, tail } = cutDocument(slice);
  const kept = `${head}${tail}`;
  return /^#/m.test(kept) ? kept : "";
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i += 1) offset = text.indexOf("\n", offset) + 1;
  return offset;
}

/** The text of one object for who edits it; an item of a list comes on its own. */
export function textOf(object: PlacedObject): string {
  const { document, index, at } = object.place;
  const isWhole = at.length === 0 && !/^(?:%|\.\.\.(?:\s|$))/m.test(document.text);
  if (isWhole) return withEnd(bodyOf(document.text));
  let value = parseYamlDocuments(document.text, "").documents[index]?.value;
  for (const step of at) value = (value as Record<string | number, unknown> | undefined)?.[step];
  return renderYaml(value);
}
