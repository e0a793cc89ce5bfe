// What each of the 256 bytes may be in a head: tables, so that the loops over a head ask one question a byte.

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const COLON = 58;

const TOKEN_MARKS = "!#$%&'*+-.^_`|~";

function isAlpha(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 122;
}

export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function table(classOf: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));
}

/** A token character (RFC 9110 section 5.6.2) -> itself in lower case, A-Z alone being folded; any other byte -> 0. */
export const TOKEN: Uint8Array = table((byte) => {
  if (byte >= 65 && byte <= 90) return byte | 0x20;
  const inToken = isAlpha(byte) || isDigit(byte) || TOKEN_MARKS.includes(String.fromCharCode(byte));
  return inToken && byte < 128 ? byte : 0;
});

/** 0 for what a field value may hold: visible characters, SP, HTAB and obs-text; 1 for control characters, CR and LF among them. */
export const VALUE: Uint8Array = table((byte) =>
  (byte < 32 && byte !== TAB) || byte === 127 ? 1 : 0,
);

export const TARGET_FRAGMENT = 1;

/** 0 for what a request target may hold; `TARGET_FRAGMENT` for "#"; 2 for the rest. Beyond the RFC, Envoy takes "<>\^`{|} too. */
export const TARGET: Uint8Array = table((byte) => {
  if (byte === 35) return TARGET_FRAGMENT;
  return byte > 32 && byte < 127 ? 0 : 2;
});

/** Whether bytes[start, end) is `lower`, A-Z folded. `lower` is ASCII in lower case. */
export function equalsIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: string,
): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i += 1) {
    if (toLower(bytes[start + i] as number) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

export function toLower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 0x20 : byte;
}

/** Whether bytes[start, end) begins with `lower`, A-Z folded. */
export function startsWithIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: string,
): boolean {
  return end - start >= lower.length && equalsIgnoreCase(bytes, start, start + lower.length, lower);
}

/** The first byte at or after `start` whose class in `classes` is not 0, or `end`. Four bytes a step: heads are walked by it. */
export function skipClass(
  classes: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  let p = start;
  const last = end - 3;
  while (
    p < last &&
    ((classes[bytes[p] as number] as number) |
      (classes[bytes[p + 1] as number] as number) |
      (classes[bytes[p + 2] as number] as number) |
      (classes[bytes[p + 3] as number] as number)) ===
      0
  ) {
    p += 4;
  }
  while (p < end && classes[bytes[p] as number] === 0) p += 1;
  return p;
}
