// "HTTP/1.1 200 OK": what a response begins with. RFC 9112 section 4.
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { CR, isDigit, LF, SPACE, skipClass, VALUE } from "./character-class.ts";
import { BARE_CR, BARE_LF, CONTROL, hasLineEnd } from "./field-lines.ts";
import { LINE_FAILED, LINE_INCOMPLETE, type StartLine } from "./start-line.ts";

const VERSION = [72, 84, 84, 80, 47, 49, 46] as const;

/** What the last parsed line said. One for each decoder, used again and again. */
export class StatusLine implements StartLine {
  /** 100 to 599. */
  status = 0;
  minorVersion: 0 | 1 = 1;
  reasonStart = 0;
  reasonEnd = 0;
  /** Why, after LINE_FAILED. */
  error: ProtocolError | undefined = undefined;

  /** The reason phrase and the space before it may be missing, as Envoy allows. */
  parse(bytes: Uint8Array, at: number, end: number): number {
    const lineEnd = skipClass(VALUE, bytes, at, end);
    if (lineEnd + 1 >= end || bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) {
      if (!hasLineEnd(bytes, lineEnd, end)) return LINE_INCOMPLETE;
      if (bytes[lineEnd] === LF) return this.#fail(BARE_LF);
      return this.#fail(bytes[lineEnd] === CR ? BARE_CR : CONTROL);
    }
    for (let i = 0; i < VERSION.length; i += 1) {
      if (bytes[at + i] !== VERSION[i]) return this.#fail(BAD_VERSION);
    }
    const minor = bytes[at + 7];
    if ((minor !== 48 && minor !== 49) || bytes[at + 8] !== SPACE) return this.#fail(BAD_VERSION);
    const status = threeDigits(bytes, at + 9);
    const afterStatus = at + 12;
    const hasReason = afterStatus < lineEnd;
    if (status < 100 || status > 599 || lineEnd < afterStatus) return this.#fail(BAD_STATUS);
    if (hasReason && bytes[afterStatus] !== SPACE) return this.#fail(BAD_STATUS);
    this.status = status;
    this.minorVersion = minor === 49 ? 1 : 0;
    this.reasonStart = hasReason ? afterStatus + 1 : lineEnd;
    this.reasonEnd = lineEnd;
    return lineEnd + 2;
  }

  #fail(error: ProtocolError): number {
    this.error = error;
    return LINE_FAILED;
  }
}

/** The number written in the three bytes at `at`, or -1. */
function threeDigits(bytes: Uint8Array, at: number): number {
  const [a, b, c] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
  if (!isDigit(a) || !isDigit(b) || !isDigit(c)) return -1;
  return (a - 48) * 100 + (b - 48) * 10 + c - 48;
}

const BAD_VERSION = remoteError(
  502,
  "http1.codec_error",
  "Response must begin with HTTP/1.1 or HTTP/1.0 and one space",
);
const BAD_STATUS = remoteError(502, "http1.codec_error", "Status must be three digits, 100 to 599");
