// Joins one ServerStream to one transport stream: respects back-pressure, keeps the one timer, ends the stream on a refusal.
import type { Clock } from "#base/clock.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { XdsRequest, XdsServerStream } from "#xds/transport.ts";
import type { ResourceSource } from "./resource.ts";
import type { RequestOutcome, ServerStream } from "./server-stream.ts";

export class StreamDriver {
  readonly engine: ServerStream;
  readonly #stream: XdsServerStream;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onSent: (typeUrl: string) => void;
  #timer: Timer | undefined;
  #timerAtMs = 0;
  #isClosed = false;

  /** `onSent` hears the type of every response that left. */
  constructor(
    engine: ServerStream,
    stream: XdsServerStream,
    clock: Clock,
    timers: Timers,
    onSent: (typeUrl: string) => void = () => {},
  ) {
    this.engine = engine;
    this.#stream = stream;
    this.#clock = clock;
    this.#timers = timers;
    this.#onSent = onSent;
  }

  /** Passes a request on and sends what it calls for. A refusal has closed the stream when this returns. */
  handleRequest(request: XdsRequest): RequestOutcome {
    const outcome = this.engine.handleRequest(request, this.#clock.nowMs());
    if (outcome.kind === "refused") {
      this.close();
      this.#stream.close(outcome.status);
    } else {
      this.pump();
    }
    return outcome;
  }

  /** The newest world for this client. A stream that cannot take bytes now keeps only the newest of several. */
  offer(source: ResourceSource): void {
    if (this.#isClosed) return;
    this.engine.offer(source);
    this.pump();
  }

  /** Sends what there is to send, while the transport takes it: a slow client holds up nobody. Call it also on `onDrain`. */
  pump(): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.nowMs();
    while (this.#stream.isWritable) {
      const response = this.engine.nextResponse(nowMs);
      if (response === undefined) break;
      this.#stream.send(response);
      this.#onSent(response.typeUrl);
    }
    this.#arm(nowMs);
  }

  /** The stream is gone: stops the timer. Does not touch the transport. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(nowMs: number): void {
    const atMs = this.engine.nextTimeoutMs();
    if (this.#timer !== undefined && atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    this.#timerAtMs = atMs;
    this.#timer = this.#timers.after(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined;
      this.engine.handleTimeout(this.#clock.nowMs());
      this.pump();
    });
  }
}
