// Between bytes and strings, one byte a character: what HTTP/1 fields are (RFC 9110 section 5.5), whatever their author meant.
// The only file of the codec that names Buffer, whose native helpers beat any loop in JavaScript from some 16 bytes on.

interface NativeHelpers {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
  copy(this: Uint8Array, target: Uint8Array, at: number, start: number, end: number): number;
}

const native = Buffer.prototype as unknown as NativeHelpers;

/** Below this a plain loop is quicker than the call (measured on Bun 1.4.5: 17 ns a call, 0.9 ns a byte in the loop). */
const LOOP_BYTES = 16;

/** bytes[start, end) as a string. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return end > start ? native.latin1Slice.call(bytes, start, end) : "";
}

/** Copies source[start, end) to target at `at`. The caller has made room. */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start >= LOOP_BYTES) {
    native.copy.call(source, target, at, start, end);
    return;
  }
  let to = at;
  for (let from = start; from < end; from += 1) {
    target[to] = source[from] as number;
    to += 1;
  }
}

/** Writes the low byte of each character to target at `at`. The caller has made room for `text.length` bytes. */
export function writeLatin1(text: string, target: Uint8Array, at: number): void {
  const length = text.length;
  if (length >= LOOP_BYTES) {
    native.latin1Write.call(target, text, at, length);
    return;
  }
  for (let i = 0; i < length; i += 1) target[at + i] = text.charCodeAt(i);
}

/** The bytes of `text`, one a character. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}
