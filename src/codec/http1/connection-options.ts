// What the Connection field asks for (RFC 9110 section 7.6.1), and which fields it may not take away.
import type { HeaderBlock } from "../header-block.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { equalsIgnoreCase, startsWithIgnoreCase } from "./character-class.ts";
import { CONNECTION, PROXY_CONNECTION } from "./field-names.ts";
import { ListElements } from "./list-elements.ts";

/** Options of one message. A sender has a handful; each one costs a search through the fields when it is forwarded. */
const MAX_CONNECTION_OPTIONS = 100;

/** Fields that must reach the other end whatever a Connection field says: Envoy strips them, and with them a check behind it. */
const PROTECTED_NAMES = ["authorization", "cookie", "host", "content-length", "content-type"];
const PROTECTED_PREFIXES = ["x-forwarded-", "x-envoy-"];

/** The options of one head. One for each decoder, used again and again. */
export class ConnectionOptions {
  hasClose = false;
  hasKeepAlive = false;
  hasUpgrade = false;
  /** An option names a protected field, or there are too many. */
  error: ProtocolError | undefined = undefined;
  #nominates = false;

  /** Reads all Connection fields of `head`, notes there whether they name fields; and "close" of Proxy-Connection, which no RFC knows but clients send and Envoy obeys. */
  read(head: HeaderBlock): void {
    this.hasClose = false;
    this.hasKeepAlive = false;
    this.hasUpgrade = false;
    this.error = undefined;
    this.#nominates = false;
    let optionCount = 0;
    for (let i = head.find(CONNECTION); i !== -1; i = head.findNext(CONNECTION, i)) {
      optionCount += this.#readField(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
    }
    if (optionCount > MAX_CONNECTION_OPTIONS) this.error = TOO_MANY_OPTIONS;
    head.nominatesFields = this.#nominates;
    const proxy = head.find(PROXY_CONNECTION);
    if (proxy === -1) return;
    const bytes = head.bytesAt(proxy);
    if (equalsIgnoreCase(bytes, head.valueStart(proxy), head.valueEnd(proxy), "close")) {
      this.hasClose = true;
    }
  }

  /** Whether another message may follow on the connection: the default of HTTP/1.1, on request in HTTP/1.0. RFC 9112 section 9.3. */
  keepsAlive(minorVersion: 0 | 1): boolean {
    return !this.hasClose && (minorVersion === 1 || this.hasKeepAlive);
  }

  /** Returns how many options there were. */
  #readField(bytes: Uint8Array, start: number, end: number): number {
    // What nearly every Connection field holds, and nothing else.
    if (equalsIgnoreCase(bytes, start, end, "keep-alive")) {
      this.hasKeepAlive = true;
      return 1;
    }
    const options = new ListElements(bytes, start, end);
    let count = 0;
    while (options.next()) {
      this.#note(bytes, options.start, options.end);
      count += 1;
    }
    return count;
  }

  #note(bytes: Uint8Array, start: number, end: number): void {
    if (equalsIgnoreCase(bytes, start, end, "keep-alive")) this.hasKeepAlive = true;
    else if (equalsIgnoreCase(bytes, start, end, "close")) this.hasClose = true;
    else if (equalsIgnoreCase(bytes, start, end, "upgrade")) this.hasUpgrade = true;
    else this.#noteField(bytes, start, end);
  }

  #noteField(bytes: Uint8Array, start: number, end: number): void {
    this.#nominates = true;
    if (isProtected(bytes, start, end)) this.error = PROTECTED_OPTION;
  }
}

/** Whether a Connection field may not name bytes[start, end). */
export function isProtected(bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of PROTECTED_NAMES) {
    if (equalsIgnoreCase(bytes, start, end, name)) return true;
  }
  for (const prefix of PROTECTED_PREFIXES) {
    if (startsWithIgnoreCase(bytes, start, end, prefix)) return true;
  }
  return false;
}

const PROTECTED_OPTION = remoteError(
  400,
  "http1.connection_header_rejected",
  "Connection must not name an end-to-end field",
);
const TOO_MANY_OPTIONS = remoteError(
  400,
  "http1.connection_header_rejected",
  `Connection must not hold more than ${MAX_CONNECTION_OPTIONS} options`,
);
