// What the first bytes of a connection are: a TLS ClientHello with its server name and ALPN, HTTP, or something else.
// Looks only; every length in the bytes is checked before it is believed.
import type { ListenerFilters } from "../config/listener-config.ts";
import type { ChainFacts } from "./filter-chain-match.ts";

export type Inspection = Omit<ChainFacts, "destination">;

const RAW: Inspection = {
  serverName: undefined,
  transportProtocol: "raw_buffer",
  applicationProtocols: [],
};
const HTTP_1_1: Inspection = { ...RAW, applicationProtocols: ["http/1.1"] };
const HTTP_1_0: Inspection = { ...RAW, applicationProtocols: ["http/1.0"] };
const H2C: Inspection = { ...RAW, applicationProtocols: ["h2c"] };

const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** A request line longer than this is not waited for; the codec will refuse it anyway. */
const MAX_REQUEST_LINE_BYTES = 8 * 1024;

/** TLS 1.2 and 1.3: RFC 8446 sections 4.1.2, 4.2 and 5.1; server_name RFC 6066 section 3; ALPN RFC 7301 section 3.1. */
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

/** "needMore" while the bytes so far may still become any of them. */
export function inspect(bytes: Uint8Array, filters: ListenerFilters): Inspection | "needMore" {
  if (bytes.length === 0) return "needMore";
  if (filters.tlsInspector && bytes[0] === HANDSHAKE) {
    const hello = inspectTls(bytes);
    if (hello !== "no") return hello;
  }
  return filters.httpInspector ? inspectHttp(bytes) : RAW;
}

function inspectHttp(bytes: Uint8Array): Inspection | "needMore" {
  const seen = latin1(bytes, 0, Math.min(bytes.length, MAX_REQUEST_LINE_BYTES));
  if (HTTP2_PREFACE.startsWith(seen.slice(0, HTTP2_PREFACE.length))) {
    return seen.length >= HTTP2_PREFACE.length ? H2C : "needMore";
  }
  const end = seen.indexOf("\n");
  if (end < 0) {
    const mayBeHttp =
      /^[A-Z-]+(?: [\x20-\x7e]*\r?)?$/.test(seen) && seen.length < MAX_REQUEST_LINE_BYTES;
    return mayBeHttp ? "needMore" : RAW;
  }
  const version = /^[A-Z-]+ \S+ HTTP\/1\.([01])\r?$/.exec(seen.slice(0, end))?.[1];
  if (version === undefined) return RAW;
  return version === "1" ? HTTP_1_1 : HTTP_1_0;
}

/** Reads big-endian numbers and never beyond its end; `isShort` says that it would have had to. */
class Reader {
  isShort = false;
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  number(byteCount: number): number {
    let value = 0;
    for (let i = 0; i < byteCount; i += 1) {
      if (this.#at >= this.#end) this.isShort = true;
      value = value * 256 + (this.#bytes[this.#at] ?? 0);
      this.#at += 1;
    }
    return value;
  }

  /** The next `byteCount` bytes as a reader of their own. */
  part(byteCount: number): Reader {
    const end = Math.min(this.#at + byteCount, this.#end);
    if (byteCount > this.left) this.isShort = true;
    const part = new Reader(this.#bytes, this.#at, end);
    this.#at = end;
    return part;
  }

  text(): string {
    return latin1(this.#bytes, this.#at, this.#end);
  }
}

/** "no": it begins like TLS and is none. */
function inspectTls(bytes: Uint8Array): Inspection | "needMore" | "no" {
  const record = new Reader(bytes, 0, bytes.length);
  record.number(1);
  const major = record.number(1);
  if (bytes.length > 1 && major !== 3) return "no";
  record.number(1);
  const hello = record.part(record.number(2));
  if (record.isShort) return "needMore";
  if (hello.number(1) !== CLIENT_HELLO) return "no";
  const body = hello.part(hello.number(3));
  body.number(2); // legacy_version
  body.part(32); // random
  body.part(body.number(1)); // legacy_session_id
  body.part(body.number(2)); // cipher_suites
  body.part(body.number(1)); // legacy_compression_methods
  // A hello spread over several records, or cut: it is TLS all the same, of a server that we cannot name.
  if (hello.isShort || body.isShort) return tls(undefined, []);
  return readExtensions(body.part(body.number(2)));
}

function readExtensions(extensions: Reader): Inspection {
  let serverName: string | undefined;
  let protocols: string[] = [];
  while (extensions.left > 0 && !extensions.isShort) {
    const type = extensions.number(2);
    const data = extensions.part(extensions.number(2));
    if (type === SERVER_NAME) serverName = readServerName(data);
    else if (type === ALPN) protocols = readProtocols(data);
  }
  return tls(serverName, protocols);
}

function readServerName(data: Reader): string | undefined {
  const list = data.part(data.number(2));
  const isHostName = list.number(1) === 0;
  const name = list.part(list.number(2));
  if (!isHostName || data.isShort || list.isShort || name.left === 0) return undefined;
  return name.text().toLowerCase();
}

function readProtocols(data: Reader): string[] {
  const list = data.part(data.number(2));
  const protocols: string[] = [];
  while (list.left > 0 && !list.isShort) protocols.push(list.part(list.number(1)).text());
  return protocols;
}

const tls = (
  serverName: string | undefined,
  applicationProtocols: readonly string[],
): Inspection => ({
  serverName,
  transportProtocol: "tls",
  applicationProtocols,
});

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
