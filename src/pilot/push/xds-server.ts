// The pilot's side of every xDS stream: who is connected, what each is offered, and what each said to it.
import type { Clock } from "#base/clock.ts";
import { type Log, quoted } from "#base/log.ts";
import type { Timers } from "#base/timers.ts";
import type { RequestOutcome } from "#xds/server/server-stream.ts";
import type {
  XdsPeer,
  XdsRequest,
  XdsServerHandler,
  XdsServerStream,
  XdsService,
} from "#xds/transport.ts";
import { shortTypeName } from "#xds/type-url.ts";
import type { ObjectKey } from "../model/object.ts";
import { parseProxy } from "../model/parse-proxy.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { Connection } from "./connection.ts";
import { EncodedCache } from "./encoded-cache.ts";
import { PushQueue } from "./push-queue.ts";
import { World } from "./world.ts";

export interface XdsServerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** On each stream that says who it is. True: its arrival changes the world, and its first push waits for that snapshot. */
  readonly onConnected: (proxy: Proxy) => boolean;
  /** Each such stream's end. */
  readonly onDisconnected: (proxy: Proxy) => void;
}

export class XdsServer implements XdsService {
  readonly #options: XdsServerOptions;
  readonly #cache = new EncodedCache();
  readonly #connections = new Set<Connection>();
  readonly #queue: PushQueue<Connection>;
  #snapshot: Snapshot | undefined;
  #nextId = 1;
  /** Responses sent and refused since start, by short type name: pilot_xds_pushes, pilot_total_xds_rejects. */
  readonly pushCounts: Map<string, number> = new Map();
  readonly rejectCounts: Map<string, number> = new Map();

  constructor(options: XdsServerOptions) {
    this.#options = options;
    this.#queue = new PushQueue(options.clock, options.timers, (connection) =>
      this.#offer(connection),
    );
  }

  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  /** True when every proxy was offered the newest snapshot. */
  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  /** Offers the new world to every proxy; those still busy with an older one skip it. */
  push(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const connection of this.#connections) {
      if (connection.proxy !== undefined) this.#queue.add(connection);
    }
  }

  accept(stream: XdsServerStream, peer: XdsPeer): XdsServerHandler {
    const { clock, timers, log } = this.#options;
    const connection = new Connection({
      id: this.#nextId,
      stream,
      peer,
      clock,
      timers,
      onSent: (typeUrl) => count(this.pushCounts, typeUrl),
    });
    this.#nextId += 1;
    this.#connections.add(connection);
    log.debug("proxy stream opened", { peer: peer.address, variant: stream.variant });
    return {
      onRequest: (request) => this.#handleRequest(connection, request),
      onDrain: () => connection.driver.pump(),
      onClosed: (status) => this.#handleClosed(connection, status.message),
    };
  }

  #handleRequest(connection: Connection, request: XdsRequest): void {
    const outcome = connection.handleRequest(request);
    if (outcome.kind === "refused") {
      this.#options.log.warning("stream refused", {
        peer: connection.peer.address,
        why: outcome.status.message,
      });
      this.#remove(connection);
      return;
    }
    if (outcome.kind === "nacked") this.#reportNack(connection, outcome);
    if (connection.proxy === undefined) this.#introduce(connection);
  }

  /** Learns who is there from the node of the first request. */
  #introduce(connection: Connection): void {
    const { node } = connection.engine;
    if (node === undefined) return;
    const { proxy, warnings } = parseProxy(node);
    connection.proxy = proxy;
    const { log } = this.#options;
    log.info("proxy connected", {
      proxy: proxy.id,
      peer: connection.peer.address,
      variant: connection.engine.variant,
    });
    for (const warning of warnings) log.warning(warning, { proxy: proxy.id });
    if (!this.#options.onConnected(proxy)) this.#offer(connection);
  }

  #offer(connection: Connection): void {
    if (this.#snapshot === undefined || connection.proxy === undefined) return;
    if (connection.world?.snapshot === this.#snapshot) return;
    connection.offer(new World(connection.proxy, this.#snapshot, this.#cache));
  }

  #reportNack(
    connection: Connection,
    outcome: Extract<RequestOutcome, { readonly kind: "nacked" }>,
  ): void {
    count(this.rejectCounts, outcome.typeUrl);
    this.#options.log.warning("proxy refused resources", {
      proxy: connection.proxy?.id,
      type: shortTypeName(outcome.typeUrl),
      resources: outcome.names.join(", "),
      objects: this.#sourcesOf(connection, outcome.typeUrl, outcome.names).join(", "),
      words: outcome.message,
    });
  }

  /** The configuration objects behind these resources: where the author has to look. */
  #sourcesOf(connection: Connection, typeUrl: string, names: readonly string[]): ObjectKey[] {
    const keys = new Set<ObjectKey>();
    for (const name of names) {
      for (const key of connection.world?.get(typeUrl, name)?.sources ?? []) keys.add(key);
    }
    return [...keys].sort();
  }

  #handleClosed(connection: Connection, reason: string): void {
    this.#options.log.info("proxy disconnected", {
      proxy: connection.proxy?.id ?? quoted(connection.peer.address),
      reason,
    });
    this.#remove(connection);
  }

  #remove(connection: Connection): void {
    connection.driver.close();
    this.#queue.delete(connection);
    if (!this.#connections.delete(connection)) return;
    if (connection.proxy !== undefined) this.#options.onDisconnected(connection.proxy);
  }
}

function count(counts: Map<string, number>, typeUrl: string): void {
  const name = shortTypeName(typeUrl).toLowerCase();
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
