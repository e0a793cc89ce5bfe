// Our xDS server over real gRPC with one world for all its clients, changed by tests; keeps what each client said.
import type { SocketAddress } from "#base/net.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { serveXds, type XdsServer } from "#io/grpc/xds-service.ts";
import type { ResourceSource } from "#xds/server/resource.ts";
import { type RequestOutcome, ServerStream } from "#xds/server/server-stream.ts";
import { StreamDriver } from "#xds/server/stream-driver.ts";
import type { XdsPeer, XdsServerHandler, XdsServerStream } from "#xds/transport.ts";

export class AdsServer {
  readonly outcomes: RequestOutcome[] = [];
  readonly drivers: Set<StreamDriver> = new Set();
  #world: ResourceSource;
  #server: XdsServer | undefined;

  private constructor(world: ResourceSource) {
    this.#world = world;
  }

  static async start(world: ResourceSource, port = 0): Promise<AdsServer> {
    const made = new AdsServer(world);
    const server = await serveXds(
      { host: "127.0.0.1", port },
      { accept: (stream, peer) => made.#accept(stream, peer) },
    );
    if ("kind" in server) throw new Error(server.reason);
    made.#server = server;
    return made;
  }

  get address(): SocketAddress {
    if (this.#server === undefined) throw new Error("not started");
    return this.#server.address;
  }

  offer(world: ResourceSource): void {
    this.#world = world;
    for (const driver of this.drivers) driver.offer(world);
  }

  /** Every type that any client asked for is with it and accepted. */
  get isLive(): boolean {
    if (this.drivers.size === 0) return false;
    return [...this.drivers].every((driver) =>
      driver.engine.status().every((type) => type.sync === "live"),
    );
  }

  nacks(): Extract<RequestOutcome, { kind: "nacked" }>[] {
    return this.outcomes.filter((outcome) => outcome.kind === "nacked");
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #accept(stream: XdsServerStream, _peer: XdsPeer): XdsServerHandler {
    const engine = new ServerStream(stream.variant, { identifier: "sampan-test" });
    const driver = new StreamDriver(engine, stream, systemClock, systemTimers);
    this.drivers.add(driver);
    driver.offer(this.#world);
    return {
      onRequest: (request) => {
        this.outcomes.push(driver.handleRequest(request));
      },
      onDrain: () => driver.pump(),
      onClosed: () => {
        driver.close();
        this.drivers.delete(driver);
      },
    };
  }
}
