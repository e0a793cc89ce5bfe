// Responses out of bytes, each to a request that was announced: the client's reading half.
import type { HeaderBlock } from "../header-block.ts";
import type { DecoderLimits } from "../limits.ts";
import type { ProtocolError } from "../protocol-error.ts";
import { ResponseHead } from "./response-head.ts";

/** What a response decoder found. Called from within `receive` and `end`, in the order: informational*, head, data*, trailers?, end; or error at any point. */
export interface ResponseSink {
  /** A 1xx response other than 101; the real one follows. The head is valid during the call only. */
  onInformational(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** Payload bytes[start, end), never empty. They stay valid; nobody writes into them again. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** Fields after a chunked body, without those that may not be merged. Only when there are any. */
  onTrailers(trailers: HeaderBlock): void;
  /** The message is complete. */
  onEnd(): void;
  /** The upstream's fault; nothing follows on this connection. */
  onError(error: ProtocolError): void;
}

export class ResponseDecoder {
  head: ResponseHead = new ResponseHead();

  constructor(limits: DecoderLimits, sink: ResponseSink) {
    void limits;
    void sink;
  }

  /** No response is expected, or not a byte of the expected one has come. */
  get isIdle(): boolean {
    return true;
  }

  /** A request with `method` was sent; `upgrade` when it asked for one, so that a 101 is allowed. Its response goes into `head`. */
  expect(method: string, upgrade = false, head: ResponseHead = this.head): void {
    void method;
    void upgrade;
    this.head = head;
  }

  /**
   * Takes bytes[start, end) and returns how many belonged to the expected response: fewer than given once it is complete, at an error, or
   * when no response is expected (an upstream that speaks unasked: drop the connection).
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    void bytes;
    return end - start;
  }

  /** The peer will send nothing more (FIN): ends an untilClose body or a tunnel; an error within a message; nothing while idle. */
  end(): void {}
}
