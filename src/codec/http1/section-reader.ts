// One section of lines, a head or trailers, wherever its bytes are split over reads: parsed where it was received when it came in one
// piece, which is nearly always; else collected in a buffer of its own and parsed there.
import type { HeaderBlock } from "../header-block.ts";
import { copyBytes } from "../latin1.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { LF } from "./character-class.ts";
import { FAILED, FieldLineParser, INCOMPLETE, type Progress } from "./field-lines.ts";
import { LINE_FAILED, LINE_INCOMPLETE, type StartLine } from "./start-line.ts";

const INITIAL_BYTES = 2048;
const NO_BYTES = new Uint8Array(0);

export class SectionReader {
  /** Where the section, or what was read of it, ends in the bytes last given. */
  at = 0;
  /** Why, after FAILED. */
  error: ProtocolError | undefined = undefined;

  readonly #maxBytes: number;
  readonly #lines = new FieldLineParser();
  #section: HeaderBlock;
  #startLine: StartLine | undefined = undefined;
  #maxFieldCount = 0;
  #inFields = false;

  /** The section's bytes so far when it did not come in one piece. Handed over with the section, never used twice. */
  #split: Uint8Array = NO_BYTES;
  #splitLength = 0;

  constructor(section: HeaderBlock, maxBytes: number) {
    this.#section = section;
    this.#maxBytes = maxBytes;
  }

  /** Begins to read into `section`, which is empty; a head has a start line, trailers have none. */
  start(section: HeaderBlock, startLine: StartLine | undefined, maxFieldCount: number): void {
    this.#section = section;
    this.#startLine = startLine;
    this.#maxFieldCount = maxFieldCount;
    this.#restart();
    this.#release();
  }

  /** Reads on in bytes[start, end). After INCOMPLETE all were taken; else `at` says how far the section went. */
  read(bytes: Uint8Array, start: number, end: number): Progress {
    if (this.#splitLength > 0) return this.#readOn(bytes, start, end);
    const limit = start + this.#maxBytes;
    this.#lines.at = start;
    const progress = this.#parse(bytes, Math.min(end, limit));
    this.at = this.#lines.at;
    if (progress !== INCOMPLETE) return progress;
    if (end >= limit) return this.#fail(TOO_LARGE);
    this.#section.reset();
    this.#restart();
    this.#append(bytes, start, end);
    this.at = end;
    return INCOMPLETE;
  }

  #readOn(bytes: Uint8Array, start: number, end: number): Progress {
    const before = this.#splitLength;
    const pieceEnd = Math.min(end, start + this.#maxBytes - before);
    this.at = pieceEnd;
    const mayBeComplete = this.#append(bytes, start, pieceEnd);
    const length = this.#splitLength;
    const progress = mayBeComplete ? this.#parse(this.#split, length) : INCOMPLETE;
    if (progress === INCOMPLETE) return length < this.#maxBytes ? progress : this.#fail(TOO_LARGE);
    this.at = Math.max(start, start + this.#lines.at - before);
    this.#release();
    return progress;
  }

  #parse(bytes: Uint8Array, end: number): Progress {
    const lines = this.#lines;
    this.#section.bytes = bytes;
    if (this.#startLine !== undefined && !this.#inFields) {
      const next = this.#startLine.parse(bytes, lines.at, end);
      if (next === LINE_INCOMPLETE) return INCOMPLETE;
      if (next === LINE_FAILED) return this.#fail(this.#startLine.error);
      lines.at = next;
      this.#inFields = true;
    }
    const progress = lines.parse(this.#section, end, this.#maxFieldCount);
    return progress === FAILED ? this.#fail(lines.error) : progress;
  }

  /**
   * Adds bytes[start, end) to what was split; says whether a line may have become complete. To parse again only then keeps the cost of a
   * section that comes byte by byte linear: without LF there is nothing new to say.
   */
  #append(bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.#splitLength + end - start;
    if (length > this.#split.length) {
      const larger = new Uint8Array(Math.max(length, this.#split.length * 2, INITIAL_BYTES));
      copyBytes(this.#split, 0, this.#splitLength, larger, 0);
      this.#split = larger;
    }
    copyBytes(bytes, start, end, this.#split, this.#splitLength);
    this.#splitLength = length;
    const lf = bytes.indexOf(LF, start);
    return lf !== -1 && lf < end;
  }

  #restart(): void {
    this.#lines.at = 0;
    this.#inFields = false;
  }

  #release(): void {
    this.#split = NO_BYTES;
    this.#splitLength = 0;
  }

  #fail(error: ProtocolError | undefined): Progress {
    this.error = error;
    this.#release();
    return FAILED;
  }
}

const TOO_LARGE = remoteError(
  431,
  "http1.headers_too_large",
  "Head or trailers must not be longer than their limit",
);
