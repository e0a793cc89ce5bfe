// The value rules that Envoy's definitions carry (protoc-gen-validate), compiled once per field, with Envoy's wording.
import { type DescField, getOption, hasOption, type JsonObject } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type DurationRules,
  type EnumRules,
  type FieldRules,
  KnownRegex,
  rules as rulesOption,
  type StringRules,
} from "#api/validate/validate_pb.ts";
import { quoted } from "#base/log.ts";

/** What is wrong with a value, or undefined. */
export type Constraint = (value: unknown) => string | undefined;

export interface FieldConstraints {
  /** The message field must be set. */
  readonly isRequired: boolean;
  /** Of the field's value: for a list or map, of it as a whole. */
  readonly value: Constraint | undefined;
  readonly item: Constraint | undefined;
  readonly key: Constraint | undefined;
  /** protoc-gen-validate does not look inside the message. */
  readonly isSkipped: boolean;
}

const NONE: FieldConstraints = {
  isRequired: false,
  value: undefined,
  item: undefined,
  key: undefined,
  isSkipped: false,
};

/** The rules on a field of a message; those of a wrapper's value (UInt32Value) are on the field that holds the wrapper. */
export function constraintsOf(field: DescField): FieldConstraints {
  if (!hasOption(field, rulesOption)) return NONE;
  const rules = getOption(field, rulesOption);
  const { type } = rules;
  return {
    isRequired:
      (rules.message?.required ?? false) ||
      ((type.case === "any" || type.case === "duration") && type.value.required),
    value: constraint(rules),
    item: type.case === "repeated" && type.value.items ? constraint(type.value.items) : undefined,
    key: type.case === "map" && type.value.keys ? constraint(type.value.keys) : undefined,
    isSkipped: rules.message?.skip ?? false,
  };
}

function constraint(rules: FieldRules): Constraint | undefined {
  const { type } = rules;
  switch (type.case) {
    case undefined:
    case "any":
    case "timestamp":
      return undefined;
    case "string":
      return stringConstraint(type.value);
    case "bytes":
      return lengthConstraint(type.value, "bytes");
    case "enum":
      return enumConstraint(type.value);
    case "repeated":
      return listConstraint(
        set(type.value, "minItems") ? Number(type.value.minItems) : 0,
        set(type.value, "maxItems") ? Number(type.value.maxItems) : Number.POSITIVE_INFINITY,
        type.value.unique,
      );
    case "map":
      return set(type.value, "minPairs") ? mapConstraint(Number(type.value.minPairs)) : undefined;
    case "duration":
      return durationConstraint(type.value);
    case "bool":
      return set(type.value, "const") ? boolConstraint(type.value.const) : undefined;
    default:
      return rangeConstraint(type.value);
  }
}

/** Rules are proto2: what was not written has a default on the prototype. */
function set(rules: object, name: string): boolean {
  return Object.hasOwn(rules, name);
}

// protoc-gen-validate's own expressions for HTTP_HEADER_NAME and HTTP_HEADER_VALUE, strict and not.
const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const HEADER_VALUE = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const NO_LINE_END = /^[^\u0000\u000A\u000D]*$/;

function knownRegex(rules: StringRules): RegExp | undefined {
  if (rules.wellKnown.case !== "wellKnownRegex") return undefined;
  if (!rules.strict) return NO_LINE_END;
  return rules.wellKnown.value === KnownRegex.HTTP_HEADER_NAME ? HEADER_NAME : HEADER_VALUE;
}

function stringConstraint(rules: StringRules): Constraint {
  const known = knownRegex(rules);
  const pattern = set(rules, "pattern") ? new RegExp(rules.pattern, "u") : undefined;
  const lengths = lengthConstraint(rules, "characters");
  return (value) => {
    const text = value as string;
    if (text === "" && rules.ignoreEmpty) return undefined;
    const wrongLength = lengths(text);
    if (wrongLength !== undefined) return wrongLength;
    if (pattern !== undefined && !pattern.test(text)) {
      return `value does not match regex pattern ${quoted(rules.pattern)}: got ${quoted(text)}`;
    }
    if (known !== undefined && !known.test(text)) {
      return `value does not match regex pattern ${quoted(known.source)}: got ${quoted(text)}`;
    }
    if (!text.startsWith(rules.prefix))
      return `value does not have prefix ${quoted(rules.prefix)}: got ${quoted(text)}`;
    if (!text.endsWith(rules.suffix))
      return `value does not have suffix ${quoted(rules.suffix)}: got ${quoted(text)}`;
    if (rules.in.length > 0 && !rules.in.includes(text)) {
      return `value must be in list [${rules.in.join(", ")}]: got ${quoted(text)}`;
    }
    return undefined;
  };
}

interface LengthRules {
  readonly minLen: bigint;
  readonly maxLen: bigint;
  readonly minBytes?: bigint;
  readonly maxBytes?: bigint;
}

const encoder = new TextEncoder();

/** Lengths of strings count characters (code points), and bytes where the rule says bytes; of bytes, bytes. */
function lengthConstraint(rules: LengthRules, unit: "characters" | "bytes"): Constraint {
  const bound = (name: keyof LengthRules, otherwise: number): number =>
    set(rules, name) ? Number(rules[name]) : otherwise;
  const minLength = bound("minLen", 0);
  const maxLength = bound("maxLen", Number.POSITIVE_INFINITY);
  const minBytes = bound("minBytes", 0);
  const maxBytes = bound("maxBytes", Number.POSITIVE_INFINITY);
  return (value) => {
    const isText = typeof value === "string";
    const bytes = isText ? encoder.encode(value).length : (value as Uint8Array).length;
    const length = isText ? [...value].length : bytes;
    if (length < minLength)
      return `value length must be at least ${minLength} ${unit}: got ${length}`;
    if (length > maxLength)
      return `value length must be at most ${maxLength} ${unit}: got ${length}`;
    if (bytes < minBytes) return `value length must be at least ${minBytes} bytes: got ${bytes}`;
    if (bytes > maxBytes) return `value length must be at most ${maxBytes} bytes: got ${bytes}`;
    return undefined;
  };
}

function enumConstraint(rules: EnumRules): Constraint {
  return (value) => {
    const number = value as number;
    if (rules.in.length > 0 && !rules.in.includes(number))
      return `value must be in list [${rules.in.join(", ")}]: got ${number}`;
    if (rules.notIn.includes(number))
      return `value must not be in list [${rules.notIn.join(", ")}]: got ${number}`;
    // Whether a number has a name is asked of every enum field (check-message.ts): a number without one cannot be honoured.
    return undefined;
  };
}

function listConstraint(minItems: number, maxItems: number, unique: boolean): Constraint {
  return (value) => {
    const items = value as readonly unknown[];
    if (items.length < minItems)
      return `value must contain at least ${minItems} item(s): got ${items.length}`;
    if (items.length > maxItems)
      return `value must contain no more than ${maxItems} item(s): got ${items.length}`;
    if (unique && new Set(items).size < items.length)
      return "repeated value must contain unique items";
    return undefined;
  };
}

function mapConstraint(minPairs: number): Constraint {
  return (value) => {
    const count = Object.keys(value as object).length;
    return count < minPairs
      ? `value must contain at least ${minPairs} pair(s): got ${count}`
      : undefined;
  };
}

function boolConstraint(wanted: boolean): Constraint {
  return (value) => (value === wanted ? undefined : `value must equal ${wanted}: got ${value}`);
}

interface Range {
  readonly gt: number | undefined;
  readonly gte: number | undefined;
  readonly lt: number | undefined;
  readonly lte: number | undefined;
}

function rangeMessage(range: Range, unit: string): string {
  const low = range.gte === undefined ? `(${range.gt}${unit}` : `[${range.gte}${unit}`;
  const high = range.lte === undefined ? `${range.lt}${unit})` : `${range.lte}${unit}]`;
  const hasLow = range.gt !== undefined || range.gte !== undefined;
  const hasHigh = range.lt !== undefined || range.lte !== undefined;
  if (hasLow && hasHigh) return `value must be inside range ${low}, ${high}`;
  if (range.gt !== undefined) return `value must be greater than ${range.gt}${unit}`;
  if (range.gte !== undefined) return `value must be greater than or equal to ${range.gte}${unit}`;
  if (range.lt !== undefined) return `value must be less than ${range.lt}${unit}`;
  return `value must be less than or equal to ${range.lte}${unit}`;
}

function inRange(range: Range, number: number): boolean {
  if (range.gt !== undefined && !(number > range.gt)) return false;
  if (range.gte !== undefined && !(number >= range.gte)) return false;
  if (range.lt !== undefined && !(number < range.lt)) return false;
  return range.lte === undefined || number <= range.lte;
}

interface NumberRules {
  readonly gt: number | bigint;
  readonly gte: number | bigint;
  readonly lt: number | bigint;
  readonly lte: number | bigint;
}

/** 64-bit bounds in Envoy's files are far below 2^53, so numbers compare them exactly. */
function rangeConstraint(rules: NumberRules): Constraint {
  const bound = (name: keyof NumberRules): number | undefined =>
    set(rules, name) ? Number(rules[name]) : undefined;
  const range = { gt: bound("gt"), gte: bound("gte"), lt: bound("lt"), lte: bound("lte") };
  return (value) => {
    const number = Number(value as number | bigint);
    return inRange(range, number) ? undefined : `${rangeMessage(range, "")}: got ${number}`;
  };
}

function secondsOf(duration: Duration | JsonObject): number {
  const { seconds, nanos } = duration as Duration;
  return Number(seconds) + nanos / 1e9;
}

function durationConstraint(rules: DurationRules): Constraint {
  const bound = (duration: Duration | undefined): number | undefined =>
    duration === undefined ? undefined : secondsOf(duration);
  const range: Range = {
    gt: bound(rules.gt),
    gte: bound(rules.gte),
    lt: bound(rules.lt),
    lte: bound(rules.lte),
  };
  return (value) => {
    const seconds = secondsOf(value as Duration);
    return inRange(range, seconds) ? undefined : `${rangeMessage(range, "s")}: got ${seconds}s`;
  };
}
