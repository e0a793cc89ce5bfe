// What decoding a request and a response have in common: heads and trailers wherever they are split, bodies, the end.
import { HeaderBlock } from "../header-block.ts";
import type { DecoderLimits } from "../limits.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { CR, LF } from "./character-class.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { BARE_CR, COMPLETE, FAILED } from "./field-lines.ts";
import { removeForbiddenTrailers } from "./forbidden-trailers.ts";
import type { Framing } from "./framing.ts";
import { EVENT, nextState, STATE } from "./message-state.ts";
import { SectionReader } from "./section-reader.ts";
import type { StartLine } from "./start-line.ts";

/** What the sinks of both decoders take. */
export interface MessageSink {
  onData(bytes: Uint8Array, start: number, end: number): void;
  onTrailers(trailers: HeaderBlock): void;
  onEnd(): void;
  onError(error: ProtocolError): void;
}

/**
 * Reads a head and calls `headComplete`, then gives the body to the sink. The states are those of message-state.ts.
 */
export abstract class MessageDecoder<Head extends HeaderBlock> {
  head: Head;
  protected readonly limits: DecoderLimits;
  readonly #sink: MessageSink;
  readonly #startLine: StartLine;
  #state: number;
  /** `receive` returns: the message has ended, even if the sink has called `next` meanwhile. */
  #hasEnded = false;
  #blankLineCount = 0;
  #blankLineNeedsLf = false;

  readonly #section: SectionReader;
  readonly #trailers = new HeaderBlock();
  #maxTrailerCount = 0;

  /** Bytes of a body with a length that have not come yet. */
  #remaining = 0;
  readonly #chunked: ChunkedDecoder;

  protected constructor(
    limits: DecoderLimits,
    sink: MessageSink,
    startLine: StartLine,
    head: Head,
    state: number,
  ) {
    this.limits = limits;
    this.#sink = sink;
    this.#startLine = startLine;
    this.head = head;
    this.#state = state;
    this.#section = new SectionReader(head, limits.maxHeadBytes);
    this.#chunked = new ChunkedDecoder(limits.maxChunkExtensionBytes);
  }

  /** No byte of a message has come that is not complete: the connection may close without a loss. */
  get isIdle(): boolean {
    return this.#state === STATE.idle || this.#state === STATE.complete;
  }

  /**
   * Takes bytes[start, end) and returns how many belonged to the current message: fewer than given once it is complete (the rest is the
   * next message's), at an error, or when no message is due. `bytes` belongs to the decoder: names are lower-cased in place.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    this.#hasEnded = this.#state === STATE.complete || this.#state === STATE.failed;
    while (at < end && !this.#hasEnded) {
      switch (this.#state) {
        case STATE.idle:
          at = this.#readBlankLines(bytes, at, end);
          break;
        case STATE.head:
        case STATE.trailers:
          at = this.#readSection(bytes, at, end);
          break;
        case STATE.length:
          at = this.#readLength(bytes, at, end);
          break;
        case STATE.chunked:
          at = this.#readChunks(bytes, at, end);
          break;
        default: // untilClose and tunnel: all there is.
          this.#sink.onData(bytes, at, end);
          return end - start;
      }
    }
    return at - start;
  }

  /** The peer will send nothing more (FIN): the end of an untilClose body or a tunnel, an error within a message, else nothing. */
  end(): void {
    const before = this.#state;
    this.#move(EVENT.fin);
    if (before === this.#state) return;
    if (this.#state === STATE.complete) this.#complete();
    else this.#report(PREMATURE);
  }

  /** The head has been read: decide and call `startBody`, or `fail`, or `startOver`. */
  protected abstract headComplete(): void;

  /** The error in the words and with the status that this role uses. */
  protected toRole(error: ProtocolError): ProtocolError {
    return error;
  }

  /** Ready for the next message, into `head`. */
  protected startNext(head: Head): void {
    this.#move(EVENT.next);
    this.#blankLineCount = 0;
    this.head = head;
    head.reset();
  }

  /** What was read was not the message yet (1xx): another head follows. */
  protected startOver(): void {
    this.#move(EVENT.informational);
    this.head.reset();
  }

  /** The body follows as `framing` says. */
  protected startBody(framing: Framing, contentLength: number): void {
    this.#move(EVENT[framing]);
    this.#remaining = contentLength;
    this.#maxTrailerCount = this.limits.maxHeaderCount - this.head.receivedCount;
    if (framing === "chunked") this.#chunked.reset();
  }

  /** Ends a message that has no body. */
  protected endWithoutBody(): void {
    this.#complete();
  }

  protected fail(error: ProtocolError): void {
    this.#move(EVENT.error);
    this.#report(error);
  }

  #move(event: number): void {
    this.#state = nextState(this.#state, event);
  }

  #complete(): void {
    this.#hasEnded = true;
    this.#sink.onEnd();
  }

  #report(error: ProtocolError): void {
    this.#hasEnded = true;
    this.#sink.onError(this.toRole(error));
  }

  /** Empty lines before a start line, which some senders add to a body. RFC 9112 section 2.2. */
  #readBlankLines(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at];
      if (this.#blankLineNeedsLf) {
        this.#blankLineNeedsLf = false;
        this.#blankLineCount += 1;
        const isError = byte !== LF || this.#blankLineCount > this.limits.maxLeadingBlankLines;
        if (!isError) continue;
        this.fail(byte === LF ? TOO_MANY_BLANK_LINES : BARE_CR);
        return at;
      }
      if (byte !== CR) {
        this.#move(EVENT.bytes);
        this.#section.start(this.head, this.#startLine, this.limits.maxHeaderCount);
        return at;
      }
      this.#blankLineNeedsLf = true;
    }
    return end;
  }

  #readSection(bytes: Uint8Array, start: number, end: number): number {
    const section = this.#section;
    const progress = section.read(bytes, start, end);
    const at = section.at;
    if (progress === FAILED) this.fail(section.error ?? PREMATURE);
    else if (progress === COMPLETE && this.#state === STATE.head) this.headComplete();
    else if (progress === COMPLETE) this.#trailersComplete();
    return at;
  }

  #trailersComplete(): void {
    this.#move(EVENT.bodyEnd);
    if (removeForbiddenTrailers(this.#trailers)) this.#sink.onTrailers(this.#trailers);
    this.#complete();
  }

  #readLength(bytes: Uint8Array, start: number, end: number): number {
    const dataEnd = Math.min(end, start + this.#remaining);
    this.#remaining -= dataEnd - start;
    const isLast = this.#remaining === 0;
    if (isLast) this.#move(EVENT.bodyEnd);
    this.#sink.onData(bytes, start, dataEnd);
    if (isLast) this.#complete();
    return dataEnd;
  }

  #readChunks(bytes: Uint8Array, start: number, end: number): number {
    const chunked = this.#chunked;
    const at = chunked.decode(bytes, start, end, this.#sink);
    if (chunked.error !== undefined) {
      this.fail(chunked.error);
    } else if (chunked.isLast) {
      this.#move(EVENT.lastChunk);
      this.#trailers.reset();
      this.#section.start(this.#trailers, undefined, this.#maxTrailerCount);
    }
    return at;
  }
}

const TOO_MANY_BLANK_LINES = remoteError(
  400,
  "http1.codec_error",
  "Start line must not follow more empty lines than their limit",
);
const PREMATURE = remoteError(
  400,
  "http1.codec_error",
  "Message must be complete before the connection ends",
);
