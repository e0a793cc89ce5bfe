// What stands in one file of the folder, document by document. Documents whose text did not change are not read again.
import { DocumentText } from "./document-text.ts";
import { MAX_DOCUMENTS, MAX_FILE_BYTES } from "./limits.ts";
import type { ObjectPlace } from "./placed-object.ts";
import { type LazyProblem, type Reading, readDocument } from "./read-document.ts";
import { type DocumentSlice, splitDocuments } from "./split-documents.ts";

/** One document with what was read from it. */
export interface ReadSlice {
  readonly document: DocumentText;
  readonly readings: readonly Reading[];
}

export class FileReadings {
  /** As positions name it. */
  readonly #file: string;
  #slices: readonly ReadSlice[] = [];
  /** Why the file as a whole could not be read. */
  #failure: Reading | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** In the order of the file. A reading is the same object as long as its document's text is. */
  get readings(): readonly Reading[] {
    const readings = this.#slices.flatMap((slice) => slice.readings);
    return this.#failure === undefined ? readings : [...readings, this.#failure];
  }

  /** The documents that the file has; those of its last content while the newest could not be read, which `hasFailed` says. */
  get slices(): readonly ReadSlice[] {
    return this.#slices;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** The file's content now. When it cannot be text, what was read last stays and a reading says why. */
  update(bytes: Uint8Array): void {
    if (bytes.length > MAX_FILE_BYTES) {
      this.fail(
        `Cannot read the file: it has ${bytes.length} bytes, at most ${MAX_FILE_BYTES} are read`,
      );
      return;
    }
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      this.fail("Cannot read the file: it is not UTF-8 text");
      return;
    }
    const slices = splitDocuments(text);
    if (slices.length > MAX_DOCUMENTS) {
      this.fail(
        `Cannot read the file: it has ${slices.length} documents, at most ${MAX_DOCUMENTS} are read`,
      );
      return;
    }
    this.#failure = undefined;
    const known = Map.groupBy(this.#slices, ({ document }) => document.text);
    this.#slices = slices.map((slice) => this.#read(slice, known.get(slice.text)?.shift()));
  }

  #read({ text, line }: DocumentSlice, known: ReadSlice | undefined): ReadSlice {
    if (known !== undefined) {
      known.document.moveTo(this.#file, line);
      return known;
    }
    const document = new DocumentText(text, this.#file, line);
    return { document, readings: readDocument(document) };
  }

  /** What was read last stays. */
  fail(message: string): void {
    const document = new DocumentText("", this.#file, 0);
    const place: ObjectPlace = { document, index: 0, start: { line: 1, column: 1 }, at: [] };
    const problem: LazyProblem = () => ({
      severity: "error",
      source: { file: this.#file, line: 1, column: 1 },
      object: undefined,
      field: "",
      message,
    });
    this.#failure = { kind: "wrong", key: undefined, place, problems: [problem] };
  }
}
