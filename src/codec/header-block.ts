// The fields of one head or trailer section: offsets into the received bytes, and fields appended beside them.
import { type HeaderName, nameBit, nameKey } from "./header-name.ts";
import { copyBytes, latin1, writeLatin1 } from "./latin1.ts";
import { OutputBuffer } from "./output-buffer.ts";

/** Numbers a field takes in `slots`. */
export const SLOT_SIZE = 6;

/** Where each number of a field stands in its part of `slots`. */
export const SLOT = {
  nameStart: 0,
  nameEnd: 1,
  valueStart: 2,
  valueEnd: 3,
  /** `nameKey` of the name; 0 once the field is removed. */
  key: 4,
  /** Where the line ends when it already stands as we would write it ("name: value\r\n"), else 0. */
  canonicalEnd: 5,
} as const;

const INITIAL_FIELDS = 24;
const COLON = 58;
const SPACE = 32;

/**
 * Fields in the order they came, then those appended. A field's index never changes; a removed one stays and is skipped.
 * Names are lower-case; values are without surrounding white space. Received fields lie in `bytes`, appended ones in `added`
 * (each a whole line, ready to be copied out): `bytesAt(i)` says which.
 */
export class HeaderBlock {
  bytes: Uint8Array = NO_BYTES;
  readonly added: OutputBuffer = new OutputBuffer(256);
  slots: Int32Array = new Int32Array(INITIAL_FIELDS * SLOT_SIZE);
  /** Fields with an index, removed ones included. */
  count = 0;
  /** Of these, how many were received. */
  receivedCount = 0;
  /** The union of all fields' name bits: `find` looks no further when a name's bit is missing. */
  nameBits = 0;

  /** The index of the first live field `name` at or after `from`, else -1. */
  find(name: HeaderName, from = 0): number {
    if ((this.nameBits & name.bit) === 0) return -1;
    const { slots, count } = this;
    const key = name.key;
    for (let i = from; i < count; i += 1) {
      if (slots[i * SLOT_SIZE + SLOT.key] === key && this.#nameIs(i, name.bytes)) return i;
    }
    return -1;
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
    return this.slots[i * SLOT_SIZE + SLOT.nameStart] as number;
  }

  nameEnd(i: number): number {
    return this.slots[i * SLOT_SIZE + SLOT.nameEnd] as number;
  }

  valueStart(i: number): number {
    return this.slots[i * SLOT_SIZE + SLOT.valueStart] as number;
  }

  valueEnd(i: number): number {
    return this.slots[i * SLOT_SIZE + SLOT.valueEnd] as number;
  }

  /** Whether the value of field `i` is exactly `expected`. */
  valueIs(i: number, expected: Uint8Array): boolean {
    return equalBytes(this.bytesAt(i), this.valueStart(i), this.valueEnd(i), expected);
  }

  isRemoved(i: number): boolean {
    return this.slots[i * SLOT_SIZE + SLOT.key] === 0;
  }

  removeAt(i: number): void {
    this.slots[i * SLOT_SIZE + SLOT.key] = 0;
  }

  /** Removes every field `name`; says whether there was one. */
  remove(name: HeaderName): boolean {
    const first = this.find(name);
    for (let i = first; i !== -1; i = this.find(name, i + 1)) this.removeAt(i);
    return first !== -1;
  }

  /** Removes every field whose name is names[start, end), already in lower case. For names that came from a peer. */
  removeNamed(names: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const key = nameKey(end - start, names[start] as number, names[end - 1] as number);
    if ((this.nameBits & nameBit(key)) === 0) return;
    const name = names.subarray(start, end);
    for (let i = 0; i < this.count; i += 1) {
      if (this.slots[i * SLOT_SIZE + SLOT.key] === key && this.#nameIs(i, name)) this.removeAt(i);
    }
  }

  /** Adds a field behind all others. The value must be free of CR, LF and NUL: the caller has checked what came from outside. */
  append(name: HeaderName, value: Uint8Array | string): void {
    const out = this.added;
    const nameLength = name.bytes.length;
    const lineLength = nameLength + value.length + 4;
    out.ensure(lineLength);
    const start = out.end;
    const valueStart = start + nameLength + 2;
    const valueEnd = valueStart + value.length;
    copyBytes(name.bytes, 0, nameLength, out.bytes, start);
    out.bytes[valueStart - 2] = COLON;
    out.bytes[valueStart - 1] = SPACE;
    if (typeof value === "string") writeLatin1(value, out.bytes, valueStart);
    else copyBytes(value, 0, value.length, out.bytes, valueStart);
    out.bytes[valueEnd] = 13;
    out.bytes[valueEnd + 1] = 10;
    out.end = valueEnd + 2;
    this.#place(start, start + nameLength, valueStart, valueEnd, name.key, valueEnd + 2);
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
    this.nameBits = 0;
  }

  /**
   * Notes a received field: the decoder's half. `canonicalEnd` is the end of its line, or 0 when the line must be rewritten.
   * Returns the key. All received fields come before the first appended one.
   */
  receive(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    canonicalEnd: number,
  ): number {
    const bytes = this.bytes;
    const key = nameKey(
      nameEnd - nameStart,
      bytes[nameStart] as number,
      bytes[nameEnd - 1] as number,
    );
    this.#place(nameStart, nameEnd, valueStart, valueEnd, key, canonicalEnd);
    this.receivedCount = this.count;
    return key;
  }

  #place(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    key: number,
    canonicalEnd: number,
  ): void {
    const at = this.count * SLOT_SIZE;
    if (at === this.slots.length) this.#growSlots();
    const slots = this.slots;
    slots[at] = nameStart;
    slots[at + SLOT.nameEnd] = nameEnd;
    slots[at + SLOT.valueStart] = valueStart;
    slots[at + SLOT.valueEnd] = valueEnd;
    slots[at + SLOT.key] = key;
    slots[at + SLOT.canonicalEnd] = canonicalEnd;
    this.nameBits |= nameBit(key);
    this.count += 1;
  }

  #growSlots(): void {
    const larger = new Int32Array(this.slots.length * 2);
    larger.set(this.slots);
    this.slots = larger;
  }

  #nameIs(i: number, expected: Uint8Array): boolean {
    return equalBytes(this.bytesAt(i), this.nameStart(i), this.nameEnd(i), expected);
  }
}

const NO_BYTES = new Uint8Array(0);

function equalBytes(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (bytes[start + i] !== expected[i]) return false;
  }
  return true;
}
