// Body bytes that cannot go on yet, copied together; the memory is given back once they are gone.
import { copyBytes } from "#codec/latin1.ts";

const EMPTY = new Uint8Array(0);
const FIRST_BYTES = 1024;

/** The caller watches `size` against its limit: a buffer grows by one read beyond it at most. */
export class BodyBuffer {
  /** [0, size) is what was appended. */
  bytes: Uint8Array = EMPTY;
  size = 0;

  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.size + end - start;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2, FIRST_BYTES));
      copyBytes(this.bytes, 0, this.size, larger, 0);
      this.bytes = larger;
    }
    copyBytes(bytes, start, end, this.bytes, this.size);
    this.size = needed;
  }

  clear(): void {
    this.bytes = EMPTY;
    this.size = 0;
  }
}
