// Header names made once and compared as bytes ever after.

/** A lower-case header name (or a pseudo-header such as ":path"), made by `headerName`. */
export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const known = new Map<string, HeaderName>();

/** The name for `text`, lower-cased; the same object for the same text. For configuration and constants, not for bytes of a peer. */
export function headerName(text: string): HeaderName {
  const lower = text.toLowerCase();
  const found = known.get(lower);
  if (found !== undefined) return found;
  const name = { text: lower, bytes: encoder.encode(lower) };
  known.set(lower, name);
  return name;
}
