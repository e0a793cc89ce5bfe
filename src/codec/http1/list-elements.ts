// The elements of a comma-separated field value (RFC 9110 section 5.6.1), as offsets.
import { SPACE, TAB } from "./character-class.ts";

const COMMA = 44;

/** Walks the non-empty elements of bytes[start, end): `next()` until it says false; `start` and `end` are the element's, blanks trimmed. */
export class ListElements {
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  #rest: number;
  readonly #limit: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.#rest = start;
    this.#limit = end;
  }

  next(): boolean {
    const { bytes } = this;
    const limit = this.#limit;
    let p = this.#rest;
    while (p < limit && (isBlank(bytes[p] as number) || bytes[p] === COMMA)) p += 1;
    this.start = p;
    while (p < limit && bytes[p] !== COMMA) p += 1;
    this.#rest = p;
    while (p > this.start && isBlank(bytes[p - 1] as number)) p -= 1;
    this.end = p;
    return p > this.start;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
