// One response's head: status, and what the fields say about the message and the connection.
import { HeaderBlock } from "../header-block.ts";
import { latin1 } from "../latin1.ts";
import type { Framing } from "./framing.ts";

/** Everything is valid until the decoder's next `expect()`. A head for a local reply is made by hand: status, fields, framing. */
export class ResponseHead extends HeaderBlock {
  /** 100 to 599. */
  status = 0;
  /** The upstream's reason phrase: bytes[reasonStart, reasonEnd). Not forwarded: like Envoy we write the registered one. */
  reasonStart = 0;
  reasonEnd = 0;
  minorVersion: 0 | 1 = 1;
  /** The method this answers: a response to HEAD has no body whatever its fields say. */
  requestMethod = "GET";
  /** The upstream will take another request on this connection after this response. */
  keepAlive = true;
  framing: Framing = "none";
  /** Bytes of the body when framing is "length"; else 0. */
  contentLength = 0;
  /** The protocol that a 101 switches to, lower-case; else empty. */
  upgrade = "";

  reason(): string {
    return latin1(this.bytes, this.reasonStart, this.reasonEnd);
  }

  override reset(): void {
    super.reset();
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.minorVersion = 1;
    this.requestMethod = "GET";
    this.keepAlive = true;
    this.framing = "none";
    this.contentLength = 0;
    this.upgrade = "";
  }
}
