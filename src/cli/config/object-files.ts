// `-f FILE|DIR|-`: the objects of files, validated with the pilot's own code, with the text that each is written in.

import { parseYamlDocuments } from "#api/yaml.ts";
import { editYaml } from "#api/yaml-edit.ts";
import { ownText } from "#pilot/config/document-parts.ts";
import { DocumentText } from "#pilot/config/document-text.ts";
import { textOf } from "#pilot/config/edit-file.ts";
import { IGNORE_FILE, IgnoredPaths } from "#pilot/config/ignored.ts";
import { MAX_DOCUMENTS, MAX_FILE_BYTES } from "#pilot/config/limits.ts";
import { readOneObject } from "#pilot/config/object-document.ts";
import { collect } from "#pilot/config/parse-objects.ts";
import type { PlacedObject } from "#pilot/config/placed-object.ts";
import { type ObjectReading, type Reading, readDocument } from "#pilot/config/read-document.ts";
import { splitDocuments } from "#pilot/config/split-documents.ts";
import { formatProblem, type Problem } from "#pilot/model/object.ts";
import type { Shell } from "../shell/shell.ts";

export interface FileObject {
  readonly object: PlacedObject;
  /** One document with this object alone, as its author wrote it. */
  readonly text: string;
  /** The same with the comments around it that stand for themselves: what a new file of it begins with. */
  readonly wholeText: string;
}

export interface ReadFiles {
  /** In the order of files and documents; each once. */
  readonly objects: readonly FileObject[];
  readonly problems: readonly Problem[];
  /** How many files there were. */
  readonly fileCount: number;
}

export type FilesOutcome =
  | ({ readonly kind: "read" } & ReadFiles)
  /** A file cannot be read at all; a whole sentence. */
  | { readonly kind: "unreadable"; readonly message: string };

interface FileText {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
}

/** `namespace`: for objects that name none (`-n`); undefined leaves them in "default". */
export async function readObjectFiles(
  shell: Shell,
  paths: readonly string[],
  namespace?: string,
): Promise<FilesOutcome> {
  const files: FileText[] = [];
  for (const path of paths) {
    const found = await readPath(shell, path);
    if ("message" in found) return { kind: "unreadable", message: found.message };
    files.push(...found.files);
  }
  const readings: Reading[] = [];
  for (const { name, text } of files) {
    for (const slice of splitDocuments(text).slice(0, MAX_DOCUMENTS)) {
      readings.push(...readDocument(new DocumentText(slice.text, name, slice.line)));
    }
  }
  const { standing, problems } = collect(readings);
  const told = problems.map((problem) => problem());
  const objects: FileObject[] = [];
  for (const reading of standing) {
    const found = inNamespace(fileObject(reading), namespace);
    if ("severity" in found) told.push(found);
    else objects.push(found);
  }
  return { kind: "read", objects, problems: told, fileCount: files.length };
}

export const errorsOf = (problems: readonly Problem[]): readonly Problem[] =>
  problems.filter(({ severity }) => severity === "error");

/** `error: reviews.yaml:7:3: VirtualService default/reviews: spec.http: …` */
export function problemLine(problem: Problem): string {
  return `${problem.severity}: ${formatProblem(problem)}\n`;
}

async function readPath(
  shell: Shell,
  path: string,
): Promise<{ readonly files: readonly FileText[] } | { readonly message: string }> {
  if (path === "-") {
    return { files: [{ name: "stdin", text: await shell.terminal.readInput() }] };
  }
  const single = await shell.files.read(path);
  if (single.kind === "read") return decoded([{ name: path, bytes: single.bytes }]);
  const folder = path.replace(/(.)\/+$/, "$1");
  const listing = await shell.files.list(folder);
  if ("reason" in listing) return { message: `Cannot read ${path}: ${single.reason}` };
  const ignored = await ignoredPaths(shell, folder);
  const found: { name: string; bytes: Uint8Array }[] = [];
  for (const entry of listing) {
    if (!/\.ya?ml$/.test(entry.path) || ignored.covers(entry.path)) continue;
    const name = folder === "." ? entry.path : `${folder}/${entry.path}`;
    const reading = await shell.files.read(`${folder}/${entry.path}`);
    if (reading.kind === "failed") return { message: `Cannot read ${name}: ${reading.reason}` };
    found.push({ name, bytes: reading.bytes });
  }
  return decoded(found);
}

/** A folder is read as the pilot would read it. */
async function ignoredPaths(shell: Shell, folder: string): Promise<IgnoredPaths> {
  const reading = await shell.files.read(`${folder}/${IGNORE_FILE}`);
  return new IgnoredPaths(reading.kind === "read" ? new TextDecoder().decode(reading.bytes) : "");
}

function decoded(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): { readonly files: readonly FileText[] } | { readonly message: string } {
  const texts: FileText[] = [];
  for (const { name, bytes } of files) {
    if (bytes.length > MAX_FILE_BYTES) {
      return {
        message: `Cannot read ${name}: it has ${bytes.length} bytes, at most ${MAX_FILE_BYTES} are read`,
      };
    }
    try {
      texts.push({ name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) });
    } catch {
      return { message: `Cannot read ${name}: it is no UTF-8 text` };
    }
  }
  return { files: texts };
}

function fileObject({ object, place }: ObjectReading): FileObject {
  const text = textOf(object);
  const isWhole = place.at.length === 0 && place.index === 0;
  return { object, text, wholeText: isWhole ? ownText(place.document.text) : text };
}

function inNamespace(file: FileObject, namespace: string | undefined): FileObject | Problem {
  if (namespace === undefined || file.object.namespace === namespace) return file;
  const { object, text, wholeText } = file;
  const value = parseYamlDocuments(text, "").documents[0]?.value as
    | { readonly metadata?: { readonly namespace?: unknown } }
    | undefined;
  const problem = (message: string): Problem => ({
    severity: "error",
    source: object.positionOf(["metadata", "namespace"]),
    object: `${object.kind} ${object.namespace}/${object.name}`,
    field: "metadata.namespace",
    message,
  });
  if (value?.metadata?.namespace !== undefined) {
    return problem(
      `is ${object.namespace}, and --namespace says ${namespace}: leave one of them out`,
    );
  }
  const change = [{ path: ["metadata", "namespace"], value: namespace }];
  const moved = editYaml(text, change);
  const read = moved === undefined ? undefined : readOneObject(moved, object.source.file);
  if (moved === undefined || read?.kind !== "object") {
    return problem(`cannot be set to ${namespace} here: write it into the file`);
  }
  return {
    object: read.reading.object,
    text: moved,
    wholeText: editYaml(wholeText, change) ?? moved,
  };
}
