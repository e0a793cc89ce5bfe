// Responses out of bytes, each to a request that was announced: the client's reading half.
import type { HeaderBlock } from "../header-block.ts";
import type { DecoderLimits } from "../limits.ts";
import type { ProtocolError } from "../protocol-error.ts";
import { MessageDecoder } from "./message-decoder.ts";
import { STATE } from "./message-state.ts";
import { ResponseFraming } from "./response-framing.ts";
import { ResponseHead } from "./response-head.ts";
import { StatusLine } from "./status-line.ts";

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
  /** The upstream's fault, always status 502; nothing follows on this connection. */
  onError(error: ProtocolError): void;
}

/**
 * Reads the one response that `expect` announced. Bytes that come unasked are not read: `receive` returns 0, and whoever owns the
 * connection drops it, for they could only be the answer to somebody else's request.
 */
export class ResponseDecoder extends MessageDecoder<ResponseHead> {
  readonly #sink: ResponseSink;
  readonly #line: StatusLine;
  readonly #framing = new ResponseFraming();
  #method = "GET";
  #upgradeExpected = false;

  constructor(limits: DecoderLimits, sink: ResponseSink) {
    const line = new StatusLine();
    super(limits, sink, line, new ResponseHead(), STATE.complete);
    this.#sink = sink;
    this.#line = line;
  }

  /** A request with `method` was sent; `upgrade` when it asked for one, so that a 101 is allowed. Its response goes into `head`. */
  expect(method: string, upgrade = false, head: ResponseHead = this.head): void {
    this.startNext(head);
    this.#method = method;
    this.#upgradeExpected = upgrade;
  }

  protected override headComplete(): void {
    const head = this.head;
    const line = this.#line;
    head.status = line.status;
    head.minorVersion = line.minorVersion;
    head.reasonStart = line.reasonStart;
    head.reasonEnd = line.reasonEnd;
    head.requestMethod = this.#method;
    const error = this.#framing.decide(head, this.#upgradeExpected);
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    if (head.status < 200 && head.status !== 101) {
      this.#sink.onInformational(head);
      this.startOver();
      return;
    }
    this.startBody(head.framing, head.contentLength);
    const isComplete = head.framing === "none";
    this.#sink.onHead(head);
    if (isComplete) this.endWithoutBody();
  }

  /** Whatever an upstream does wrong, the downstream gets a 502 for it. */
  protected override toRole(error: ProtocolError): ProtocolError {
    return error.status === 502 ? error : { ...error, status: 502 };
  }
}
