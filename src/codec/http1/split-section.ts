// The bytes of a head or trailer section that did not come in one piece.
import { copyBytes } from "../latin1.ts";
import { LF } from "./character-class.ts";

const INITIAL_BYTES = 2048;
const NO_BYTES = new Uint8Array(0);

/** Collects pieces up to a limit that its owner watches. The bytes are handed over with the section, never used twice. */
export class SplitSection {
  bytes: Uint8Array = NO_BYTES;
  length = 0;

  /**
   * Adds source[start, end); says whether a line may have become complete. Parsing again only then keeps the cost of a section
   * that comes byte by byte linear: a piece without LF cannot change what the parser said before.
   */
  append(source: Uint8Array, start: number, end: number): boolean {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.bytes.length * 2, INITIAL_BYTES));
      copyBytes(this.bytes, 0, this.length, larger, 0);
      this.bytes = larger;
    }
    copyBytes(source, start, end, this.bytes, this.length);
    this.length = length;
    const lf = source.indexOf(LF, start);
    return lf !== -1 && lf < end;
  }

  /** Forgets the bytes: they belong to the parsed section now. */
  release(): void {
    this.bytes = NO_BYTES;
    this.length = 0;
  }
}
