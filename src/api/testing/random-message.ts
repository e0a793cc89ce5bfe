// Messages of any type filled with seeded random content: for properties that must hold whatever a peer sends.
import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect, type ScalarValue } from "@bufbuild/protobuf/reflect";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { below, fraction, type Random } from "#base/random.ts";
import { REGISTRY } from "../registry.ts";

export interface RandomMessageOptions {
  /** How likely each field is set, 0 … 1. */
  readonly density: number;
  /** Levels of messages below the first. */
  readonly maxDepth: number;
  /** Full type names that an Any is filled with. */
  readonly anyTypes: readonly string[];
}

/** A random message; numbers are whole and strings plain, so that it survives JSON unchanged. */
export function randomMessage<Desc extends DescMessage>(
  schema: Desc,
  random: Random,
  options: RandomMessageOptions,
): MessageShape<Desc> {
  const message = create(schema);
  fill(reflect(schema, message), random, options, options.maxDepth);
  return message;
}

function fill(
  message: ReflectMessage,
  random: Random,
  options: RandomMessageOptions,
  depth: number,
): void {
  const { typeName } = message.desc;
  if (typeName === "google.protobuf.Any") {
    fillAny(message.message as Any, random, options, depth);
    return;
  }
  for (const field of message.fields) {
    if (fraction(random) >= options.density) continue;
    if (field.message !== undefined && depth === 0) continue;
    if (typeName === "google.protobuf.Timestamp" && field.name === "nanos") continue;
    setField(message, field, random, options, depth);
  }
}

function setField(
  message: ReflectMessage,
  field: DescField,
  random: Random,
  options: RandomMessageOptions,
  depth: number,
): void {
  if (field.fieldKind === "list") {
    const list = message.get(field);
    for (let n = below(random, 3); n >= 0; n -= 1) list.add(part(field, random, options, depth));
  } else if (field.fieldKind === "map") {
    message.get(field).set(key(field.mapKey, random), part(field, random, options, depth));
  } else if (field.fieldKind === "message") {
    message.set(field, part(field, random, options, depth) as ReflectMessage);
  } else {
    message.set(field, part(field, random, options, depth));
  }
}

function part(
  field: DescField,
  random: Random,
  options: RandomMessageOptions,
  depth: number,
): ScalarValue | ReflectMessage {
  if (field.message !== undefined) {
    const child = reflect(field.message);
    fill(child, random, options, depth - 1);
    return child;
  }
  if (field.enum !== undefined) {
    return field.enum.values[below(random, field.enum.values.length)]?.number ?? 0;
  }
  return scalar(field.scalar ?? ScalarType.STRING, random);
}

const STRINGS = [
  "",
  "a",
  "*",
  "*.example.com",
  "/",
  "/api",
  "cluster",
  "x-header",
  "127.0.0.1",
  "%",
];

function scalar(type: ScalarType, random: Random): ScalarValue {
  const small = [0, 1, 5, 100, 65_535][below(random, 5)] ?? 0;
  switch (type) {
    case ScalarType.STRING:
      return STRINGS[below(random, STRINGS.length)] ?? "";
    case ScalarType.BYTES:
      return new Uint8Array([small & 255, 1, 2]);
    case ScalarType.BOOL:
      return below(random, 2) === 1;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(small);
    default:
      return small;
  }
}

function key(type: DescField["scalar"], random: Random): string | number {
  return type === ScalarType.STRING ? String(scalar(ScalarType.STRING, random)) : below(random, 9);
}

function fillAny(any: Any, random: Random, options: RandomMessageOptions, depth: number): void {
  const name = options.anyTypes[below(random, Math.max(options.anyTypes.length, 1))];
  const schema = name === undefined ? undefined : REGISTRY.getMessage(name);
  if (schema === undefined || depth <= 0) return;
  const inside: Message = create(schema);
  fill(reflect(schema, inside), random, options, depth - 1);
  anyPack(schema, inside, any);
}
