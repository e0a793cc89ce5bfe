// One YAML document of a file, as text: it knows where its fields stand, and moves when the file is edited above it.
import { parseYamlDocuments } from "#api/yaml.ts";
import type { FieldPath } from "#base/field-path.ts";
import type { SourcePosition } from "../model/object.ts";

/** Positions inside the text count from line 1, column 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export class DocumentText {
  readonly text: string;
  #file: string;
  #line: number;
  /** Places that were asked for: the text never changes, so neither do they. */
  readonly #found = new Map<string, TextPosition>();

  /** `line` of the file on which the text begins, from 0. */
  constructor(text: string, file: string, line: number) {
    this.text = text;
    this.#file = file;
    this.#line = line;
  }

  /** Line of the file on which the text begins now, from 0. */
  get line(): number {
    return this.#line;
  }

  moveTo(file: string, line: number): void {
    this.#file = file;
    this.#line = line;
  }

  /** Where a place of the text stands in the file now. */
  locate({ line, column }: TextPosition): SourcePosition {
    return { file: this.#file, line: this.#line + line, column };
  }

  /**
   * Where the field at `path` stands in the text, or its nearest parent. Parses the text again: few fields are ever asked for, and a syntax
   * tree of every document would take thirty times the memory of its text.
   */
  find(index: number, path: FieldPath): TextPosition {
    const key = JSON.stringify([index, path]);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const document = parseYamlDocuments(this.text, this.#file).documents[index];
    const position = document?.positionOf(path) ?? { line: 1, column: 1 };
    this.#found.set(key, position);
    return position;
  }
}
