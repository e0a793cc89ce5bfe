// Bytes that came behind a request that is not answered yet, kept as they came until their turn.

interface Part {
  readonly bytes: Uint8Array;
  readonly start: number;
}

export class PipelinedBytes {
  /** The caller watches it against its limit: it goes beyond it by one read at most. */
  size = 0;
  #parts: Part[] = [];

  /** Keeps bytes[start, …). */
  push(bytes: Uint8Array, start: number): void {
    this.#parts.push({ bytes, start });
    this.size += bytes.length - start;
  }

  /** All parts in order; none are left here. */
  take(): readonly Part[] {
    const parts = this.#parts;
    this.clear();
    return parts;
  }

  clear(): void {
    this.#parts = [];
    this.size = 0;
  }
}
