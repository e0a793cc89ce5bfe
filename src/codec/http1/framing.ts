// Where a message ends and whether its connection may be used again: decided once a head, in the numbered order of RFC 9112 section 6.3.
// Stricter than the RFC wherever two readers could differ: a message that could be read in two ways is refused.
import { quoted } from "#base/log.ts";
import type { HeaderBlock } from "../header-block.ts";
import { MAX_BODY_BYTES } from "../limits.ts";
import { type CodecDetails, type ProtocolError, remoteError } from "../protocol-error.ts";
import { equalsIgnoreCase, isDigit } from "./character-class.ts";
import { CONTENT_LENGTH, TRANSFER_ENCODING } from "./field-names.ts";

/**
 * How the bytes after a head belong to it: none (also when content-length is 0); content-length of them; chunks; all until the
 * connection ends (responses only); or everything in both directions from here on (CONNECT, an upgrade).
 */
export type Framing = "none" | "length" | "chunked" | "untilClose" | "tunnel";

/** No Content-Length field. */
export const NO_LENGTH = -1;

/** What the framing fields of a head say. One for each decoder, used again and again. */
export class FramingFields {
  isChunked = false;
  /** NO_LENGTH or the value of Content-Length. */
  contentLength: number = NO_LENGTH;

  /** Reads and checks Transfer-Encoding and Content-Length: steps 3, 4 and 5 of the section, the same for both roles. */
  read(head: HeaderBlock, minorVersion: 0 | 1): ProtocolError | undefined {
    this.isChunked = false;
    this.contentLength = NO_LENGTH;
    const encoding = head.find(TRANSFER_ENCODING);
    const length = head.find(CONTENT_LENGTH);
    if (encoding !== -1) {
      // 3. Both fields: the classic of request smuggling. The RFC lets Transfer-Encoding win; refused.
      if (length !== -1) return BOTH_FIELDS;
      // 4. Exactly "chunked" once. A coding before it would have to be decoded, one after it leaves the length open.
      return this.#readEncoding(head, encoding, minorVersion);
    }
    // 5. One valid number. The RFC allows equal repeats to be joined; refused.
    return length === -1 ? undefined : this.#readLength(head, length);
  }

  #readEncoding(head: HeaderBlock, i: number, minorVersion: 0 | 1): ProtocolError | undefined {
    // RFC 9112 section 6.1: HTTP/1.0 knows no transfer coding, so its framing must be taken as faulty.
    if (minorVersion === 0) return ENCODING_IN_HTTP10;
    const isChunked = equalsIgnoreCase(
      head.bytesAt(i),
      head.valueStart(i),
      head.valueEnd(i),
      "chunked",
    );
    if (!isChunked || head.findNext(TRANSFER_ENCODING, i) !== -1) {
      const message = "Transfer-Encoding must be chunked alone, once";
      return remoteError(501, "http1.invalid_transfer_encoding", withValue(message, head, i));
    }
    this.isChunked = true;
    return undefined;
  }

  #readLength(head: HeaderBlock, i: number): ProtocolError | undefined {
    if (head.findNext(CONTENT_LENGTH, i) !== -1) return TWO_LENGTHS;
    const value = parseContentLength(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
    if (value === undefined) {
      const message = "Content-Length must be one number in decimal below 2^53";
      return remoteError(400, "http1.codec_error", withValue(message, head, i));
    }
    this.contentLength = value;
    return undefined;
  }
}

/** Digits without a leading zero, at most MAX_BODY_BYTES; else undefined. Number() would take "", "0x5" and "1e1". */
function parseContentLength(bytes: Uint8Array, start: number, end: number): number | undefined {
  const digitCount = end - start;
  if (digitCount === 0 || digitCount > 16) return undefined;
  if (digitCount > 1 && bytes[start] === 48) return undefined;
  let value = 0;
  for (let p = start; p < end; p += 1) {
    const byte = bytes[p] as number;
    if (!isDigit(byte)) return undefined;
    value = value * 10 + (byte - 48);
  }
  return value <= MAX_BODY_BYTES ? value : undefined;
}

function withValue(message: string, head: HeaderBlock, i: number): string {
  return `${message}: current value is ${quoted(head.valueAt(i))}`;
}

function refused(details: CodecDetails, message: string): ProtocolError {
  return remoteError(400, details, message);
}

const BOTH_FIELDS = refused(
  "http1.content_length_and_chunked_not_allowed",
  "Content-Length and Transfer-Encoding must not come together",
);
const TWO_LENGTHS = refused("http1.codec_error", "Content-Length must not be repeated");
const ENCODING_IN_HTTP10 = refused(
  "http1.transfer_encoding_not_allowed",
  "Transfer-Encoding must not be used in HTTP/1.0",
);
