// Messages as other programs dump them: with Anys of types that src/api does not know, which keep their name and their fields.
import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { REGISTRY } from "./registry.ts";

/** Messages nest a few dozen levels; a text that nests deeper is no dump but wants our stack. */
const MAX_DEPTH = 200;

export type FromDumpedJson<T> =
  | { readonly kind: "parsed"; readonly value: T }
  | { readonly kind: "rejected"; readonly reason: string };

/**
 * Reads a message as another version of a program may have written it: fields that the type does not have are skipped, and an Any
 * of an unknown type keeps its type URL and, as a google.protobuf.Struct in `value`, its fields. Never throws.
 */
export function messageFromDumpedJson<Desc extends DescMessage>(
  schema: Desc,
  value: unknown,
): FromDumpedJson<MessageShape<Desc>> {
  try {
    const json = wrapUnknown(value as JsonValue, 0);
    const registry = registryWithStandIns(() => {});
    return {
      kind: "parsed",
      value: fromJson(schema, json, { registry, ignoreUnknownFields: true }),
    };
  } catch (error) {
    return { kind: "rejected", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The way back, in camelCase, with the fields of unknown Anys as they were. Only for what `messageFromDumpedJson` has read. */
export function messageToDumpedJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): JsonValue {
  const met = new Set<string>();
  const registry = registryWithStandIns((typeName) => met.add(typeName));
  return unwrapUnknown(toJson(schema, message, { registry }), met);
}

/** Our registry, and for every name that it does not have a Struct under that name. */
function registryWithStandIns(onStandIn: (typeName: string) => void): Registry {
  const standIns = new Map<string, DescMessage>();
  return new Proxy(REGISTRY, {
    get(target, property) {
      if (property !== "getMessage") return Reflect.get(target, property);
      return (typeName: string): DescMessage => {
        const known = target.getMessage(typeName);
        if (known !== undefined) return known;
        onStandIn(typeName);
        const standIn = standIns.get(typeName) ?? { ...StructSchema, typeName };
        standIns.set(typeName, standIn);
        return standIn;
      };
    },
  });
}

const typeNameOf = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf("/") + 1);

/** `{"@type": unknown, …}` becomes `{"@type": unknown, "fields": {…}}`, which is how the stand-in is written. */
function wrapUnknown(json: JsonValue, depth: number): JsonValue {
  if (json === null || typeof json !== "object") return json;
  if (depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(json)) return json.map((item) => wrapUnknown(item, depth + 1));
  const { "@type": typeUrl, ...fields } = json;
  if (typeof typeUrl === "string" && REGISTRY.getMessage(typeNameOf(typeUrl)) === undefined) {
    return { "@type": typeUrl, fields };
  }
  return mapFields(json, (value) => wrapUnknown(value, depth + 1));
}

function unwrapUnknown(json: JsonValue, unknown: ReadonlySet<string>): JsonValue {
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map((item) => unwrapUnknown(item, unknown));
  const { "@type": typeUrl, fields } = json;
  if (typeof typeUrl === "string" && unknown.has(typeNameOf(typeUrl))) {
    return { "@type": typeUrl, ...((fields ?? {}) as JsonObject) };
  }
  return mapFields(json, (value) => unwrapUnknown(value, unknown));
}

function mapFields(json: JsonObject, map: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, map(value)]));
}
