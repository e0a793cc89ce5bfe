// A transport in memory: each stream that a client opens is served by a ServerStream with one world for all, which tests change.
// Messages wait until `deliver`, so that a test sees them on their way.
import type { Clock } from "#base/clock.ts";
import type { Timers } from "#base/timers.ts";
import type { ResourceSource } from "#xds/server/resource.ts";
import { type RequestOutcome, ServerStream } from "#xds/server/server-stream.ts";
import { StreamDriver } from "#xds/server/stream-driver.ts";
import {
  STATUS,
  type XdsRequest,
  type XdsResponse,
  type XdsStatus,
  type XdsStream,
  type XdsStreamHandler,
  type XdsTransport,
  type XdsVariant,
} from "#xds/transport.ts";

export class MemoryTransport implements XdsTransport {
  readonly requests: XdsRequest[] = [];
  readonly responses: XdsResponse[] = [];
  readonly outcomes: RequestOutcome[] = [];
  /** Streams opened since the start. */
  openCount = 0;
  /** False: every stream fails to connect. */
  isUp = true;
  #world: ResourceSource;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #waiting: (() => void)[] = [];
  #stream: MemoryStream | undefined;

  constructor(world: ResourceSource, clock: Clock, timers: Timers) {
    this.#world = world;
    this.#clock = clock;
    this.#timers = timers;
  }

  open(variant: XdsVariant, handler: XdsStreamHandler): XdsStream {
    this.openCount += 1;
    const stream = new MemoryStream(this, variant, handler, this.#clock, this.#timers);
    this.#stream = stream;
    this.later(() => {
      if (this.isUp) stream.begin(this.#world);
      else stream.fail({ code: STATUS.unavailable, message: "connection refused" });
    });
    return stream;
  }

  close(): void {
    this.#stream?.close();
  }

  offer(world: ResourceSource): void {
    this.#world = world;
    this.#stream?.driver.offer(world);
  }

  /** The server dies: the stream breaks, and with `isUp` false no new one comes about. */
  break(): void {
    this.#waiting.length = 0;
    this.#stream?.fail({ code: STATUS.unavailable, message: "connection reset" });
  }

  /** Everything that is under way arrives, and what it gives rise to. */
  deliver(): void {
    for (let n = 0; ; n += 1) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (n > 100_000) throw new Error("client and server never come to rest");
      next();
    }
  }

  later(task: () => void): void {
    this.#waiting.push(task);
  }

  get server(): ServerStream | undefined {
    return this.#stream?.driver.engine;
  }
}

class MemoryStream implements XdsStream {
  readonly driver: StreamDriver;
  readonly #transport: MemoryTransport;
  readonly #handler: XdsStreamHandler;
  readonly #early: XdsRequest[] = [];
  #state: "connecting" | "open" | "closed" = "connecting";

  constructor(
    transport: MemoryTransport,
    variant: XdsVariant,
    handler: XdsStreamHandler,
    clock: Clock,
    timers: Timers,
  ) {
    this.#transport = transport;
    this.#handler = handler;
    const engine = new ServerStream(variant, { identifier: "memory" });
    const send = (response: XdsResponse): boolean => {
      transport.responses.push(response);
      transport.later(() => {
        if (this.#state === "open") handler.onResponse(response);
      });
      return true;
    };
    const close = (status: XdsStatus): void => this.fail(status);
    const stream = { variant, typeUrl: undefined, isWritable: true, send, close };
    this.driver = new StreamDriver(engine, stream, clock, timers);
  }

  begin(world: ResourceSource): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#handler.onOpen();
    this.driver.offer(world);
    for (const request of this.#early.splice(0)) this.send(request);
  }

  send(request: XdsRequest): void {
    if (this.#state === "connecting") this.#early.push(request);
    if (this.#state !== "open") return;
    this.#transport.requests.push(request);
    this.#transport.later(() => {
      if (this.#state === "open") this.#transport.outcomes.push(this.driver.handleRequest(request));
    });
  }

  fail(status: XdsStatus): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.driver.close();
    this.#handler.onClosed(status);
  }

  close(): void {
    this.#state = "closed";
    this.driver.close();
  }
}
