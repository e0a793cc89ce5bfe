// Header names made once and compared as bytes ever after.
import { latin1Bytes } from "./latin1.ts";

/** A lower-case header name (or a pseudo-header such as ":path"), made by `headerName`. */
export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** `nameKey` of the bytes: names with different keys differ. Never 0. */
  readonly key: number;
  /** `keySlot` of the key. */
  readonly slot: number;
}

/** Into how many slots a header block sorts its fields by name. */
export const NAME_SLOTS = 32;

const known = new Map<string, HeaderName>();

/** Length, first and last byte in one integer: enough to tell nearly all names that occur together apart. */
export function nameKey(length: number, first: number, last: number): number {
  return ((length & 0x7fff) << 16) | (first << 8) | last;
}

/** The slot of a key, 0 to 31: the factor spreads its three parts over the top five bits. */
export function keySlot(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 27;
}

/** The name for `text`, lower-cased; the same object for the same text. For configuration and constants, not for bytes of a peer. */
export function headerName(text: string): HeaderName {
  const lower = text.toLowerCase();
  const found = known.get(lower);
  if (found !== undefined) return found;
  const bytes = latin1Bytes(lower);
  const key = nameKey(bytes.length, bytes[0] ?? 1, bytes[bytes.length - 1] ?? 1);
  const name = { text: lower, bytes, key, slot: keySlot(key) };
  known.set(lower, name);
  return name;
}
