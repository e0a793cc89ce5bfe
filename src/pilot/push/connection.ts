// One connected proxy: who it is, its stream, and the newest world that it was offered.
import type { Clock } from "#base/clock.ts";
import type { Timers } from "#base/timers.ts";
import { type RequestOutcome, ServerStream } from "#xds/server/server-stream.ts";
import { StreamDriver } from "#xds/server/stream-driver.ts";
import type { XdsPeer, XdsRequest, XdsServerStream } from "#xds/transport.ts";
import type { Proxy } from "../model/proxy.ts";
import type { World } from "./world.ts";

export interface ConnectionOptions {
  readonly id: number;
  readonly stream: XdsServerStream;
  readonly peer: XdsPeer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onSent: (typeUrl: string) => void;
}

export class Connection {
  readonly id: number;
  readonly peer: XdsPeer;
  /** Since 1970. */
  readonly connectedAtMs: number;
  readonly driver: StreamDriver;
  /** Known from the first request on. */
  proxy: Proxy | undefined;
  world: World | undefined;
  readonly #clock: Clock;
  /** By type URL, since 1970: of the last acknowledgement. The engine only knows durations. */
  readonly #ackedAtMs: Map<string, number> = new Map();

  constructor({ id, stream, peer, clock, timers, onSent }: ConnectionOptions) {
    this.id = id;
    this.peer = peer;
    this.connectedAtMs = clock.wallMs();
    this.#clock = clock;
    const engine = new ServerStream(stream.variant);
    this.driver = new StreamDriver(engine, stream, clock, timers, onSent);
  }

  get engine(): ServerStream {
    return this.driver.engine;
  }

  handleRequest(request: XdsRequest): RequestOutcome {
    const outcome = this.driver.handleRequest(request);
    if (outcome.kind === "acked") this.#ackedAtMs.set(outcome.typeUrl, this.#clock.wallMs());
    return outcome;
  }

  /** When the proxy last accepted something of this type, since 1970. */
  ackedAtMs(typeUrl: string): number | undefined {
    return this.#ackedAtMs.get(typeUrl);
  }

  offer(world: World): void {
    this.world = world;
    this.driver.offer(world);
  }
}
