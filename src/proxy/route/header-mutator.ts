// Runs header operations on a head, in Envoy's order: within a level removals, then values from what is left, then overwrites, then additions.
import type { HeaderBlock } from "#codec/header-block.ts";
import type { HeaderName } from "#codec/header-name.ts";
import { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { HeaderPlan, PlannedAddition, PlannedLevel } from "./header-plan.ts";
import { joinsValues } from "./joined-headers.ts";

/** Formatted values of one level; nothing here is awaited, so one buffer serves all streams. */
const scratch = new OutputBuffer(1024);
const names: HeaderName[] = [];
const values: Uint8Array[] = [];
const overwrites: boolean[] = [];

/** Longest formatted value: more than any header block may hold is a mistake of the format. */
const MAX_VALUE_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);

/** Applies every level of `plan` to `head`. */
export function applyHeaderPlan(plan: HeaderPlan, head: HeaderBlock, info: StreamInfo): void {
  for (let i = 0; i < plan.length; i += 1) applyLevel(plan[i] as PlannedLevel, head, info);
}

function applyLevel(level: PlannedLevel, head: HeaderBlock, info: StreamInfo): void {
  for (let i = 0; i < level.remove.length; i += 1) head.remove(level.remove[i] as HeaderName);
  for (let i = 0; i < level.add.length; i += 1) {
    evaluate(level.add[i] as PlannedAddition, head, info);
  }
  for (let i = 0; i < names.length; i += 1) {
    if (overwrites[i] === true) head.set(names[i] as HeaderName, values[i] as Uint8Array);
  }
  for (let i = 0; i < names.length; i += 1) {
    if (overwrites[i] === false) append(head, names[i] as HeaderName, values[i] as Uint8Array);
  }
  names.length = 0;
  values.length = 0;
  overwrites.length = 0;
}

/** Notes what the addition comes to, from the head as it is before any of its level is written. */
function evaluate(addition: PlannedAddition, head: HeaderBlock, info: StreamInfo): void {
  const { name, action } = addition;
  const value = addition.bytes ?? formatted(addition, info);
  if (value.length === 0 && !addition.keepEmptyValue) return;
  if (action === "addIfAbsent" && head.has(name)) return;
  if (action === "overwriteIfExists" && !head.has(name)) return;
  names.push(name);
  values.push(value);
  overwrites.push(action === "overwriteIfExists" || action === "overwriteIfExistsOrAdd");
}

function formatted({ format }: PlannedAddition, info: StreamInfo): Uint8Array {
  if (format === undefined) return EMPTY;
  scratch.clear();
  format.write(info, scratch);
  const value = scratch.bytes.slice(scratch.start, scratch.end);
  return value.length <= MAX_VALUE_BYTES && isFieldValue(value) ? value : EMPTY;
}

/** No CR, LF or NUL: what a peer sent was checked when it came, this is the second lock on the same door. */
function isFieldValue(value: Uint8Array): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const byte = value[i];
    if (byte === 13 || byte === 10 || byte === 0) return false;
  }
  return true;
}

const COMMA = 44;

/** Most names get a field of their own; those that Envoy keeps as one field are continued there. */
function append(head: HeaderBlock, name: HeaderName, value: Uint8Array): void {
  const at = joinsValues(head, name) ? head.find(name) : -1;
  if (at === -1) {
    head.append(name, value);
    return;
  }
  const start = head.valueStart(at);
  const length = head.valueEnd(at) - start;
  const joined = new Uint8Array(length + (length > 0 ? 1 : 0) + value.length);
  joined.set(head.bytesAt(at).subarray(start, start + length));
  if (length > 0) joined[length] = COMMA;
  joined.set(value, joined.length - value.length);
  head.set(name, joined);
}
