// The syntax of an authority: what a Host field, CONNECT's target and a target in absolute form name.
import { isDigit, skipClass } from "./character-class.ts";

const IN_NAME = 0;
const PERCENT = 1;
const NOT_ALLOWED = 2;

/** unreserved and sub-delims of RFC 3986 without the comma, which would let two Hosts pass as one; "%" begins an escape. */
const NAME_CLASS: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (character === "%") return PERCENT;
  return /[A-Za-z0-9\-._~!$&'()*+;=]/.test(character) ? IN_NAME : NOT_ALLOWED;
});

const [LEFT_BRACKET, RIGHT_BRACKET, COLON] = [91, 93, 58];

/**
 * Where the host of the authority bytes[start, end) ends: at `end`, or at the colon before its port; -1 when the whole is not an
 * authority. A host is a registered name, an IPv4 address or an IP literal in brackets; empty passes (RFC 9110 section 7.2 allows an
 * empty Host), and so does an empty port. Stricter than Envoy: no userinfo, no comma, digits alone as port.
 */
export function endOfHost(bytes: Uint8Array, start: number, end: number): number {
  const isLiteral = start < end && bytes[start] === LEFT_BRACKET;
  const hostEnd = isLiteral ? endOfIpLiteral(bytes, start, end) : endOfName(bytes, start, end);
  if (hostEnd === -1 || hostEnd === end) return hostEnd;
  if (bytes[hostEnd] !== COLON || hostEnd === start) return -1;
  for (let p = hostEnd + 1; p < end; p += 1) {
    if (!isDigit(bytes[p] as number)) return -1;
  }
  return hostEnd;
}

/** Whether bytes[start, end) is a port one can connect to, 1 to 65535. Asked of request targets; in a Host field any digits pass. */
export function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let p = start; p < end; p += 1) {
    const byte = bytes[p] as number;
    if (!isDigit(byte)) return false;
    port = port * 10 + (byte - 48);
    if (port > 65535) return false;
  }
  return port > 0;
}

/** Whether bytes[start, end) is userinfo ("user:password"). What other characters mean there, readers disagree on. */
export function isUserinfo(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  for (;;) {
    p = endOfName(bytes, p, end);
    if (p === end || p === -1) return p === end;
    p += 1; // The colon.
  }
}

/** Where the name ends: at a colon or at `end`; -1 when a byte is not allowed. */
function endOfName(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  for (;;) {
    p = skipClass(NAME_CLASS, bytes, p, end);
    if (p >= end) return end;
    if (NAME_CLASS[bytes[p] as number] !== PERCENT) return bytes[p] === COLON ? p : -1;
    if (p + 2 >= end || !isHex(bytes[p + 1] as number) || !isHex(bytes[p + 2] as number)) return -1;
    p += 3;
  }
}

/** Behind the closing bracket; -1 when there is none or what it closes cannot be an IPv6 address (a zone is not allowed). */
function endOfIpLiteral(bytes: Uint8Array, start: number, end: number): number {
  for (let p = start + 1; p < end; p += 1) {
    const byte = bytes[p] as number;
    if (byte === RIGHT_BRACKET) return p > start + 2 ? p + 1 : -1;
    if (!isHex(byte) && byte !== COLON && byte !== 46) return -1;
  }
  return -1;
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 97 && lower <= 102);
}
