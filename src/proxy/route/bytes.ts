// Comparisons of byte ranges, as routes need them: exact, ASCII case folded, search.

/** A-Z -> a-z; every other byte stays. Envoy folds ASCII only, too. */
export function foldCase(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}

/** Whether bytes[at, at + expected.length) is `expected`; the caller has checked that it lies inside. */
export function equalsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i += 1) {
    if (bytes[at + i] !== expected[i]) return false;
  }
  return true;
}

/** The same with ASCII case folded; `folded` is in lower case already. */
export function equalsFoldedAt(bytes: Uint8Array, at: number, folded: Uint8Array): boolean {
  for (let i = 0; i < folded.length; i += 1) {
    if (foldCase(bytes[at + i] as number) !== folded[i]) return false;
  }
  return true;
}

/** The first place of `byte` in bytes[start, end), else -1. */
export function indexOfByte(bytes: Uint8Array, start: number, end: number, byte: number): number {
  for (let i = start; i < end; i += 1) if (bytes[i] === byte) return i;
  return -1;
}

const QUESTION_MARK = 63;
const HASH = 35;

/** Where the path ends and its query (or fragment) begins. */
export function endOfPath(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === QUESTION_MARK || byte === HASH) return i;
  }
  return end;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes that `text` has on the wire. */
export function wireBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text that wire bytes stand for: UTF-8, which all that is ASCII is. */
export function wireText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
