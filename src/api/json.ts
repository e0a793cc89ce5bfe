// JSON <-> message for every generated type, with errors that name the field: protobuf-es says what is wrong, this file says where.
import {
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { type FieldPath, formatFieldPath } from "#base/field-path.ts";
import { withProtoDurations } from "./istio-durations.ts";
import { withPrintableAnys } from "./json-any.ts";
import { findJsonProblems, type JsonProblem } from "./json-problems.ts";
import { REGISTRY } from "./registry.ts";

export type FromJson<T> =
  | { readonly kind: "parsed"; readonly value: T }
  /** At least one problem, at most `MAX_PROBLEMS`. */
  | { readonly kind: "rejected"; readonly problems: readonly JsonProblem[] };

export interface JsonOptions {
  /** Default false: a field that the type does not have is an error. */
  readonly ignoreUnknownFields?: boolean;
  /** Where `value` stands in its document: put before every path. */
  readonly at?: FieldPath;
}

/**
 * Reads a message from plain JSON, by the rules of protobuf JSON: names in snake_case or camelCase, enums by name or number,
 * `@type` of an Any by the registry. Istio's messages also take Go's durations ("5m"), as Istio does. Never throws.
 */
export function messageFromJson<Desc extends DescMessage>(
  schema: Desc,
  value: unknown,
  options: JsonOptions = {},
): FromJson<MessageShape<Desc>> {
  const ignoreUnknownFields = options.ignoreUnknownFields ?? false;
  const json = schema.typeName.startsWith("istio.") ? withProtoDurations(schema, value) : value;
  try {
    const read = fromJson(schema, json as JsonValue, { registry: REGISTRY, ignoreUnknownFields });
    return { kind: "parsed", value: read };
  } catch (error) {
    const at = options.at ?? [];
    const problems = findJsonProblems(schema, json, { at, ignoreUnknownFields });
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "rejected", problems: problems.length > 0 ? problems : [{ path: at, message }] };
  }
}

/**
 * Writes a message as protobuf JSON. `names`: "proto" writes snake_case as Envoy's admin does, "json" camelCase (default).
 * An Any of a type that is not in src/api is written as `{"@type": …, "value": base64}`, and so is a message that has no JSON form
 * (a duration out of range, a Value without a kind). Never throws.
 */
export function messageToJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  options: { readonly names?: "json" | "proto" } = {},
): JsonValue {
  const useProtoFieldName = options.names === "proto";
  try {
    const printable = withPrintableAnys(schema, message);
    return toJson(schema, printable.message, { registry: printable.registry, useProtoFieldName });
  } catch {
    const bytes = toBinary(schema, message, { writeUnknownFields: true });
    return { "@type": `type.googleapis.com/${schema.typeName}`, value: base64Encode(bytes) };
  }
}

/** `spec.http[0].timeout: must be …`, one line. */
export function formatJsonProblem(problem: JsonProblem): string {
  const path = formatFieldPath(problem.path);
  return path === "" ? problem.message : `${path}: ${problem.message}`;
}
