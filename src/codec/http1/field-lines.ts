// Field lines ("Name: value CRLF") up to the empty line, in place: offsets are noted, names lower-cased, nothing is copied.
// Knows nothing of what fields mean. Strict as RFC 9112 section 5 lets a recipient be: no obs-fold, no bare LF, no bare CR.
import {
  CANONICAL_END,
  type HeaderBlock,
  NAME_END,
  OFFSETS,
  VALUE_END,
  VALUE_START,
} from "../header-block.ts";
import { nameKey } from "../header-name.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { COLON, CR, LF, SPACE, TAB, TOKEN, VALUE } from "./character-class.ts";

/** How far a parser came. */
export type Progress = typeof INCOMPLETE | typeof COMPLETE | typeof FAILED;
export const INCOMPLETE = 0;
export const COMPLETE = 1;
export const FAILED = 2;

/**
 * Reads whole lines only: an error is reported once its line has ended, so that it does not depend on how the bytes were split.
 * A caller that gets INCOMPLETE calls again with more bytes behind the same ones; `at` is then where it goes on.
 */
export class FieldLineParser {
  /** The start of the next line. */
  at = 0;
  /** Why, after FAILED. */
  error: ProtocolError | undefined = undefined;

  /** Parses lines of block.bytes from `at` below `end` into `block`, which may come to hold `maxCount` fields, none of them appended. */
  parse(block: HeaderBlock, end: number, maxCount: number): Progress {
    const bytes = block.bytes;
    const lastStep = end - 3;
    let at = this.at;
    for (;;) {
      let p = at;
      while (p < end) {
        const byte = bytes[p] as number;
        const lower = TOKEN[byte] as number;
        if (lower === 0) break;
        if (lower !== byte) bytes[p] = lower;
        p += 1;
      }
      if (p === at || p >= end || bytes[p] !== COLON) return this.#endOrBadName(bytes, at, p, end);
      const nameEnd = p;
      p += 1;
      while (p < end && isBlank(bytes[p] as number)) p += 1;
      const valueStart = p;
      // skipClass(VALUE, …) written out: most bytes of a head pass here, and the call costs a tenth of the parser.
      while (
        p < lastStep &&
        ((VALUE[bytes[p] as number] as number) |
          (VALUE[bytes[p + 1] as number] as number) |
          (VALUE[bytes[p + 2] as number] as number) |
          (VALUE[bytes[p + 3] as number] as number)) ===
          0
      ) {
        p += 4;
      }
      while (p < end && VALUE[bytes[p] as number] === 0) p += 1;
      if (p + 1 >= end || bytes[p] !== CR || bytes[p + 1] !== LF) {
        return this.#badValue(bytes, at, p, end);
      }
      let valueEnd = p;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] as number)) valueEnd -= 1;
      const isCanonical =
        valueStart === nameEnd + 2 && bytes[nameEnd + 1] === SPACE && valueEnd === p;
      p += 2;

      const i = block.count;
      if (i >= maxCount) return this.#fail(at, TOO_MANY);
      block.ensureField();
      const offsets = block.offsets;
      const slot = i * OFFSETS;
      offsets[slot] = at;
      offsets[slot + NAME_END] = nameEnd;
      offsets[slot + VALUE_START] = valueStart;
      offsets[slot + VALUE_END] = valueEnd;
      offsets[slot + CANONICAL_END] = isCanonical ? p : 0;
      const key = nameKey(nameEnd - at, bytes[at] as number, bytes[nameEnd - 1] as number);
      block.keys[i] = key;
      block.enterSlot(i, key);
      block.count = i + 1;
      block.receivedCount = i + 1;
      at = p;
    }
  }

  /** The line at `at` does not go "name:" at `p`: it is the empty line, or not all here, or wrong. */
  #endOrBadName(bytes: Uint8Array, at: number, p: number, end: number): Progress {
    if (p === at && p + 1 < end && bytes[p] === CR && bytes[p + 1] === LF) {
      this.at = p + 2;
      return COMPLETE;
    }
    if (!hasLineEnd(bytes, p, end)) return this.#wait(at);
    const byte = bytes[p] as number;
    if (byte === LF) return this.#fail(at, p === at ? BARE_LF : NO_COLON);
    if (byte === CR) return this.#fail(at, p === at ? BARE_CR : NO_COLON);
    if (byte === COLON) return this.#fail(at, EMPTY_NAME);
    if (isBlank(byte)) return this.#fail(at, p === at ? FOLDED : SPACE_BEFORE_COLON);
    return this.#fail(at, VALUE[byte] === 0 ? BAD_NAME : CONTROL);
  }

  #badValue(bytes: Uint8Array, at: number, p: number, end: number): Progress {
    if (!hasLineEnd(bytes, p, end)) return this.#wait(at);
    const byte = bytes[p] as number;
    if (byte === LF) return this.#fail(at, BARE_LF);
    return this.#fail(at, byte === CR ? BARE_CR : CONTROL);
  }

  #wait(at: number): Progress {
    this.at = at;
    return INCOMPLETE;
  }

  #fail(at: number, error: ProtocolError): Progress {
    this.at = at;
    this.error = error;
    return FAILED;
  }
}

/** Whether the line that goes on at `p` ends below `end`. */
export function hasLineEnd(bytes: Uint8Array, p: number, end: number): boolean {
  const lf = bytes.indexOf(LF, p);
  return lf !== -1 && lf < end;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function malformed(message: string): ProtocolError {
  return remoteError(400, "http1.codec_error", message);
}

export const BARE_LF: ProtocolError = malformed(
  "Line must end with CRLF: current end is a bare LF",
);
export const BARE_CR: ProtocolError = malformed("CR must be followed by LF and end a line");
const NO_COLON = malformed("Field line must hold a colon");
const EMPTY_NAME = malformed("Field name must not be empty");
const FOLDED = malformed("Field line must not begin with white space");
const SPACE_BEFORE_COLON = malformed("Field name must be followed by the colon at once");
const BAD_NAME = malformed("Field name must be a token");
export const CONTROL: ProtocolError = remoteError(
  400,
  "http1.invalid_characters",
  "Head must not hold control characters",
);
const TOO_MANY = remoteError(
  431,
  "http1.too_many_headers",
  "Message must not have more fields than its limit",
);
