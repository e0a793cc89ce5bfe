// A growable run of bytes on its way out, made once and used for ever.
import { copyBytes, latin1, writeLatin1 } from "./latin1.ts";

const INITIAL_BYTES = 4096;

/** What `clear` keeps at most: a burst must not pin its memory to an idle connection. */
const KEPT_BYTES = 64 * 1024;

/**
 * Bytes [start, end) of `bytes` wait to be sent. Writers append at `end`; whoever sends moves `start` on and calls `clear` when
 * all is gone. It grows as asked: the caller watches `size` against its own limit.
 */
export class OutputBuffer {
  bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.bytes = new Uint8Array(initialBytes);
  }

  get size(): number {
    return this.end - this.start;
  }

  /** Makes room for `count` more bytes behind `end`. May move the bytes, so read `bytes` anew after it. */
  ensure(count: number): void {
    if (this.end + count > this.bytes.length) this.#grow(count);
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.end] = value;
    this.end += 1;
  }

  /** Appends source[start, end). */
  copy(source: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    copyBytes(source, start, end, this.bytes, this.end);
    this.end += end - start;
  }

  /** Appends all of `source`. */
  write(source: Uint8Array): void {
    this.copy(source, 0, source.length);
  }

  /** Appends one byte a character (latin1; characters above U+00FF lose their high byte). */
  ascii(text: string): void {
    this.ensure(text.length);
    writeLatin1(text, this.bytes, this.end);
    this.end += text.length;
  }

  /** Appends a whole number >= 0 in decimal. */
  decimal(value: number): void {
    if (value < 10) this.byte(48 + value);
    else this.ascii(String(value));
  }

  /** Takes `count` bytes from the front: they have been sent. */
  consume(count: number): void {
    this.start += count;
    if (this.start === this.end) this.clear();
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
  }

  /** What waits, as text. For tests and messages. */
  text(): string {
    return latin1(this.bytes, this.start, this.end);
  }

  #grow(count: number): void {
    const size = this.size;
    // Moving the bytes to the front may be enough.
    const needed = size + count;
    const target =
      needed <= this.bytes.length >> 1
        ? this.bytes
        : new Uint8Array(Math.max(needed, this.bytes.length * 2));
    if (target === this.bytes) target.copyWithin(0, this.start, this.end);
    else copyBytes(this.bytes, this.start, this.end, target, 0);
    this.bytes = target;
    this.start = 0;
    this.end = size;
  }
}
