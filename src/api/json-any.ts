// Makes messages printable whose Anys hold types that src/api does not know, or bytes that are not what they claim.
import {
  clone,
  create,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { REGISTRY } from "./registry.ts";

const BYTES_VALUE_URL = "type.googleapis.com/google.protobuf.BytesValue";

/** Anys inside Anys (listener, connection manager, filter, …): the deepest real nesting is 5. */
const MAX_ANY_DEPTH = 20;

export interface Printable<M extends Message> {
  readonly message: M;
  readonly registry: Registry;
}

/** `message` itself, or a copy in which each unreadable Any will print as its `@type` and its bytes in base64. */
export function withPrintableAnys<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Printable<MessageShape<Desc>> {
  const copy = clone(schema, message);
  const unknown = new Set<string>();
  if (!wrapUnreadable(reflect(schema, copy), unknown, 0)) return { message, registry: REGISTRY };
  return { message: copy, registry: registryWith(unknown) };
}

/** Wraps what cannot be read below `message`, in place; true when anything was. */
function wrapUnreadable(message: ReflectMessage, unknown: Set<string>, depth: number): boolean {
  if (message.desc.typeName === AnySchema.typeName) {
    return wrapAny(message.message as Any, unknown, depth);
  }
  if (message.desc.typeName.startsWith("google.protobuf.")) return false;
  let wrapped = false;
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field)) continue;
    for (const child of childrenOf(message, field)) {
      if (wrapUnreadable(child, unknown, depth)) wrapped = true;
    }
  }
  return wrapped;
}

function* childrenOf(
  message: ReflectMessage,
  field: ReflectMessage["fields"][number],
): Iterable<ReflectMessage> {
  if (field.fieldKind === "message") yield message.get(field);
  else if (field.fieldKind === "list") yield* message.get(field) as Iterable<ReflectMessage>;
  else if (field.fieldKind === "map")
    yield* message.get(field).values() as Iterable<ReflectMessage>;
}

function wrapAny(any: Any, unknown: Set<string>, depth: number): boolean {
  if (any.typeUrl === "") return false;
  const name = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  const schema = REGISTRY.getMessage(name);
  const inside =
    schema === undefined || depth >= MAX_ANY_DEPTH ? undefined : read(schema, any.value);
  if (schema !== undefined && inside !== undefined) {
    if (!wrapUnreadable(reflect(schema, inside), unknown, depth + 1)) return false;
    any.value = toBinary(schema, inside);
    return true;
  }
  if (schema === undefined) unknown.add(name);
  else {
    any.typeUrl = BYTES_VALUE_URL;
    unknown.add(BytesValueSchema.typeName);
  }
  any.value = toBinary(BytesValueSchema, create(BytesValueSchema, { value: any.value }));
  return true;
}

function read(schema: DescMessage, bytes: Uint8Array): Message | undefined {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}

/** The registry, with a message of one bytes field standing in for each unknown type: it prints as `"value": base64`. */
function registryWith(unknown: ReadonlySet<string>): Registry {
  return new Proxy(REGISTRY, {
    get(target, property) {
      if (property !== "getMessage") return Reflect.get(target, property);
      return (typeName: string): DescMessage | undefined =>
        unknown.has(typeName) ? { ...BytesValueSchema, typeName } : target.getMessage(typeName);
    },
  });
}
