// The fields of one head or trailer section: offsets into the received bytes, and fields appended beside them.
import { type HeaderName, keySlot, NAME_SLOTS, nameKey } from "./header-name.ts";
import { copyBytes, latin1, writeLatin1 } from "./latin1.ts";
import { OutputBuffer } from "./output-buffer.ts";

/** Numbers that a field has in `offsets`: where its name starts, and at the places below what follows. */
export const OFFSETS = 5;
export const NAME_END = 1;
export const VALUE_START = 2;
export const VALUE_END = 3;
/** The end of the line when it stands as we would write it ("name: value\r\n"); 0 when it does not. */
export const CANONICAL_END = 4;

const INITIAL_FIELDS = 24;
/** Room for the few fields that a proxy adds. */
const ADDED_BYTES = 256;
const [COLON, SPACE, CR, LF] = [58, 32, 13, 10];
const NO_BYTES = new Uint8Array(0);

/**
 * Fields in the order they came, then those appended. A field's index never changes; a removed one stays and is skipped.
 * Names are lower-case; values are without surrounding white space. Received fields lie in `bytes`, appended ones in `added`
 * (each a whole line, ready to be copied out): `bytesAt(i)` says which.
 */
export class HeaderBlock {
  bytes: Uint8Array = NO_BYTES;
  readonly added: OutputBuffer = new OutputBuffer(ADDED_BYTES);
  /** `nameKey` of each field's name; 0 once it is removed. */
  keys: Int32Array = new Int32Array(INITIAL_FIELDS);
  offsets: Int32Array = new Int32Array(INITIAL_FIELDS * OFFSETS);
  /** Fields with an index, removed ones included. */
  count = 0;
  /** Of these, how many were received. */
  receivedCount = 0;
  /** The Connection field names other fields, which concern only the connection they came by. */
  nominatesFields = false;

  // A field is found by its name's slot: which slots are taken, which more than once, and the first field of each.
  slotsTaken = 0;
  slotsShared = 0;
  readonly slotFirst: Uint16Array = new Uint16Array(NAME_SLOTS);

  /** The index of the first live field `name` at or after `from`, else -1. */
  find(name: HeaderName, from = 0): number {
    const bit = 1 << name.slot;
    if ((this.slotsTaken & bit) === 0) return -1;
    const first = this.slotFirst[name.slot] as number;
    if (first >= from && this.keys[first] === name.key && this.#nameIs(first, name.bytes)) {
      return first;
    }
    return (this.slotsShared & bit) === 0 ? -1 : this.#search(name, Math.max(first + 1, from));
  }

  /** The index of the next live field `name` behind field `i`, which has that name too; else -1. */
  findNext(name: HeaderName, i: number): number {
    return (this.slotsShared & (1 << name.slot)) === 0 ? -1 : this.#search(name, i + 1);
  }

  has(name: HeaderName): boolean {
    return this.find(name) !== -1;
  }

  /** The value of the first live field `name`, one byte a character. */
  value(name: HeaderName): string | undefined {
    const i = this.find(name);
    return i === -1 ? undefined : this.valueAt(i);
  }

  nameAt(i: number): string {
    return latin1(this.bytesAt(i), this.nameStart(i), this.nameEnd(i));
  }

  valueAt(i: number): string {
    return latin1(this.bytesAt(i), this.valueStart(i), this.valueEnd(i));
  }

  /** The bytes that the offsets of field `i` refer to. */
  bytesAt(i: number): Uint8Array {
    return i < this.receivedCount ? this.bytes : this.added.bytes;
  }

  nameStart(i: number): number {
    return this.offsets[i * OFFSETS] as number;
  }

  nameEnd(i: number): number {
    return this.offsets[i * OFFSETS + NAME_END] as number;
  }

  valueStart(i: number): number {
    return this.offsets[i * OFFSETS + VALUE_START] as number;
  }

  valueEnd(i: number): number {
    return this.offsets[i * OFFSETS + VALUE_END] as number;
  }

  /** Whether the value of field `i` is exactly `expected`. */
  valueIs(i: number, expected: Uint8Array): boolean {
    return equalBytes(this.bytesAt(i), this.valueStart(i), this.valueEnd(i), expected);
  }

  isRemoved(i: number): boolean {
    return this.keys[i] === 0;
  }

  removeAt(i: number): void {
    this.keys[i] = 0;
  }

  /** Removes every field `name`; says whether there was one. */
  remove(name: HeaderName): boolean {
    const first = this.find(name);
    for (let i = first; i !== -1; i = this.findNext(name, i)) this.removeAt(i);
    return first !== -1;
  }

  /** Removes every field whose name is names[start, end), already in lower case. For names that came from a peer. */
  removeNamed(names: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const key = nameKey(end - start, names[start] as number, names[end - 1] as number);
    if ((this.slotsTaken & (1 << keySlot(key))) === 0) return;
    const name = names.subarray(start, end);
    for (let i = 0; i < this.count; i += 1) {
      if (this.keys[i] === key && this.#nameIs(i, name)) this.removeAt(i);
    }
  }

  /** Adds a field behind all others. The value must be free of CR, LF and NUL: the caller has checked what came from outside. */
  append(name: HeaderName, value: Uint8Array | string): void {
    const out = this.added;
    const nameLength = name.bytes.length;
    out.ensure(nameLength + value.length + 4);
    const start = out.end;
    const valueStart = start + nameLength + 2;
    const valueEnd = valueStart + value.length;
    const bytes = out.bytes;
    copyBytes(name.bytes, 0, nameLength, bytes, start);
    bytes[valueStart - 2] = COLON;
    bytes[valueStart - 1] = SPACE;
    if (typeof value === "string") writeLatin1(value, bytes, valueStart);
    else copyBytes(value, 0, value.length, bytes, valueStart);
    bytes[valueEnd] = CR;
    bytes[valueEnd + 1] = LF;
    out.end = valueEnd + 2;
    this.#place(name, start, valueStart, valueEnd);
  }

  /** Removes every field `name`, then appends one. */
  set(name: HeaderName, value: Uint8Array | string): void {
    this.remove(name);
    this.append(name, value);
  }

  /** Forgets all fields; the received bytes are let go of. */
  reset(): void {
    this.bytes = NO_BYTES;
    this.added.clear();
    this.count = 0;
    this.receivedCount = 0;
    this.nominatesFields = false;
    this.slotsTaken = 0;
    this.slotsShared = 0;
  }

  /** Makes room for one field more. May replace `keys` and `offsets`. */
  ensureField(): void {
    if (this.count < this.keys.length) return;
    const keys = new Int32Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    const offsets = new Int32Array(this.offsets.length * 2);
    offsets.set(this.offsets);
    this.offsets = offsets;
  }

  /** Enters field `i` with `key` under its slot. Fields are entered in order. */
  enterSlot(i: number, key: number): void {
    const slot = keySlot(key);
    const bit = 1 << slot;
    if ((this.slotsTaken & bit) === 0) {
      this.slotsTaken |= bit;
      this.slotFirst[slot] = i;
    } else {
      this.slotsShared |= bit;
    }
  }

  #place(name: HeaderName, start: number, valueStart: number, valueEnd: number): void {
    this.ensureField();
    const i = this.count;
    const offsets = this.offsets;
    const at = i * OFFSETS;
    offsets[at] = start;
    offsets[at + NAME_END] = valueStart - 2;
    offsets[at + VALUE_START] = valueStart;
    offsets[at + VALUE_END] = valueEnd;
    offsets[at + CANONICAL_END] = valueEnd + 2;
    this.keys[i] = name.key;
    this.enterSlot(i, name.key);
    this.count = i + 1;
  }

  #search(name: HeaderName, from: number): number {
    const keys = this.keys;
    const count = this.count;
    const key = name.key;
    for (let i = from; i < count; i += 1) {
      if (keys[i] === key && this.#nameIs(i, name.bytes)) return i;
    }
    return -1;
  }

  #nameIs(i: number, expected: Uint8Array): boolean {
    return equalBytes(this.bytesAt(i), this.nameStart(i), this.nameEnd(i), expected);
  }
}

function equalBytes(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (bytes[start + i] !== expected[i]) return false;
  }
  return true;
}
