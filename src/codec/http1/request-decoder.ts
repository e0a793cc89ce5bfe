// Requests out of bytes, one at a time: the server's reading half.
import type { HeaderBlock } from "../header-block.ts";
import type { DecoderLimits } from "../limits.ts";
import type { ProtocolError } from "../protocol-error.ts";
import { RequestHead } from "./request-head.ts";

/** What a request decoder found. Called from within `receive` and `end`, in the order: head, data*, trailers?, end; or error at any point. */
export interface RequestSink {
  onHead(head: RequestHead): void;
  /** Payload bytes[start, end), never empty. They stay valid; nobody writes into them again. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** Fields after a chunked body, without those that may not be merged (framing, routing, authentication). Only when there are any. */
  onTrailers(trailers: HeaderBlock): void;
  /** The message is complete. */
  onEnd(): void;
  /** The peer's fault; nothing follows on this connection. */
  onError(error: ProtocolError): void;
}

export class RequestDecoder {
  head: RequestHead = new RequestHead();

  constructor(limits: DecoderLimits, sink: RequestSink) {
    void limits;
    void sink;
  }

  /** Nothing of the next request has come yet: the connection is idle. */
  get isIdle(): boolean {
    return true;
  }

  /**
   * Takes bytes[start, end) and returns how many belonged to the current message: fewer than given once it is complete (the rest is
   * the next request's; call `next()` first) or at an error. `bytes` belongs to the decoder: names are lower-cased in place.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    void bytes;
    return end - start;
  }

  /** Ready for the next message, whose fields go into `head` (another one when the last is still needed). */
  next(head: RequestHead = this.head): void {
    this.head = head;
  }

  /** The peer will send nothing more (FIN). */
  end(): void {}
}
