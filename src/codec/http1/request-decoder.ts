// Requests out of bytes, one at a time: the server's reading half.
import { CANONICAL_END, type HeaderBlock, VALUE_START } from "../header-block.ts";
import type { DecoderLimits } from "../limits.ts";
import type { ProtocolError } from "../protocol-error.ts";
import { MessageDecoder } from "./message-decoder.ts";
import { STATE } from "./message-state.ts";
import { RequestFraming } from "./request-framing.ts";
import { RequestHead } from "./request-head.ts";
import { RequestLine } from "./request-line.ts";
import { resolveTarget } from "./request-target.ts";

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

/**
 * Reads one request, then waits for `next()`, so that pipelined requests are answered in order. A request that asks for an upgrade, and
 * CONNECT, have framing "tunnel": everything behind the head comes as data.
 */
export class RequestDecoder extends MessageDecoder<RequestHead> {
  readonly #sink: RequestSink;
  readonly #line: RequestLine;
  readonly #framing = new RequestFraming();

  constructor(limits: DecoderLimits, sink: RequestSink) {
    const line = new RequestLine(limits.acceptHttp10);
    super(limits, sink, line, new RequestHead(), STATE.idle);
    this.#sink = sink;
    this.#line = line;
  }

  /** Ready for the next request, whose fields go into `head` (another one when the last is still needed). Only between requests. */
  next(head: RequestHead = this.head): void {
    this.startNext(head);
  }

  protected override headComplete(): void {
    const head = this.head;
    const line = this.#line;
    head.method = line.method;
    head.minorVersion = line.minorVersion;
    head.hasFragment = line.hasFragment;
    const error =
      resolveTarget(head, line.targetStart, line.targetEnd) ?? this.#framing.decide(head);
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    notePrefix(head, line.start);
    this.startBody(head.framing, head.contentLength);
    const isComplete = head.framing === "none";
    this.#sink.onHead(head);
    if (isComplete) this.endWithoutBody();
  }
}

/** Notes whether the start line and a canonical Host field right behind it can be forwarded as they are. */
function notePrefix(head: RequestHead, lineStart: number): void {
  if (head.receivedCount === 0 || head.minorVersion === 0) return;
  // The authority lies in the first field: then that is Host, and the target is in origin form.
  if (head.authorityStart !== head.offsets[VALUE_START]) return;
  head.prefixStart = lineStart;
  head.prefixEnd = head.offsets[CANONICAL_END] as number;
}
