// What the fields of a response head mean for the message and its connection.
import { latin1 } from "../latin1.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE } from "./field-names.ts";
import { FramingFields, NO_LENGTH } from "./framing.ts";
import type { ResponseHead } from "./response-head.ts";

/** Reads Connection, Upgrade and the framing fields of one response head. Transfer-Encoding leaves the fields. */
export class ResponseFraming {
  readonly #fields = new FramingFields();
  readonly #options = new ConnectionOptions();

  /** Fills in what `head` says about itself; status, version, request method and fields are set. `upgradeExpected`: a 101 was asked for. */
  decide(head: ResponseHead, upgradeExpected: boolean): ProtocolError | undefined {
    const error = this.#fields.read(head, head.minorVersion);
    if (error !== undefined) return error;
    const { isChunked, contentLength } = this.#fields;
    const hasBodyFields = isChunked || contentLength > 0;
    if (isChunked) head.remove(TRANSFER_ENCODING);
    this.#options.read(head);
    head.keepAlive = this.#options.keepsAlive(head.minorVersion);
    const { status } = head;
    if (status < 200 || status === 204) {
      if (isChunked || (status < 200 ? contentLength !== NO_LENGTH : hasBodyFields)) return NO_BODY;
      if (status === 101) return decideUpgrade(head, upgradeExpected);
      // A 204 with "content-length: 0" is common and harmless; RFC 9110 section 8.6 forbids to send it on.
      head.remove(CONTENT_LENGTH);
      head.framing = "none";
    } else if (head.requestMethod === "CONNECT" && status < 300) {
      // 2. The tunnel begins; what the framing fields say must be ignored.
      head.remove(CONTENT_LENGTH);
      beginTunnel(head);
    } else if (head.requestMethod === "HEAD" || status === 304) {
      // 1. The fields speak of the response that a GET would have had.
      head.framing = "none";
    } else if (isChunked) {
      head.framing = "chunked";
    } else if (contentLength > 0) {
      head.framing = "length";
      head.contentLength = contentLength;
    } else if (contentLength === 0) {
      head.framing = "none";
    } else {
      // 8. Neither field: the end of the connection is the end of the body.
      head.framing = "untilClose";
      head.keepAlive = false;
    }
    return undefined;
  }
}

function decideUpgrade(head: ResponseHead, upgradeExpected: boolean): ProtocolError | undefined {
  if (!upgradeExpected) return UNASKED_UPGRADE;
  const i = head.find(UPGRADE);
  if (i !== -1) {
    head.upgrade = latin1(head.bytesAt(i), head.valueStart(i), head.valueEnd(i)).toLowerCase();
  }
  beginTunnel(head);
  return undefined;
}

function beginTunnel(head: ResponseHead): void {
  head.framing = "tunnel";
  head.keepAlive = false;
}

const NO_BODY = remoteError(
  502,
  "http1.body_disallowed",
  "Response of this status must not announce a body",
);
const UNASKED_UPGRADE = remoteError(
  502,
  "http1.codec_error",
  "Response must not switch protocols: the request did not ask for it",
);
