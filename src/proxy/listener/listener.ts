// One listener in service: its socket, the chain for each connection, and how both end.

import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { FilterChainSchema } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import {
  isSocketError,
  type Listening,
  type Socket,
  type SocketAddress,
  type SocketError,
} from "#base/net.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { ListenerConfig } from "../config/listener-config.ts";
import type { DispatchedHandler, DispatchedNet } from "../dispatched-net.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { Histogram } from "../stats/histogram.ts";
import { LISTENER } from "../stats/schema/listener.ts";
import { LISTENER_WORKER } from "../stats/schema/listener-worker.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import { FilterChain, type FilterChainServices } from "./filter-chain.ts";
import { type ChainFacts, findFilterChain } from "./filter-chain-match.ts";
import { InspectedConnection } from "./inspected-connection.ts";
import type { ServedConnection, ServedConnectionOwner } from "./served-connection.ts";

export interface ListenerPorts {
  readonly net: DispatchedNet;
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  readonly services: FilterChainServices;
  /** Several workers listen on the same ports (SO_REUSEPORT). */
  readonly sharesPorts: boolean;
  /** Of the worker that this is, for its own statistics; default 0. */
  readonly workerIndex?: number;
  /** How long what was replaced or removed may finish what runs (`--drain-time-s`). */
  readonly drainTimeMs: number;
}

/** Told when a connection has gone, so that a listener without any can be forgotten. */
export interface ListenerOwner {
  onConnectionGone(listener: ActiveListener): void;
}

/** A listening socket, and who accepts from it: a listener that replaces another takes over without closing it. */
interface Door {
  readonly listening: Listening;
  listener: ActiveListener;
}

/** A socket whose connection is refused at once: it hears nothing more. */

export class ActiveListener implements ServedConnectionOwner {
  readonly #ports: ListenerPorts;
  readonly #owner: ListenerOwner;
  readonly #stats: StatBlock<"listener">;
  readonly #workerStats: StatBlock<"listenerWorker">;
  readonly #lengths: Histogram;
  readonly #acceptedAtOnce: Histogram;
  readonly #startedMs = new Map<ServedConnection, number>();
  #config: ListenerConfig;
  /** By what their message says: an update keeps the chains that it does not change, and their connections. */
  #chains: ReadonlyMap<string, FilterChain>;
  #default: FilterChain | undefined;
  /** Chains of earlier configurations that still have connections, and when that ends. */
  readonly #draining = new Map<FilterChain, WheelTimer>();
  #door: Door | undefined;

  constructor(config: ListenerConfig, ports: ListenerPorts, owner: ListenerOwner) {
    const prefix = `listener.${config.statName}.`;
    this.#ports = ports;
    this.#owner = owner;
    this.#config = config;
    this.#stats = ports.stats.block(prefix, LISTENER);
    this.#workerStats = ports.stats.block(
      `${prefix}worker_${ports.workerIndex ?? 0}.`,
      LISTENER_WORKER,
    );
    this.#acceptedAtOnce = ports.stats.histogram(`${prefix}connections_accepted_per_socket_event`);
    this.#lengths = ports.stats.histogram(`${prefix}downstream_cx_length_ms`);
    this.#chains = this.#createChains(config, new Map());
    this.#default = this.#createDefault(config);
  }

  get config(): ListenerConfig {
    return this.#config;
  }

  /** Where it really listens; as configured while it has no socket. */
  get address(): SocketAddress {
    return this.#door?.listening.address ?? this.#config.address;
  }

  get connectionCount(): number {
    return this.#startedMs.size;
  }

  get drainingChainCount(): number {
    return this.#draining.size;
  }

  /** Opens the socket, unless other listeners are to hand connections over. Returns why it cannot. */
  listen(): SocketError | undefined {
    const { address, bindToPort } = this.#config;
    if (!bindToPort) return undefined;
    const { net, sharesPorts } = this.#ports;
    const listening = net.listen({ ...address, reusePort: sharesPorts }, (socket) =>
      door.listener.#accept(socket),
    );
    if (isSocketError(listening)) return listening;
    // Nothing is accepted before this event is over, so nobody looks through the door before it is there.
    const door: Door = { listening, listener: this };
    this.#door = door;
    return undefined;
  }

  /** Accepts from now on what `other`, at the same address, accepted before: the socket is not closed in between. */
  takeOver(other: ActiveListener): void {
    const door = other.#door;
    other.#door = undefined;
    if (door === undefined) return;
    door.listener = this;
    this.#door = door;
  }

  /** Takes a new configuration for the same address: new connections see it, those of chains that are gone drain. */
  update(config: ListenerConfig): void {
    const before = this.#chains;
    const beforeDefault = this.#default;
    const chains = this.#createChains(config, before);
    this.#config = config;
    this.#chains = chains;
    this.#default = this.#createDefault(config);
    const kept = new Set(chains.values());
    for (const chain of before.values()) if (!kept.has(chain)) this.#drainChain(chain);
    if (beforeDefault !== undefined) this.#drainChain(beforeDefault);
  }

  /** No new connections; those there are end when their requests are answered. */
  drain(closesIdle: boolean): void {
    this.#door?.listening.close();
    this.#door = undefined;
    for (const chain of this.#allChains()) chain.drain(closesIdle);
  }

  close(): void {
    this.#door?.listening.close();
    this.#door = undefined;
    for (const chain of this.#allChains()) chain.close();
  }

  onConnectionClosed(connection: ServedConnection): void {
    const startedMs = this.#startedMs.get(connection);
    if (startedMs === undefined) return;
    this.#startedMs.delete(connection);
    this.#stats.dec(LISTENER.downstream_cx_active);
    this.#workerStats.dec(LISTENER_WORKER.downstream_cx_active);
    this.#stats.inc(LISTENER.downstream_cx_destroy);
    this.#lengths.record(this.#ports.dispatcher.nowMs - startedMs);
    for (const [chain, timer] of this.#draining) {
      if (chain.connections.size > 0) continue;
      this.#draining.delete(chain);
      this.#ports.dispatcher.wheel.disarm(timer);
    }
    this.#owner.onConnectionGone(this);
  }

  /** The chain is known (or no inspector has to look first): its network filter takes the connection. */
  serve(socket: Socket, known: Omit<ChainFacts, "destination">): ServedConnection | undefined {
    const { dispatcher } = this.#ports;
    const facts: ChainFacts = { destination: socket.local, ...known };
    const chain = findFilterChain([...this.#chains.values()], facts) ?? this.#default;
    if (chain === undefined) {
      this.#stats.inc(LISTENER.no_filter_chain_match);
      return undefined;
    }
    const connection = chain.accept(
      socket,
      {
        id: dispatcher.nextConnectionId(),
        remoteAddress: socket.remote,
        localAddress: socket.local,
        filterChainName: chain.config.name,
        requestedServerName: known.serverName,
      },
      this,
    );
    this.#startedMs.set(connection, dispatcher.nowMs);
    this.#stats.inc(LISTENER.downstream_cx_total);
    this.#stats.inc(LISTENER.downstream_cx_active);
    this.#workerStats.inc(LISTENER_WORKER.downstream_cx_total);
    this.#workerStats.inc(LISTENER_WORKER.downstream_cx_active);
    return connection;
  }

  /** undefined: the connection is not taken. */
  #accept(socket: Socket): DispatchedHandler | undefined {
    const { dispatcher } = this.#ports;
    this.#acceptedAtOnce.record(1);
    const { maxConnections, listenerFilters } = this.#config;
    if (maxConnections !== undefined && this.connectionCount >= maxConnections) {
      this.#stats.inc(LISTENER.downstream_cx_overflow);
      return undefined;
    }
    if (listenerFilters.httpInspector || listenerFilters.tlsInspector) {
      return new InspectedConnection(socket, this, dispatcher, this.#config, this.#stats);
    }
    return this.serve(socket, {
      serverName: undefined,
      transportProtocol: "raw_buffer",
      applicationProtocols: [],
    });
  }

  #createChains(
    config: ListenerConfig,
    before: ReadonlyMap<string, FilterChain>,
  ): ReadonlyMap<string, FilterChain> {
    const chains = new Map<string, FilterChain>();
    config.filterChains.forEach((chain, index) => {
      const message = config.message.filterChains[index];
      const key = message === undefined ? `#${index}` : versionOf(FilterChainSchema, message);
      chains.set(key, before.get(key) ?? this.#createChain(config, chain));
    });
    return chains;
  }

  #createDefault(config: ListenerConfig): FilterChain | undefined {
    const chain = config.defaultFilterChain;
    return chain === undefined ? undefined : this.#createChain(config, chain);
  }

  #createChain(config: ListenerConfig, chain: ListenerConfig["filterChains"][number]): FilterChain {
    return new FilterChain(chain, this.#ports.services, {
      listenerStatPrefix: `listener.${config.statName}.`,
      bufferLimitBytes: config.bufferLimitBytes,
    });
  }

  #drainChain(chain: FilterChain): void {
    if (chain.connections.size === 0) return;
    const { wheel, nowMs } = this.#ports.dispatcher;
    const end: TimeoutOwner = { onTimeout: () => chain.close() };
    const timer = new WheelTimer(end, 0);
    wheel.arm(timer, nowMs, this.#ports.drainTimeMs);
    this.#draining.set(chain, timer);
    // Not the idle ones at once: a request may be on its way to us. The next answer says that the connection ends.
    chain.drain(false);
  }

  *#allChains(): Iterable<FilterChain> {
    yield* this.#chains.values();
    if (this.#default !== undefined) yield this.#default;
    yield* this.#draining.keys();
  }
}

function versionOf<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  return contentVersion(toBinary(schema, message));
}
