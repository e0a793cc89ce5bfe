// JSON objects one after another in a stream of bytes, as Envoy's admin interface sends them: cut into the text of each.

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

const decoder = new TextDecoder();

/** Knows where an object ends, and nothing else of JSON: what it cuts out is still to be parsed. */
export class JsonObjects {
  readonly #maxBytes: number;
  readonly #onObject: (text: string) => void;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Objects longer than the limit: left out. */
  tooLong = 0;

  constructor(maxBytes: number, onObject: (text: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onObject = onObject;
  }

  push(bytes: Uint8Array): void {
    // Where the object that is under way begins in `bytes`; -1: between objects.
    let start = this.#depth > 0 ? 0 : -1;
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i] as number;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
      } else if (byte === OPEN) {
        if (this.#depth === 0) start = i;
        this.#depth += 1;
      } else if (this.#depth > 0) {
        if (byte === QUOTE) this.#isInString = true;
        else if (byte === CLOSE) {
          this.#depth -= 1;
          if (this.#depth === 0) {
            this.#keep(bytes, start, i + 1);
            this.#finish();
            start = -1;
          }
        }
      }
    }
    if (start >= 0) this.#keep(bytes, start, bytes.length);
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#size += end - start;
    if (this.#size <= this.#maxBytes) this.#pieces.push(bytes.slice(start, end));
    else this.#pieces = [];
  }

  #finish(): void {
    const pieces = this.#pieces;
    const isTooLong = this.#size > this.#maxBytes;
    this.#pieces = [];
    this.#size = 0;
    if (isTooLong) {
      this.tooLong += 1;
      return;
    }
    // Whole objects only are decoded: a character may be cut in two between pieces.
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#onObject(decoder.decode(bytes));
  }
}
