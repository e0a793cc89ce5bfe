// Values of peers made fit for a log line: nothing in them can end the line or the quotes around them.
import { latin1 } from "#codec/latin1.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";

/**
 * How a value is written.
 *
 * - `text`: control characters, quotes and backslashes escaped as in JSON, all else byte by byte. Envoy writes raw bytes
 *   here, so that a quote in a User-Agent can pass for the end of the field, and a `%0a` in a query (QUERY_PARAM decodes it)
 *   for the end of the line.
 * - `json`: inside a JSON string; bytes that are not UTF-8 are taken for latin1 and escaped, as Envoy does.
 * - `raw`: as it is, for callers that are not logs (header values); they must check what may not stand there.
 */
export type ValueMode = "text" | "json" | "raw";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const HEX = "0123456789abcdef";

const needsEscape = (byte: number): boolean =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte === DELETE;

/** Appends bytes[start, end) as `mode` wants it. */
export function writeBytes(
  out: OutputBuffer,
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: ValueMode,
): void {
  if (mode === "raw") {
    out.copy(bytes, start, end);
    return;
  }
  let isPlain = true;
  let isAscii = true;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) isAscii = false;
    else if (needsEscape(byte)) isPlain = false;
  }
  const isLatin1 = mode === "json" && !isAscii && !isUtf8(bytes, start, end);
  if (isPlain && !isLatin1) {
    out.copy(bytes, start, end);
    return;
  }
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (needsEscape(byte) || (isLatin1 && byte >= 0x80)) writeEscape(out, byte);
    else out.byte(byte);
  }
}

/** Appends `text`, a name from configuration or words of our own, in UTF-8, as `mode` wants it. */
export function writeText(out: OutputBuffer, text: string, mode: ValueMode): void {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80 || needsEscape(code)) {
      const bytes = encoder.encode(text);
      writeBytes(out, bytes, 0, bytes.length, mode);
      return;
    }
  }
  out.ascii(text);
}

const encoder = new TextEncoder();

function writeEscape(out: OutputBuffer, byte: number): void {
  if (byte === QUOTE || byte === BACKSLASH) {
    out.byte(BACKSLASH);
    out.byte(byte);
    return;
  }
  out.ascii("\\u00");
  out.byte(HEX.charCodeAt(byte >> 4));
  out.byte(HEX.charCodeAt(byte & 15));
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Only asked of values with bytes above 0x7f, which are rare. */
function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  try {
    decoder.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}

/** bytes[start, end) with `%41` turned to `A` and `+` kept, as Envoy decodes a query parameter. */
export function percentDecoded(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const decoded = new Uint8Array(end - start);
  let length = 0;
  for (let i = start; i < end; i += 1) {
    const value = bytes[i] === 0x25 ? hexPair(bytes, i + 1, end) : -1;
    decoded[length] = value === -1 ? (bytes[i] as number) : value;
    if (value !== -1) i += 2;
    length += 1;
  }
  return decoded.subarray(0, length);
}

/** The byte that two hexadecimal digits at `at` say, or -1. */
function hexPair(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1;
  const digits = latin1(bytes, at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}
