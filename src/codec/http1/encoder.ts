// Messages into an OutputBuffer: heads, chunks, trailers. RFC 9112 sections 3, 4, 6 and 7.1.
import type { HeaderBlock } from "../header-block.ts";
import { latin1Bytes } from "../latin1.ts";
import type { OutputBuffer } from "../output-buffer.ts";
import { encodeFields } from "./field-encoder.ts";
import { CONTENT_LENGTH } from "./field-names.ts";
import type { Framing } from "./framing.ts";
import { hasNoBodyByNature } from "./method.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";
import { statusLine } from "./status-text.ts";

const HOST_LINE = latin1Bytes(" HTTP/1.1\r\nhost: ");
const CRLF = latin1Bytes("\r\n");
const CHUNKED = latin1Bytes("transfer-encoding: chunked\r\n");
const NO_LENGTH = latin1Bytes("content-length: 0\r\n");
const LENGTH = latin1Bytes("content-length: ");
const UPGRADE = latin1Bytes("connection: upgrade\r\nupgrade: ");
const LAST_CHUNK = latin1Bytes("0\r\n");
const HEX = latin1Bytes("0123456789abcdef");
const [SPACE, ZERO] = [32, 48];
/** Where the minor version stands in a status line. */
const MINOR_VERSION_AT = 7;

/**
 * Writes a request head as Envoy does: always HTTP/1.1, host first, the live fields in their order, then what `framing` needs and the
 * fields do not say. Hop-by-hop fields are the caller's to remove. Content-Length goes when `framing` contradicts it.
 */
export function encodeRequestHead(out: OutputBuffer, head: RequestHead, framing: Framing): void {
  if (head.prefixEnd === 0) encodeStart(out, head);
  const hasLength = settleLength(head, framing);
  encodeFields(out, head, head.prefixStart, head.prefixEnd);
  if (framing === "tunnel") encodeUpgrade(out, head.upgrade);
  else if (framing === "chunked") out.write(CHUNKED);
  else if (!hasLength && framing === "length") encodeLength(out, head.contentLength);
  else if (!hasLength && !hasNoBodyByNature(head.method)) out.write(NO_LENGTH);
  out.write(CRLF);
}

/** Writes the request line and the host field of a head that does not begin with them as they must stand. */
function encodeStart(out: OutputBuffer, head: RequestHead): void {
  out.ascii(head.method);
  out.byte(SPACE);
  if (head.method === "CONNECT") {
    out.copy(head.authorityBytes, head.authorityStart, head.authorityEnd);
  } else {
    out.copy(head.pathBytes, head.pathStart, head.pathEnd);
  }
  out.write(HOST_LINE);
  out.copy(head.authorityBytes, head.authorityStart, head.authorityEnd);
  out.write(CRLF);
}

/**
 * Writes a response head: status line with the registered reason phrase, the live fields in their order, then what `framing` needs.
 * `minorVersion` is 0 towards a downstream that speaks HTTP/1.0, which knows no chunks: its framing is "untilClose" instead.
 */
export function encodeResponseHead(
  out: OutputBuffer,
  head: ResponseHead,
  framing: Framing,
  minorVersion: 0 | 1 = 1,
): void {
  const line = statusLine(head.status);
  out.write(line);
  if (minorVersion === 0) out.bytes[out.end - line.length + MINOR_VERSION_AT] = ZERO;
  const hasLength = settleLength(head, framing);
  encodeFields(out, head);
  if (framing === "tunnel") encodeUpgrade(out, head.status === 101 ? head.upgrade : "");
  else if (framing === "chunked") out.write(CHUNKED);
  else if (!hasLength && framing === "length") encodeLength(out, head.contentLength);
  else if (!hasLength && framing === "none") encodeNoBody(out, head, minorVersion);
  out.write(CRLF);
}

/** Writes the interim response that a client with "expect: 100-continue" waits for. */
export function encodeContinue(out: OutputBuffer): void {
  out.write(statusLine(100));
  out.write(CRLF);
}

/** What an empty response says about its length: nothing when the status forbids it, "chunked" when HEAD leaves it open, else 0. */
function encodeNoBody(out: OutputBuffer, head: ResponseHead, minorVersion: 0 | 1): void {
  const { status } = head;
  if (status < 200 || status === 204 || status === 304) return;
  if (head.requestMethod !== "HEAD") out.write(NO_LENGTH);
  else if (minorVersion === 1) out.write(CHUNKED);
}

function encodeUpgrade(out: OutputBuffer, upgrade: string): void {
  if (upgrade === "") return;
  out.write(UPGRADE);
  out.ascii(upgrade);
  out.write(CRLF);
}

function encodeLength(out: OutputBuffer, length: number): void {
  out.write(LENGTH);
  out.decimal(length);
  out.write(CRLF);
}

/** Removes Content-Length where another framing applies; says whether one is left. */
function settleLength(head: HeaderBlock, framing: Framing): boolean {
  if (framing === "none" || framing === "length") return head.has(CONTENT_LENGTH);
  head.remove(CONTENT_LENGTH);
  return false;
}

/** Writes bytes[start, end) as one chunk; nothing when empty, for an empty chunk would end the body. */
export function encodeChunk(
  out: OutputBuffer,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (start === end) return;
  encodeChunkHead(out, end - start);
  out.copy(bytes, start, end);
  out.write(CRLF);
}

/** Writes the line before a chunk of `size` bytes, 1 to 2^31-1; the caller sends the bytes itself, then `encodeChunkEnd`. */
export function encodeChunkHead(out: OutputBuffer, size: number): void {
  let shift = 28;
  while (shift > 0 && size >>> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out.byte(HEX[(size >>> shift) & 15] as number);
  out.write(CRLF);
}

export function encodeChunkEnd(out: OutputBuffer): void {
  out.write(CRLF);
}

/** Writes the last chunk, and the trailers if any. */
export function encodeLastChunk(out: OutputBuffer, trailers?: HeaderBlock): void {
  out.write(LAST_CHUNK);
  if (trailers !== undefined) encodeFields(out, trailers);
  out.write(CRLF);
}
