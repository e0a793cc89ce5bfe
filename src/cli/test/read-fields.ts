// Fields of a YAML document read with their types; what is wrong is kept with its place, and nothing throws.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { formatJsonProblem, messageFromJson } from "#api/json.ts";
import type { YamlDocument } from "#api/yaml.ts";
import { parseDurationMs } from "#base/duration.ts";
import { type FieldPath, formatFieldPath } from "#base/field-path.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import type { TestProblem } from "./test-case.ts";

type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => quoted(JSON.stringify(value) ?? "nothing", 60);

/** The fields of one object in a document. */
export class FieldReader {
  readonly path: FieldPath;
  readonly #fields: Fields;
  readonly #document: YamlDocument;
  readonly #problems: TestProblem[];

  constructor(document: YamlDocument, path: FieldPath, fields: Fields, problems: TestProblem[]) {
    this.#document = document;
    this.path = path;
    this.#fields = fields;
    this.#problems = problems;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  /** A field that nobody knows is a slip of the keyboard that would make a test say nothing. */
  checkNames(known: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
      this.refuse(name, `Unknown field ${quoted(name)}: ${hint}`);
    }
  }

  refuse(name: string | undefined, message: string): undefined {
    const path = name === undefined ? this.path : [...this.path, name];
    this.#problems.push({ position: this.#document.positionOf(path), message });
    return undefined;
  }

  text(name: string): string | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return this.#wrong(name, "a text");
  }

  flag(name: string): boolean | undefined {
    const value = this.#fields[name];
    if (value === undefined || typeof value === "boolean") return value;
    return this.#wrong(name, "true or false");
  }

  wholeNumber(name: string, low: number, high: number): number | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const isGood = typeof value === "number" && Number.isInteger(value);
    if (isGood && value >= low && value <= high) return value;
    return this.#wrong(name, `a whole number from ${low} to ${high}`);
  }

  /** "3s", "1m30s", "500ms"; in milliseconds. */
  duration(name: string): number | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const ms = typeof value === "string" ? parseDurationMs(value) : undefined;
    if (ms !== undefined && ms >= 0) return ms;
    return this.#wrong(name, "a duration, for example 500ms or 3s");
  }

  /** A list of texts, or one text. */
  texts(name: string): readonly string[] | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return [value];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#wrong(name, "a list of texts");
  }

  /** Names with values, in their order. */
  map<T>(
    name: string,
    read: (value: unknown) => T | undefined,
    wanted: string,
  ): Map<string, T> | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (!isFields(value)) return this.#wrong(name, `an object of ${wanted}s`);
    const map = new Map<string, T>();
    for (const [key, item] of Object.entries(value)) {
      const good = read(item);
      if (good === undefined) {
        this.refuse(
          name,
          `${this.#name(name)}.${key} must be ${wanted}: current value is ${shown(item)}`,
        );
      } else map.set(key, good);
    }
    return map;
  }

  /** The reader of an object in this one. */
  child(name: string): FieldReader | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (!isFields(value)) return this.#wrong(name, "an object");
    return new FieldReader(this.#document, [...this.path, name], value, this.#problems);
  }

  /** A message of Istio's API, by its own rules. */
  message<D extends DescMessage>(schema: D, name: string): MessageShape<D> | undefined {
    return this.has(name)
      ? this.#message(schema, [...this.path, name], this.#fields[name])
      : undefined;
  }

  messages<D extends DescMessage>(schema: D, name: string): MessageShape<D>[] | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) return this.#wrong(name, "a list");
    return value
      .map((item, index) => this.#message(schema, [...this.path, name, index], item))
      .filter((message) => message !== undefined);
  }

  #message<D extends DescMessage>(
    schema: D,
    at: FieldPath,
    value: unknown,
  ): MessageShape<D> | undefined {
    const read = messageFromJson(schema, value, { at });
    if (read.kind === "parsed") return read.value;
    for (const problem of read.problems) {
      this.#problems.push({
        position: this.#document.positionOf(problem.path),
        message: formatJsonProblem(problem),
      });
    }
    return undefined;
  }

  #name(name: string): string {
    return formatFieldPath([...this.path, name]);
  }

  #wrong(name: string, wanted: string): undefined {
    return this.refuse(
      name,
      `${this.#name(name)} must be ${wanted}: current value is ${shown(this.#fields[name])}`,
    );
  }
}
