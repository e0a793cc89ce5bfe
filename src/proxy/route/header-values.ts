// The values of a header as matchers see them: pseudo-headers too; the fields of one name each alone, or joined where Envoy keeps them joined.
import type { HeaderBlock } from "#codec/header-block.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import { RequestHead } from "#codec/http1/request-head.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import { latin1Bytes } from "#codec/latin1.ts";
import { joinsValues } from "./joined-headers.ts";

/** A range of bytes that a caller keeps and hands in again: looking a value up makes no object. */
export class HeaderValue {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  set(bytes: Uint8Array, start: number, end: number): true {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return true;
  }
}

const COMMA = 44;
const COLON = 58;
const X_FORWARDED_PROTO = headerName("x-forwarded-proto");
const HTTP = latin1Bytes("http");

/** Methods are a fixed set of interned strings; their bytes are made once. */
const methodBytes = new Map<string, Uint8Array>();

function bytesOf(text: string): Uint8Array {
  let bytes = methodBytes.get(text);
  if (bytes === undefined) {
    bytes = latin1Bytes(text);
    methodBytes.set(text, bytes);
  }
  return bytes;
}

/** The first value of `name`, or all of them joined where Envoy joins; false when there is no such header. */
export function findValue(head: HeaderBlock, name: HeaderName, out: HeaderValue): boolean {
  if (name.bytes[0] === COLON) return findPseudo(head, name.text, out);
  const first = head.find(name);
  if (first === -1) return false;
  if (head.findNext(name, first) !== -1 && joinsValues(head, name))
    return joinValues(head, name, first, out);
  return out.set(head.bytesAt(first), head.valueStart(first), head.valueEnd(first));
}

/** Whether any value of `name` passes `test` (Envoy matches each field alone since 1.38). No such header: false. */
export function someValue(
  head: HeaderBlock,
  name: HeaderName,
  test: (bytes: Uint8Array, start: number, end: number) => boolean,
  scratch: HeaderValue,
): boolean {
  if (!findValue(head, name, scratch)) return false;
  if (test(scratch.bytes, scratch.start, scratch.end)) return true;
  if (name.bytes[0] === COLON || joinsValues(head, name)) return false;
  for (let i = head.findNext(name, head.find(name)); i !== -1; i = head.findNext(name, i)) {
    if (test(head.bytesAt(i), head.valueStart(i), head.valueEnd(i))) return true;
  }
  return false;
}

function findPseudo(head: HeaderBlock, name: string, out: HeaderValue): boolean {
  if (head instanceof RequestHead) {
    switch (name) {
      case ":path":
        return out.set(head.pathBytes, head.pathStart, head.pathEnd);
      case ":authority":
        if (!head.hasAuthority) return false;
        return out.set(head.authorityBytes, head.authorityStart, head.authorityEnd);
      case ":method": {
        const bytes = bytesOf(head.method);
        return out.set(bytes, 0, bytes.length);
      }
      case ":scheme":
        return findScheme(head, out);
      default:
        return false;
    }
  }
  if (!(head instanceof ResponseHead) || name !== ":status") return false;
  const bytes = bytesOf(String(head.status));
  return out.set(bytes, 0, bytes.length);
}

/** As Envoy sets it: of a target in absolute form, else what x-forwarded-proto says, else the listener's, which is plain text. */
function findScheme(head: RequestHead, out: HeaderValue): boolean {
  if (head.scheme !== "") {
    const bytes = bytesOf(head.scheme);
    return out.set(bytes, 0, bytes.length);
  }
  return findValue(head, X_FORWARDED_PROTO, out) || out.set(HTTP, 0, HTTP.length);
}

function joinValues(head: HeaderBlock, name: HeaderName, first: number, out: HeaderValue): boolean {
  const parts: number[] = [];
  for (let i = first; i !== -1; i = head.findNext(name, i)) {
    if (parts.length > 0) parts.push(COMMA);
    const bytes = head.bytesAt(i);
    for (let at = head.valueStart(i); at < head.valueEnd(i); at += 1)
      parts.push(bytes[at] as number);
  }
  return out.set(Uint8Array.from(parts), 0, parts.length);
}
