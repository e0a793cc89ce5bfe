// One connected proxy: its stream, the engine that keeps the protocol, and the newest world that it was offered.
import type { Clock } from "#base/clock.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { ServerStream } from "#xds/server/server-stream.ts";
import type { XdsPeer, XdsServerStream } from "#xds/transport.ts";
import type { Proxy } from "../model/proxy.ts";
import type { World } from "./world.ts";

export class Connection {
  readonly id: number;
  readonly peer: XdsPeer;
  readonly connectedAtMs: number;
  readonly engine: ServerStream;
  readonly #stream: XdsServerStream;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onSent: (typeUrl: string) => void;
  /** Known from the first request on. */
  proxy: Proxy | undefined;
  world: World | undefined;
  #timer: Timer | undefined;
  #timerDueMs = 0;
  #isClosed = false;

  constructor(options: {
    readonly id: number;
    readonly stream: XdsServerStream;
    readonly peer: XdsPeer;
    readonly engine: ServerStream;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly onSent: (typeUrl: string) => void;
  }) {
    this.id = options.id;
    this.peer = options.peer;
    this.engine = options.engine;
    this.#stream = options.stream;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#onSent = options.onSent;
    this.connectedAtMs = options.clock.wallMs();
  }

  offer(world: World): void {
    if (this.#isClosed) return;
    this.world = world;
    this.engine.offer(world);
    this.pump();
  }

  /** Sends what may be sent now: at most what the transport takes, so that a slow proxy holds up nobody and nothing grows. */
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

  refuse(status: { readonly code: number; readonly message: string }): void {
    this.close();
    this.#stream.close(status);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(nowMs: number): void {
    const dueMs = this.engine.nextTimeoutMs();
    if (dueMs === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
      return;
    }
    if (this.#timer !== undefined && this.#timerDueMs === dueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#timers.after(Math.max(0, dueMs - nowMs), () => {
      this.#timer = undefined;
      this.engine.handleTimeout(this.#clock.nowMs());
      this.pump();
    });
  }
}
