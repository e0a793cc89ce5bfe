// "GET /path HTTP/1.1": the exact form in one pass, and a reason for each other one. RFC 9112 section 3.
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import {
  CR,
  isDigit,
  LF,
  SPACE,
  skipClass,
  TARGET,
  TARGET_FRAGMENT,
  VALUE,
} from "./character-class.ts";
import { BARE_CR, BARE_LF, CONTROL, hasLineEnd } from "./field-lines.ts";
import { parseMethod } from "./method.ts";
import { LINE_FAILED, LINE_INCOMPLETE, type StartLine } from "./start-line.ts";

const [H, T, P, SLASH, ONE, ZERO, DOT] = [72, 84, 80, 47, 49, 48, 46];

/** What the last parsed line said. One for each decoder, used again and again. */
export class RequestLine implements StartLine {
  method = "";
  /** Where the line starts. */
  start = 0;
  targetStart = 0;
  targetEnd = 0;
  hasFragment = false;
  minorVersion: 0 | 1 = 1;
  /** Why, after LINE_FAILED. */
  error: ProtocolError | undefined = undefined;
  readonly #acceptHttp10: boolean;

  constructor(acceptHttp10: boolean) {
    this.#acceptHttp10 = acceptHttp10;
  }

  parse(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at] as number;
    // Every method begins with a capital: a TLS hello or another protocol is refused at its first byte, which need not be a line's.
    if (first < 65 || first > 90) return this.#fail(NOT_HTTP);
    let p = at + 1;
    while (p < end && isCapital(bytes[p] as number)) p += 1;
    const methodEnd = p;
    const targetStart = p + 1;
    this.hasFragment = false;
    p = this.#endOfTarget(bytes, targetStart, end);
    const isExact =
      p + 11 <= end &&
      bytes[methodEnd] === SPACE &&
      p > targetStart &&
      bytes[p] === SPACE &&
      bytes[p + 1] === H &&
      bytes[p + 2] === T &&
      bytes[p + 3] === T &&
      bytes[p + 4] === P &&
      bytes[p + 5] === SLASH &&
      bytes[p + 6] === ONE &&
      bytes[p + 7] === DOT &&
      (bytes[p + 8] === ONE || (this.#acceptHttp10 && bytes[p + 8] === ZERO)) &&
      bytes[p + 9] === CR &&
      bytes[p + 10] === LF;
    const method = isExact ? parseMethod(bytes, at, methodEnd) : undefined;
    if (method === undefined) return this.#explain(bytes, at, end);
    this.method = method;
    this.start = at;
    this.targetStart = targetStart;
    this.targetEnd = p;
    this.minorVersion = bytes[p + 8] === ONE ? 1 : 0;
    return p + 11;
  }

  #endOfTarget(bytes: Uint8Array, start: number, end: number): number {
    let p = start;
    for (;;) {
      p = skipClass(TARGET, bytes, p, end);
      if (p >= end || TARGET[bytes[p] as number] !== TARGET_FRAGMENT) return p;
      this.hasFragment = true;
      p += 1;
    }
  }

  #explain(bytes: Uint8Array, at: number, end: number): number {
    if (!hasLineEnd(bytes, at, end)) return LINE_INCOMPLETE;
    const lf = bytes.indexOf(LF, at);
    return this.#fail(explainRequestLine(bytes, at, lf));
  }

  #fail(error: ProtocolError): number {
    this.error = error;
    return LINE_FAILED;
  }
}

/** Why the line of bytes[start, lf) is not one that is served. */
function explainRequestLine(bytes: Uint8Array, start: number, lf: number): ProtocolError {
  const control = skipClass(VALUE, bytes, start, lf);
  if (control === lf) return BARE_LF;
  if (bytes[control] !== CR) return CONTROL;
  if (control !== lf - 1) return BARE_CR;
  const spaces: number[] = [];
  for (let p = start; p < control && spaces.length < 3; p += 1) {
    if (bytes[p] === SPACE) spaces.push(p);
  }
  const [methodEnd, targetEnd, extra] = spaces;
  if (methodEnd === undefined || extra !== undefined) return NOT_THREE_PARTS;
  if (parseMethod(bytes, start, methodEnd) === undefined) return BAD_METHOD;
  const end = targetEnd ?? control;
  if (end === methodEnd + 1) return BAD_TARGET;
  for (let p = methodEnd + 1; p < end; p += 1) {
    if (TARGET[bytes[p] as number] === 2) return BAD_TARGET;
  }
  if (targetEnd === undefined) return LOW_VERSION;
  return isVersion(bytes, targetEnd + 1, control) ? LOW_VERSION : BAD_VERSION;
}

/** HTTP-version of RFC 9112 section 2.3: exactly "HTTP/", a digit, a dot, a digit. */
function isVersion(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 8 &&
    bytes[start] === H &&
    bytes[start + 1] === T &&
    bytes[start + 2] === T &&
    bytes[start + 3] === P &&
    bytes[start + 4] === SLASH &&
    isDigit(bytes[start + 5] as number) &&
    bytes[start + 6] === DOT &&
    isDigit(bytes[start + 7] as number)
  );
}

function isCapital(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}

function malformed(message: string): ProtocolError {
  return remoteError(400, "http1.codec_error", message);
}

const NOT_HTTP = malformed("Request must begin with a method in capitals");
const NOT_THREE_PARTS = malformed(
  "Request line must be method, target and version with one space between",
);
const BAD_METHOD = malformed("Method must be a registered one");
const BAD_TARGET = malformed("Request target must be visible ASCII characters");
const BAD_VERSION = malformed("Version must be HTTP/1.1");
const LOW_VERSION = remoteError(426, "low_version", "Version must be HTTP/1.1");
