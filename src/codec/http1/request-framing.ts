// What the fields of a request head mean for the message and its connection.

import { latin1 } from "../latin1.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { endOfHost } from "./authority.ts";
import { equalsIgnoreCase } from "./character-class.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { EXPECT, HOST, TRANSFER_ENCODING, UPGRADE } from "./field-names.ts";
import { FramingFields } from "./framing.ts";
import { ListElements } from "./list-elements.ts";
import type { RequestHead } from "./request-head.ts";

/** Reads Host, Connection, Upgrade, Expect and the framing fields of one request head. Host and Transfer-Encoding leave the fields. */
export class RequestFraming {
  readonly #fields = new FramingFields();
  readonly #options = new ConnectionOptions();

  /** Fills in what `head` says about itself; method, version, target and fields are set. */
  decide(head: RequestHead): ProtocolError | undefined {
    const error = takeHost(head) ?? this.#fields.read(head, head.minorVersion);
    if (error !== undefined) return error;
    this.#options.read(head);
    if (this.#options.error !== undefined) return this.#options.error;
    head.keepAlive = this.#options.keepsAlive(head.minorVersion);
    head.expectsContinue = expectsContinue(head);
    if (head.minorVersion === 1 && this.#options.hasUpgrade) head.upgrade = upgradeProtocol(head);
    return this.#decideFraming(head);
  }

  #decideFraming(head: RequestHead): ProtocolError | undefined {
    const { isChunked, contentLength } = this.#fields;
    if (head.method === "CONNECT" || head.upgrade !== "") {
      // A body and a tunnel in one message: whose bytes come first is what request smuggling plays with (CVE-2026-58055).
      if (isChunked) return ENCODING_BEFORE_TUNNEL;
      if (contentLength > 0) return LENGTH_BEFORE_TUNNEL;
      head.framing = "tunnel";
    } else if (isChunked) {
      head.remove(TRANSFER_ENCODING);
      head.framing = "chunked";
    } else if (contentLength > 0) {
      head.framing = "length";
      head.contentLength = contentLength;
    } else {
      // 7. A request without either field, or with a length of 0, has no body.
      head.framing = "none";
    }
    return undefined;
  }
}

/** Takes the Host field out of the fields and into the authority, unless the target has set that. RFC 9112 section 3.2. */
function takeHost(head: RequestHead): ProtocolError | undefined {
  const i = head.find(HOST);
  if (i === -1) return undefined;
  if (head.findNext(HOST, i) !== -1) return TWO_HOSTS;
  const [bytes, start, end] = [head.bytesAt(i), head.valueStart(i), head.valueEnd(i)];
  if (endOfHost(bytes, start, end) === -1) return INVALID_AUTHORITY;
  head.removeAt(i);
  if (!head.hasAuthority) head.setAuthorityRange(bytes, start, end);
  return undefined;
}

function expectsContinue(head: RequestHead): boolean {
  const i = head.find(EXPECT);
  if (i === -1) return false;
  const [bytes, start, end] = [head.bytesAt(i), head.valueStart(i), head.valueEnd(i)];
  if (!equalsIgnoreCase(bytes, start, end, "100-continue")) return false;
  // RFC 9110 section 10.1.1: in HTTP/1.0 it must be ignored, and what we send on is HTTP/1.1.
  if (head.minorVersion === 0) head.removeAt(i);
  return head.minorVersion === 1;
}

/** The protocols of Upgrade in lower case, without h2c, which Envoy ignores and a proxy that speaks to the upstream itself cannot grant. */
function upgradeProtocol(head: RequestHead): string {
  const protocols: string[] = [];
  for (let i = head.find(UPGRADE); i !== -1; i = head.findNext(UPGRADE, i)) {
    const offered = new ListElements(head.bytesAt(i), head.valueStart(i), head.valueEnd(i));
    while (offered.next()) {
      const protocol = latin1(offered.bytes, offered.start, offered.end).toLowerCase();
      if (protocol !== "h2c") protocols.push(protocol);
    }
  }
  return protocols.join(", ");
}

const TWO_HOSTS = remoteError(400, "http1.codec_error", "Host must not be repeated");
const INVALID_AUTHORITY = remoteError(
  400,
  "http.invalid_authority",
  "Host must be a host with an optional port",
);
const LENGTH_BEFORE_TUNNEL = remoteError(
  400,
  "http1.content_length_not_allowed",
  "Content-Length must not come with an upgrade or CONNECT",
);
const ENCODING_BEFORE_TUNNEL = remoteError(
  400,
  "http1.transfer_encoding_not_allowed",
  "Transfer-Encoding must not come with an upgrade or CONNECT",
);
