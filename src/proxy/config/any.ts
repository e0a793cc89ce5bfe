// Typed configuration inside google.protobuf.Any: unpacked once, however many readers ask.
import { type DescMessage, fromBinary, type Message, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { REGISTRY } from "#api/registry.ts";
import { TypedStructSchema } from "#api/xds/type/v3/typed_struct_pb.ts";
import { quoted } from "#base/log.ts";

export type Unpacked =
  | { readonly kind: "message"; readonly schema: DescMessage; readonly message: Message }
  /** A type that src/api does not have. */
  | { readonly kind: "unknown"; readonly typeName: string }
  | { readonly kind: "malformed"; readonly reason: string };

const unpacked = new WeakMap<Any, Unpacked>();

/** What `any` holds. Never throws. */
export function unpackAny(any: Any): Unpacked {
  let result = unpacked.get(any);
  if (result === undefined) {
    result = unpack(any);
    unpacked.set(any, result);
  }
  return result;
}

/** The message in `any` when it is a `schema`. */
export function unpackAs<Desc extends DescMessage>(
  schema: Desc,
  any: Any | undefined,
): MessageShape<Desc> | undefined {
  if (any === undefined) return undefined;
  const result = unpackAny(any);
  if (result.kind !== "message" || result.schema.typeName !== schema.typeName) return undefined;
  return result.message as MessageShape<Desc>;
}

/** "envoy.extensions.filters.http.router.v3.Router"; "" for an empty Any. */
export function typeNameOf(any: Any): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
}

/** Istio still writes the older name of xds.type.v3.TypedStruct; the fields are the same. */
const TYPED_STRUCTS: ReadonlySet<string> = new Set([
  "udpa.type.v1.TypedStruct",
  "xds.type.v3.TypedStruct",
]);

/**
 * What extension `any` configures: the type of its message, or, for a TypedStruct, the type that it stands for. Only good for
 * extensions that are ignored: those we have are read from their own messages.
 */
export function extensionTypeOf(any: Any): string {
  const typeName = typeNameOf(any);
  if (!TYPED_STRUCTS.has(typeName)) return typeName;
  try {
    const { typeUrl } = fromBinary(TypedStructSchema, any.value);
    return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  } catch {
    return typeName;
  }
}

function unpack(any: Any): Unpacked {
  const typeName = typeNameOf(any);
  if (typeName === "")
    return { kind: "malformed", reason: `no type URL: got ${quoted(any.typeUrl)}` };
  const schema = REGISTRY.getMessage(typeName);
  if (schema === undefined) return { kind: "unknown", typeName };
  try {
    return { kind: "message", schema, message: fromBinary(schema, any.value) };
  } catch {
    return { kind: "malformed", reason: `bytes are not a ${typeName}` };
  }
}
