// Payload out of a chunked body, wherever the bytes are split. Extensions are dropped; the trailer section is somebody else's.
import { MAX_BODY_BYTES } from "../limits.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { CHUNK, CHUNK_CLASS_OF, nextChunkState } from "./chunk-state.ts";

/** Takes the payload. */
export interface ChunkSink {
  onData(bytes: Uint8Array, start: number, end: number): void;
}

export class ChunkedDecoder {
  #state: number = CHUNK.start;
  /** The size while its digits come, then what is left of the chunk's data. */
  #remaining = 0;
  #extensionBytes = 0;
  readonly #maxExtensionBytes: number;
  error: ProtocolError | undefined = undefined;

  constructor(maxExtensionBytes: number) {
    this.#maxExtensionBytes = maxExtensionBytes;
  }

  /** The last chunk's line has been read: the trailer section follows. */
  get isLast(): boolean {
    return this.#state === CHUNK.last;
  }

  reset(): void {
    this.#state = CHUNK.start;
    this.#remaining = 0;
    this.#extensionBytes = 0;
    this.error = undefined;
  }

  /** Takes bytes[start, end); returns where it stopped: `end`, or earlier behind the last chunk's line or with `error` set. */
  decode(bytes: Uint8Array, start: number, end: number, sink: ChunkSink): number {
    let at = start;
    while (at < end) {
      if (this.#state === CHUNK.data) {
        at = this.#passData(bytes, at, end, sink);
        continue;
      }
      const byte = bytes[at] as number;
      at += 1;
      const state = nextChunkState(this.#state, CHUNK_CLASS_OF[byte] as number);
      this.#state = state;
      if (state === CHUNK.size) this.#addDigit(byte);
      else if (state === CHUNK.extension || state === CHUNK.afterSize) this.#countExtension();
      else if (state === CHUNK.data && this.#remaining === 0) this.#state = CHUNK.last;
      else if (state === CHUNK.failed) this.error = MALFORMED;
      if (this.error !== undefined || this.#state === CHUNK.last) return at;
    }
    return at;
  }

  #passData(bytes: Uint8Array, at: number, end: number, sink: ChunkSink): number {
    const dataEnd = Math.min(end, at + this.#remaining);
    this.#remaining -= dataEnd - at;
    if (this.#remaining === 0) this.#state = CHUNK.dataEnd;
    sink.onData(bytes, at, dataEnd);
    return dataEnd;
  }

  #addDigit(byte: number): void {
    const digit = byte <= 57 ? byte - 48 : (byte | 0x20) - 87;
    // Leading zeros are legal and worth nothing, like extensions: they share a limit.
    if (digit === 0 && this.#remaining === 0) this.#countExtension();
    this.#remaining = this.#remaining * 16 + digit;
    if (this.#remaining > MAX_BODY_BYTES) this.#fail(TOO_LARGE);
  }

  #countExtension(): void {
    this.#extensionBytes += 1;
    if (this.#extensionBytes > this.#maxExtensionBytes) this.#fail(TOO_MUCH_EXTENSION);
  }

  #fail(error: ProtocolError): void {
    this.#state = CHUNK.failed;
    this.error = error;
  }
}

const MALFORMED = remoteError(
  400,
  "http1.codec_error",
  "Chunk must be a size in hexadecimal, CRLF, that many bytes, CRLF",
);
const TOO_LARGE = remoteError(400, "http1.codec_error", "Chunk size must be below 2^53");
const TOO_MUCH_EXTENSION = remoteError(
  400,
  "http1.codec_error",
  "Chunk extensions of a message must not exceed their limit",
);
