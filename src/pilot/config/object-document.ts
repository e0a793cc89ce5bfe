// The text of one object: read on its own before it is written, versioned, and shown to who wants to edit it.
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { sortFields } from "#base/sort-fields.ts";
import { contentVersion } from "#xds/content-version.ts";
import { type ConfigObject, type ObjectKey, objectKey, type Problem } from "../model/object.ts";
import { DocumentText } from "./document-text.ts";
import { PlacedObject } from "./placed-object.ts";
import { type ObjectReading, type Reading, readDocument, SPEC_SCHEMAS } from "./read-document.ts";
import { splitDocuments } from "./split-documents.ts";

const UTF8 = new TextEncoder();

export type ReadObject =
  | { readonly kind: "object"; readonly reading: ObjectReading; readonly key: ObjectKey }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** `text` must hold exactly one object of a kind that is served. Never throws. */
export function readOneObject(text: string, file: string): ReadObject {
  const readings = splitDocuments(text).flatMap((slice) =>
    readDocument(new DocumentText(slice.text, file, slice.line)),
  );
  const [reading] = readings;
  if (readings.length === 1 && reading?.kind === "object") {
    return { kind: "object", reading, key: objectKey(reading.object) };
  }
  const problems = readings.flatMap((each) => each.problems.map((problem) => problem()));
  const isTold = readings.length === 1 && problems.length > 0;
  return { kind: "invalid", problems: isTold ? problems.map(asError) : [notOne(file, readings)] };
}

/** A kind that is not served is left out of a folder with a warning; asked for on its own, it is an error. */
const asError = (problem: Problem): Problem => ({ ...problem, severity: "error" });

function notOne(file: string, readings: readonly Reading[]): Problem {
  return {
    severity: "error",
    source: { file, line: 1, column: 1 },
    object: undefined,
    field: "",
    message: `must hold exactly one object: it holds ${readings.length}`,
  };
}

/** Whether two objects say the same, whatever the order of their fields. (Equal hashes are of equal order too.) */
export function sameContent(a: ConfigObject, b: ConfigObject): boolean {
  return a.hash === b.hash || contentText(a) === contentText(b);
}

function contentText(object: ConfigObject): string {
  const { kind, namespace, name, labels, annotations, createdMs, spec } = object;
  const json = toJson(SPEC_SCHEMAS[kind], spec as MessageShape<DescMessage>);
  return JSON.stringify(
    [kind, namespace, name, createdMs, labels, annotations, json].map(sortFields),
  );
}

/** The opaque version of an object for optimistic concurrency: changes with every edit of its text, comments too. */
export function versionOf(object: ConfigObject): string {
  if (!(object instanceof PlacedObject)) return object.hash;
  const { document, index, at } = object.place;
  const edited = [object.hash, document.text.trim(), index, at];
  return contentVersion(UTF8.encode(JSON.stringify(edited)));
}
