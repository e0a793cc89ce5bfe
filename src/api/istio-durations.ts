// Istio reads its messages with Go's jsonpb, which takes "5m" and "1h30m" where protobuf JSON takes seconds only ("300s").
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { parseDurationMs } from "#base/duration.ts";

const DURATION = "google.protobuf.Duration";
const SECONDS = /^-?\d+(?:\.\d{1,9})?s$/;

/** No Istio message nests deeper; below it the value is left as it is, for the reader to refuse. */
const MAX_DEPTH = 100;

/** `value` with every duration in Go's syntax written in seconds; what does not look right is left for the reader to refuse. */
export function withProtoDurations(schema: DescMessage, value: unknown): unknown {
  return convertMessage(schema, value, 0);
}

function convertMessage(schema: DescMessage, value: unknown, depth: number): unknown {
  if (schema.typeName === DURATION) return toSeconds(value);
  if (!isObject(value) || depth > MAX_DEPTH || schema.typeName.startsWith("google.")) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [key, before] of Object.entries(value)) {
    const field = schema.fields.find((f) => f.name === key || f.jsonName === key);
    if (field === undefined) continue;
    const after = convertField(field, before, depth + 1);
    if (after === before) continue;
    copy ??= { ...value };
    copy[key] = after;
  }
  return copy ?? value;
}

function convertField(field: DescField, value: unknown, depth: number): unknown {
  const message = field.message;
  if (message === undefined) return value;
  if (field.fieldKind === "message") return convertMessage(message, value, depth);
  if (field.fieldKind === "list") {
    if (!Array.isArray(value)) return value;
    return value.map((item) => convertMessage(message, item, depth));
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([k, v]) => [k, convertMessage(message, v, depth)]);
  return Object.fromEntries(entries);
}

function toSeconds(value: unknown): unknown {
  if (typeof value !== "string" || SECONDS.test(value)) return value;
  const ms = parseDurationMs(value);
  if (ms === undefined) return value;
  // Nine digits are what a Duration holds; Go's own smallest unit is the nanosecond.
  return `${(ms / 1000).toFixed(9).replace(/\.?0+$/, "")}s`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
