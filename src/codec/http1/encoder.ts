// Heads and chunks into an OutputBuffer, forwarding what was received as whole runs of bytes.
import type { HeaderBlock } from "../header-block.ts";
import type { OutputBuffer } from "../output-buffer.ts";
import type { Framing } from "./framing.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** Writes a request head: request line, host, the live fields, and what `framing` needs that is not among them. */
export function encodeRequestHead(out: OutputBuffer, head: RequestHead, framing: Framing): void {
  void out;
  void head;
  void framing;
}

/** Writes a response head; as HTTP/1.0 when the request was. */
export function encodeResponseHead(
  out: OutputBuffer,
  head: ResponseHead,
  framing: Framing,
  minorVersion: 0 | 1 = 1,
): void {
  void out;
  void head;
  void framing;
  void minorVersion;
}

/** Writes "HTTP/1.1 100 Continue". */
export function encodeContinue(out: OutputBuffer): void {
  void out;
}

/** Writes bytes[start, end) as one chunk; nothing when empty, for an empty chunk would end the body. */
export function encodeChunk(
  out: OutputBuffer,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  void out;
  void bytes;
  void start;
  void end;
}

/** Writes the line before a chunk of `size` > 0 bytes; the caller sends the bytes itself, then `encodeChunkEnd`. */
export function encodeChunkHead(out: OutputBuffer, size: number): void {
  void out;
  void size;
}

export function encodeChunkEnd(out: OutputBuffer): void {
  void out;
}

/** Writes the last chunk, and the trailers if any. */
export function encodeLastChunk(out: OutputBuffer, trailers?: HeaderBlock): void {
  void out;
  void trailers;
}
