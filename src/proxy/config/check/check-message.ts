// Walks a whole message before anything is parsed: every value within Envoy's rules, and no field set that we would leave undone.
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Message,
} from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { required as requiredOption } from "#api/validate/validate_pb.ts";
import { quoted } from "#base/log.ts";
import { typeNameOf, unpackAny } from "../any.ts";
import type { Field } from "../field.ts";
import { constraintsOf, type FieldConstraints } from "./constraints.ts";
import { isIgnoredExtension } from "./ignored-extensions.ts";
import type { MessageSupport, SupportTable } from "./support.ts";
import { BOOTSTRAP_SUPPORT } from "./support-bootstrap.ts";
import { CLUSTER_SUPPORT } from "./support-cluster.ts";
import { CORE_SUPPORT } from "./support-core.ts";
import { LISTENER_SUPPORT } from "./support-listener.ts";
import { ROUTE_SUPPORT } from "./support-route.ts";
import { TAP_SUPPORT } from "./support-tap.ts";

/** Everything the proxy reads, ignores or refuses, by message type and field. */
export const SUPPORT: SupportTable = {
  ...CORE_SUPPORT,
  ...BOOTSTRAP_SUPPORT,
  ...CLUSTER_SUPPORT,
  ...LISTENER_SUPPORT,
  ...ROUTE_SUPPORT,
  ...TAP_SUPPORT,
};

/** Messages inside messages. The deepest that Envoy's definitions need is about 30; matcher trees, which nest freely, are refused. */
const MAX_DEPTH = 60;

type Treatment = "read" | "ignored" | "refused";

interface FieldPlan {
  readonly field: DescField;
  readonly treatment: Treatment;
  readonly refusal: string;
  readonly constraints: FieldConstraints;
  /** A message to look into; wrappers and google.protobuf's own types hold plain values. */
  readonly inside: DescMessage | undefined;
}

interface MessagePlan {
  readonly fields: readonly FieldPlan[];
  readonly requiredOneofs: readonly { readonly localName: string; readonly names: string }[];
}

const plans = new WeakMap<DescMessage, MessagePlan>();

/**
 * Rejects at the first field of `message`, or of a message inside it, that is outside Envoy's rules or that we neither read
 * nor may ignore. Inside an ignored field only the rules are checked. Extensions are looked into wherever their type is known.
 */
export function checkMessage(schema: DescMessage, message: Message, at: Field): void {
  walk(schema, message, at, false, 0);
}

type AnyMessage = Message & Readonly<Record<string, unknown>>;

function walk(
  schema: DescMessage,
  message: Message,
  at: Field,
  isIgnored: boolean,
  depth: number,
): void {
  if (at.isRejected) return;
  if (depth > MAX_DEPTH) {
    at.reject(`nested too deeply: at most ${MAX_DEPTH} levels are read`);
    return;
  }
  const unknown = message.$unknown?.[0];
  if (unknown !== undefined && !isIgnored) {
    at.reject(`unknown field number ${unknown.no}: not in the API that this proxy was built with`);
    return;
  }
  const plan = planOf(schema);
  const values = message as AnyMessage;
  // What we do not have comes first: it is what the author has to know, whatever else is wrong.
  if (!isIgnored) refuseUnsupported(plan, values, at);
  for (const oneof of plan.requiredOneofs) {
    const value = values[oneof.localName] as { readonly case: string | undefined };
    if (value.case === undefined) at.reject(`one of ${oneof.names} is required`);
  }
  for (const field of plan.fields) checkField(field, values, at, isIgnored, depth);
}

function refuseUnsupported(plan: MessagePlan, values: AnyMessage, at: Field): void {
  for (const { field, treatment, refusal } of plan.fields) {
    if (treatment !== "refused") continue;
    const value = valueOf(field, values);
    if (value !== undefined && isSet(field, value)) at.child(field.name).reject(refusal);
  }
}

function checkField(
  plan: FieldPlan,
  values: AnyMessage,
  parent: Field,
  isIgnored: boolean,
  depth: number,
): void {
  const { field, constraints } = plan;
  const value = valueOf(field, values);
  if (value === undefined) {
    // A member of a oneof is asked for only once it is the one chosen.
    if (constraints.isRequired && field.oneof === undefined) {
      parent.child(field.name).reject("value is required");
    }
    return;
  }
  const isPresent = isSet(field, value);
  const wrong = constraints.value?.(value) ?? enumProblem(field, value);
  if (wrong !== undefined) {
    parent.child(field.name).reject(wrong);
    return;
  }
  if (!isPresent) return;
  // An extension marked optional may be left out by who does not have it; the parser does.
  const isLeftOut = values["isOptional"] === true && isForeign(plan, value);
  const skip = isIgnored || plan.treatment === "ignored" || isLeftOut;
  if (field.fieldKind === "list") checkList(plan, value as readonly unknown[], parent, skip, depth);
  else if (field.fieldKind === "map") checkMap(plan, value as object, parent, skip, depth);
  else if (plan.inside !== undefined && !constraints.isSkipped) {
    enter(plan.inside, value as Message, parent.child(field.name), skip, depth);
  }
}

function checkList(
  plan: FieldPlan,
  items: readonly unknown[],
  parent: Field,
  isIgnored: boolean,
  depth: number,
): void {
  const { item } = plan.constraints;
  if (item === undefined && plan.inside === undefined && plan.field.enum === undefined) return;
  const at = parent.child(plan.field.name);
  for (const [i, value] of items.entries()) {
    const wrong = item?.(value) ?? enumProblem(plan.field, value);
    if (wrong !== undefined) at.item(i).reject(wrong);
    if (plan.inside !== undefined)
      enter(plan.inside, value as Message, at.item(i), isIgnored, depth);
  }
}

function checkMap(
  plan: FieldPlan,
  entries: object,
  parent: Field,
  isIgnored: boolean,
  depth: number,
): void {
  const at = parent.child(plan.field.name);
  for (const [key, value] of Object.entries(entries)) {
    const wrong = plan.constraints.key?.(key);
    if (wrong !== undefined) at.entry(key).reject(wrong);
    if (plan.inside !== undefined) enter(plan.inside, value, at.entry(key), isIgnored, depth);
  }
}

function enter(
  schema: DescMessage,
  message: Message,
  at: Field,
  isIgnored: boolean,
  depth: number,
): void {
  if (schema.typeName !== "google.protobuf.Any") walk(schema, message, at, isIgnored, depth + 1);
  else checkAny(message as Any, at, isIgnored, depth + 1);
}

function checkAny(any: Any, at: Field, isIgnored: boolean, depth: number): void {
  const unpacked = unpackAny(any);
  if (unpacked.kind === "message") {
    const { schema, message } = unpacked;
    const hasNoEffect = isIgnoredExtension(any);
    if (SUPPORT[schema.typeName] === undefined && !hasNoEffect && !isIgnored) {
      at.reject(`not supported: ${quoted(schema.typeName)}`);
    } else {
      walk(schema, message, at, isIgnored || hasNoEffect, depth);
    }
  } else if (unpacked.kind === "malformed" && !isIgnored) {
    // Types that src/api does not know are left to the parser: only it knows what may stand in this place.
    at.reject(unpacked.reason);
  }
}

function isForeign(plan: FieldPlan, value: unknown): boolean {
  if (plan.inside?.typeName !== "google.protobuf.Any") return false;
  return SUPPORT[typeNameOf(value as Any)] === undefined;
}

/** undefined: not set, for fields that have a notion of being set; lists, maps and plain scalars always have a value. */
function valueOf(field: DescField, values: AnyMessage): unknown {
  if (field.oneof === undefined) return values[field.localName];
  const chosen = values[field.oneof.localName] as {
    readonly case?: string;
    readonly value?: unknown;
  };
  return chosen.case === field.localName ? chosen.value : undefined;
}

function isSet(field: DescField, value: unknown): boolean {
  if (field.fieldKind === "list") return (value as readonly unknown[]).length > 0;
  if (field.fieldKind === "map") return Object.keys(value as object).length > 0;
  if (field.oneof !== undefined || field.fieldKind === "message") return true;
  if (value instanceof Uint8Array) return value.length > 0;
  return value !== "" && value !== 0 && value !== 0n && value !== false;
}

/** Numbers without a name are allowed by proto3, and mean something to newer peers only. */
function enumProblem(field: DescField, value: unknown): string | undefined {
  const desc: DescEnum | undefined = field.enum;
  if (desc === undefined || typeof value !== "number" || desc.value[value] !== undefined)
    return undefined;
  return `value must be one of the defined enum values: got ${value}`;
}

function planOf(schema: DescMessage): MessagePlan {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = createPlan(schema);
    plans.set(schema, plan);
  }
  return plan;
}

function createPlan(schema: DescMessage): MessagePlan {
  const support = SUPPORT[schema.typeName];
  return {
    fields: schema.fields.map((field) => ({
      field,
      ...treatmentOf(schema, support, field.name),
      constraints: constraintsOf(field),
      inside: insideOf(field),
    })),
    requiredOneofs: schema.oneofs
      .filter((oneof) => hasOption(oneof, requiredOption) && getOption(oneof, requiredOption))
      .map((oneof) => ({
        localName: oneof.localName,
        names: oneof.fields.map((field) => field.name).join(", "),
      })),
  };
}

function treatmentOf(
  schema: DescMessage,
  support: MessageSupport | undefined,
  name: string,
): { readonly treatment: Treatment; readonly refusal: string } {
  if (support === undefined) {
    return { treatment: "refused", refusal: `not supported: ${quoted(schema.typeName)}` };
  }
  if (support.read.includes(name)) return { treatment: "read", refusal: "" };
  if (support.ignored?.[name] !== undefined) return { treatment: "ignored", refusal: "" };
  const why = support.refused?.[name];
  return {
    treatment: "refused",
    refusal: why === undefined ? "not supported" : `not supported: ${why}`,
  };
}

function insideOf(field: DescField): DescMessage | undefined {
  const { message } = field;
  if (message === undefined) return undefined;
  if (message.typeName === "google.protobuf.Any") return message;
  return message.typeName.startsWith("google.protobuf.") ? undefined : message;
}
