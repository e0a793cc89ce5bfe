// Finds every wrong field of a JSON value that protobuf-es refused: walks the value along the schema and asks protobuf-es again about each part alone.
import { type DescField, type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { FieldPath } from "#base/field-path.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import { describeExpected } from "./json-expected.ts";
import { REGISTRY } from "./registry.ts";

/** One wrong field. */
export interface JsonProblem {
  /** In the words of the document: `["spec", "http", 0, "timeout"]`. */
  readonly path: FieldPath;
  /** What is wrong with the value quoted, then what would be right. */
  readonly message: string;
}

/** Problems reported for one document: what a person mends in one sitting. */
export const MAX_PROBLEMS = 20;

/** As protobuf-es's own limit. */
const MAX_DEPTH = 100;

/** At most `MAX_PROBLEMS`, in the order of the document; none when every part alone is right. */
export function findJsonProblems(
  schema: DescMessage,
  value: unknown,
  options: { readonly at: FieldPath; readonly ignoreUnknownFields: boolean },
): readonly JsonProblem[] {
  const search = new Search(options.ignoreUnknownFields);
  return search.message(schema, value, options.at).take(MAX_PROBLEMS).toArray();
}

type Problems = IteratorObject<JsonProblem, void>;

class Search {
  readonly #ignoreUnknownFields: boolean;

  constructor(ignoreUnknownFields: boolean) {
    this.#ignoreUnknownFields = ignoreUnknownFields;
  }

  *message(schema: DescMessage, value: unknown, path: FieldPath): Problems {
    if (path.length > MAX_DEPTH) {
      yield { path, message: `nested too deeply: at most ${MAX_DEPTH} levels are read` };
    } else if (schema.typeName === "google.protobuf.Any") {
      yield* this.#any(value, path);
    } else if (schema.typeName.startsWith("google.protobuf.")) {
      if (!this.#isReadable(schema, value)) yield wrong(path, value, describeExpected(schema));
    } else if (isObject(value)) {
      yield* this.#fields(schema, value, path);
    } else {
      yield wrong(path, value, "an object");
    }
  }

  *#fields(schema: DescMessage, value: Record<string, unknown>, path: FieldPath): Problems {
    const seen = new Map<object, string>();
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, key];
      const field = schema.fields.find((f) => f.name === key || f.jsonName === key);
      if (field === undefined) {
        if (!this.#ignoreUnknownFields) yield { path: at, message: unknownField(schema, key) };
        continue;
      }
      const group = item === null ? field : (field.oneof ?? field);
      const before = seen.get(group);
      if (before !== undefined) {
        yield { path: at, message: `set together with ${before}: at most one of them may be` };
      }
      seen.set(group, key);
      if (item !== null) yield* this.#field(field, item, at);
    }
  }

  *#field(field: DescField, value: unknown, path: FieldPath): Problems {
    if (field.fieldKind === "list") {
      if (!Array.isArray(value)) {
        yield wrong(path, value, "a list");
        return;
      }
      for (const [i, item] of value.entries()) yield* this.#part(field, item, [item], [...path, i]);
    } else if (field.fieldKind === "map") {
      if (!isObject(value)) {
        yield wrong(path, value, "an object");
        return;
      }
      for (const [key, item] of Object.entries(value)) {
        yield* this.#part(field, item, { [key]: item }, [...path, key]);
      }
    } else {
      yield* this.#part(field, value, value, path);
    }
  }

  /** One value of a field; `wrapped` is the same as the whole value of the field. */
  *#part(field: DescField, value: unknown, wrapped: unknown, path: FieldPath): Problems {
    if (field.message !== undefined) {
      yield* this.message(field.message, value, path);
    } else if (!this.#isReadable(field.parent, { [field.name]: wrapped })) {
      yield wrong(path, value, describeExpected(field));
    }
  }

  *#any(value: unknown, path: FieldPath): Problems {
    if (!isObject(value)) {
      yield wrong(path, value, 'an object with "@type"');
      return;
    }
    const { "@type": typeUrl, ...fields } = value;
    const at = [...path, "@type"];
    if (typeof typeUrl !== "string" || !typeUrl.includes("/")) {
      yield wrong(at, typeUrl, 'a type URL such as "type.googleapis.com/package.Message"');
      return;
    }
    const schema = REGISTRY.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
    if (schema === undefined) {
      yield { path: at, message: `unknown message type ${quoted(typeUrl)}` };
    } else if (isWellKnown(schema)) {
      yield* this.message(schema, fields["value"], [...path, "value"]);
    } else {
      yield* this.message(schema, fields, path);
    }
  }

  #isReadable(schema: DescMessage, value: unknown): boolean {
    try {
      fromJson(schema, value as JsonValue, {
        registry: REGISTRY,
        ignoreUnknownFields: this.#ignoreUnknownFields,
      });
      return true;
    } catch {
      return false;
    }
  }
}

/** Types with a JSON form of their own: in an Any it stands under "value". */
function isWellKnown(schema: DescMessage): boolean {
  return schema.typeName.startsWith("google.protobuf.") && schema.name !== "Empty";
}

function wrong(path: FieldPath, value: unknown, expected: string): JsonProblem {
  if (value === undefined) return { path, message: `missing: must be ${expected}` };
  return { path, message: `must be ${expected}: got ${show(value)}` };
}

function show(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return String(value);
}

function unknownField(schema: DescMessage, key: string): string {
  const names = schema.fields.map((f) => (key.includes("_") ? f.name : f.jsonName));
  const close = nearest(key, names);
  return close === undefined ? "unknown field" : `unknown field: did you mean ${quoted(close)}?`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
