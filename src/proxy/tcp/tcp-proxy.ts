// The TCP proxy network filter at run time: one configuration with its statistics and logs, shared by its connections.
import type { Socket } from "#base/net.ts";
import type { TcpProxyConfig } from "../config/listener-config.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { StreamLog } from "../http/connection-manager.ts";
import type { ConnectionFacts } from "../http/stream-record.ts";
import { TCP } from "../stats/schema/tcp.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { ClusterManager } from "../upstream/cluster-manager.ts";
import type { TcpPoolKind } from "./tcp-client-connection.ts";
import { TcpSession, type TcpSessionOwner } from "./tcp-session.ts";

/** What one worker's TCP proxies share. */
export interface TcpServices {
  readonly dispatcher: Dispatcher;
  readonly clusters: Pick<ClusterManager, "cluster">;
  readonly poolKind: TcpPoolKind;
  readonly stats: StatsStore;
}

export interface TcpProxyOptions {
  readonly services: TcpServices;
  readonly config: TcpProxyConfig;
  readonly logs: readonly StreamLog[];
  /** The listener's per_connection_buffer_limit_bytes. */
  readonly bufferLimitBytes: number;
}

export class TcpProxy {
  readonly services: TcpServices;
  readonly config: TcpProxyConfig;
  readonly logs: readonly StreamLog[];
  readonly bufferLimitBytes: number;
  readonly stats: StatBlock<"tcp">;
  readonly #totalWeight: number;

  constructor(options: TcpProxyOptions) {
    const { services, config } = options;
    this.services = services;
    this.config = config;
    this.logs = options.logs;
    this.bufferLimitBytes = options.bufferLimitBytes;
    this.stats = services.stats.block(`tcp.${config.statPrefix}.`, TCP);
    this.#totalWeight = config.clusters.reduce((sum, { weight }) => sum + weight, 0);
  }

  /**
   * Takes over a connection that a listener accepted; the session is its socket's handler from now on. The first attempt to
   * connect starts at the end of this event, so that `owner` hears of nothing before this returns.
   */
  accept(socket: Socket, facts: ConnectionFacts, owner: TcpSessionOwner): TcpSession {
    return new TcpSession(socket, this, owner, facts);
  }

  /** Where the next attempt of a connection goes: each is drawn anew, as in Envoy. undefined: no cluster has a weight. */
  chooseClusterName(): string | undefined {
    const { clusters } = this.config;
    if (clusters.length <= 1) return clusters[0]?.name;
    let left = this.services.dispatcher.random.u32() % this.#totalWeight;
    for (const { name, weight } of clusters) {
      if (left < weight) return name;
      left -= weight;
    }
    return undefined;
  }
}
