// Writes objects into a folder of YAML files: where an object stands, or into a file of its own when it is new.
import type { FileWriter } from "#base/file-writer.ts";
import type { Files } from "#base/files.ts";
import { contentVersion } from "#xds/content-version.ts";
import { type ConfigObject, type ObjectKey, objectKey } from "../model/object.ts";
import {
  appendToFile,
  type EditedFile,
  type NewObject,
  noKnownDocuments,
  removeFromFile,
  replaceInFile,
  type SeenObject,
} from "./edit-file.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import { refusalOf } from "./memory-store.ts";
import { readOneObject, sameContent } from "./object-document.ts";
import { PlacedObject } from "./placed-object.ts";
import type { PutOutcome, PutRequest, RemoveOutcome, WriteCondition } from "./store.ts";

/** What happened to one file. */
export interface FolderEdit {
  /** Relative to the folder. */
  readonly path: string;
}

/** What the store knows, and what it does once a file is written. */
export interface FolderState {
  find(key: ObjectKey): ConfigObject | undefined;
  /** Files with a document of the object, the one in force first; also of one that is wrong. */
  pathsOf(key: ObjectKey): readonly string[];
  isIgnored(path: string): boolean;
  adopt(edit: FolderEdit): Promise<void>;
}

interface FolderWriterOptions {
  readonly folder: string;
  readonly files: Files;
  readonly fileWriter?: FileWriter;
}

interface Refused {
  readonly kind: "failed";
  readonly reason: string;
}

/** New configuration is for whoever may read the folder, as files that people make there are. */
const FILE_MODE = 0o644;

/** NAME_MAX of every usual file system. */
const MAX_FILE_NAME_BYTES = 255;

export class FolderWriter {
  readonly #options: FolderWriterOptions;
  readonly #state: FolderState;
  /** Of the file that was written last: writes come in bursts, often to one file. */
  readonly #known = noKnownDocuments();

  constructor(options: FolderWriterOptions, state: FolderState) {
    this.#options = options;
    this.#state = state;
  }

  async put(request: PutRequest): Promise<PutOutcome> {
    const read = readOneObject(request.text, request.file);
    if (read.kind === "invalid") return read;
    const { key, reading } = read;
    const before = this.#state.find(key);
    const refusal = refusalOf(before, request.condition);
    if (refusal !== undefined) return refusal;
    const warnings = reading.problems.map((problem) => problem());
    const { object } = reading;
    const isSame = before !== undefined && sameContent(before, object);
    if (isSame && request.style === "merge") return { kind: "unchanged", object: before, warnings };
    const path = this.#state.pathsOf(key)[0] ?? newPath(object);
    const edited = await this.#edited(path, key, { ...request, object }, before);
    if (edited.kind === "refused") return this.#refused(path, edited.reason);
    const kind = before === undefined ? "created" : isSame ? "unchanged" : "configured";
    if (request.isDryRun === true) return { kind, object, warnings };
    const failure = await this.#write(path, edited.text);
    if (failure !== undefined) return failure;
    return { kind, object: this.#state.find(key) ?? object, warnings };
  }

  async remove(
    key: ObjectKey,
    condition: WriteCondition | undefined,
    isDryRun: boolean,
  ): Promise<RemoveOutcome> {
    const object = this.#state.find(key);
    const refusal = refusalOf(object, { ...condition, mustBe: "present" });
    if (refusal !== undefined || object === undefined) return refusal ?? { kind: "missing" };
    const [path, other] = this.#state.pathsOf(key);
    if (path === undefined) return { kind: "missing" };
    if (other !== undefined) {
      return this.#refused(
        other,
        `defines it too, and would come into force: remove the document there first`,
      );
    }
    const text = await this.#read(path);
    if (typeof text !== "string") return text;
    const edited = removeFromFile(text, seenObject(key, object), this.#known);
    if (edited.kind === "refused") return this.#refused(path, edited.reason);
    const failure = isDryRun ? undefined : await this.#write(path, edited.text);
    return failure ?? { kind: "removed", object };
  }

  async #edited(
    path: string,
    key: ObjectKey,
    wanted: NewObject,
    before: ConfigObject | undefined,
  ): Promise<EditedFile> {
    const isThere = this.#state.pathsOf(key).length > 0;
    const reading = await this.#options.files.read(this.#place(path));
    if (reading.kind === "failed") {
      if (isThere || before !== undefined) return { kind: "refused", reason: reading.reason };
      if (this.#state.isIgnored(path)) return { kind: "refused", reason: "it is ignored there" };
      return appendToFile("", key, wanted, this.#known);
    }
    const text = decode(reading.bytes);
    if (text === undefined) return { kind: "refused", reason: "it is no UTF-8 text" };
    return isThere
      ? replaceInFile(text, seenObject(key, before), wanted, this.#known)
      : appendToFile(text, key, wanted, this.#known);
  }

  async #read(path: string): Promise<string | Refused> {
    const reading = await this.#options.files.read(this.#place(path));
    if (reading.kind === "failed") return this.#refused(path, reading.reason);
    return decode(reading.bytes) ?? this.#refused(path, "it is no UTF-8 text");
  }

  async #write(path: string, text: string | undefined): Promise<Refused | undefined> {
    const { fileWriter } = this.#options;
    if (fileWriter === undefined) return this.#refused(path, "this folder is only read");
    const place = this.#place(path);
    if (text !== undefined && new TextEncoder().encode(text).length > MAX_FILE_BYTES) {
      return this.#refused(path, `it would have more than ${MAX_FILE_BYTES} bytes`);
    }
    const written =
      text === undefined
        ? await fileWriter.remove(place)
        : await fileWriter.replace(place, text, FILE_MODE);
    if (written.kind === "failed") return this.#refused(path, written.reason);
    await this.#state.adopt({ path });
    return undefined;
  }

  #refused(path: string, reason: string): Refused {
    return { kind: "failed", reason: `Cannot change ${this.#place(path)}: ${reason}` };
  }

  #place(path: string): string {
    return `${this.#options.folder}/${path}`;
  }
}

function seenObject(key: ObjectKey, object: ConfigObject | undefined): SeenObject {
  return { key, text: object instanceof PlacedObject ? object.place.document.text : undefined };
}

/** `virtualservice.default.reviews.yaml`: no two objects have the same, because only names may hold dots. */
function newPath(object: ConfigObject): string {
  const name = `${object.kind.toLowerCase()}.${object.namespace}.${object.name}.yaml`;
  if (name.length <= MAX_FILE_NAME_BYTES) return name;
  const hash = contentVersion(new TextEncoder().encode(objectKey(object)));
  return `${object.kind.toLowerCase()}.${object.namespace}.${hash}.yaml`;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
