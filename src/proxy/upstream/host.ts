// One upstream address of a cluster at run time: its health, weight and place, what was counted on it, and its connection pools.
import type { SocketAddress } from "#base/net.ts";
import type { EndpointConfig } from "../config/cluster-config.ts";
import type { Priority } from "./circuit-breaker.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import { ConnectionPool, type PooledConnection, type PoolKind } from "./connection-pool.ts";
import {
  EDS_FLAG_OF,
  EDS_FLAGS,
  HEALTH_FLAG,
  isDegraded,
  isExcluded,
  isHealthy,
} from "./health-flag.ts";
import type { HostMonitor } from "./host-monitor.ts";

export { HEALTH_FLAG };

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export type HostMetadata = EndpointConfig["metadata"];

/** Counters (cx_total, …) and gauges (…Active) of one host, as /clusters shows them. The pool and the router count. */
export class HostStats {
  cxActive = 0;
  cxConnectFail = 0;
  cxTotal = 0;
  rqActive = 0;
  /** Requests that ended in a 5xx or a reset. Counted by the router. */
  rqError = 0;
  rqPendingActive = 0;
  /** Requests that ended otherwise. Counted by the router. */
  rqSuccess = 0;
  /** Counted by the router. */
  rqTimeout = 0;
  rqTotal = 0;
}

/** A host is made once for an address and kept while the address stays, so pools, counts and ejections outlive updates. */
export class Host {
  readonly cluster: ClusterInfo;
  readonly address: SocketAddress;
  /** "127.0.0.1:80", "[::1]:80": the name it goes by in statistics, logs and updates. */
  readonly addressText: string;
  /** Bits of HEALTH_FLAG. */
  healthFlags = 0;
  /** Present while the cluster has outlier detection and the host is a member of it. */
  outlier: HostMonitor | undefined = undefined;
  readonly stats: HostStats = new HostStats();
  #endpoint: EndpointConfig;
  #locality: Locality;
  #priority: number;
  #isCanary: boolean;
  #isRemoved = false;
  readonly #pools: (ConnectionPool<PooledConnection> | undefined)[] = [
    undefined,
    undefined,
    undefined,
    undefined,
  ];

  /** `address` is where to connect; `endpoint.address` may still be the host name it was resolved from. */
  constructor(
    cluster: ClusterInfo,
    address: SocketAddress,
    endpoint: EndpointConfig,
    locality: Locality,
    priority: number,
  ) {
    this.cluster = cluster;
    this.address = address;
    this.addressText = formatAddress(address);
    this.#endpoint = endpoint;
    this.#locality = locality;
    this.#priority = priority;
    this.#isCanary = isCanary(endpoint.metadata);
    this.healthFlags = EDS_FLAG_OF[endpoint.health];
  }

  /** 1 … 2^32-1. */
  get weight(): number {
    return this.#endpoint.weight;
  }

  get hostname(): string {
    return this.#endpoint.hostname;
  }

  get metadata(): HostMetadata {
    return this.#endpoint.metadata;
  }

  get locality(): Locality {
    return this.#locality;
  }

  /** 0 is used first. */
  get priority(): number {
    return this.#priority;
  }

  get isCanary(): boolean {
    return this.#isCanary;
  }

  get isHealthy(): boolean {
    return isHealthy(this.healthFlags);
  }

  get isDegraded(): boolean {
    return isDegraded(this.healthFlags);
  }

  /** Not counted when health is weighed against the number of hosts. */
  get isExcluded(): boolean {
    return isExcluded(this.healthFlags);
  }

  get isEjected(): boolean {
    return (this.healthFlags & HEALTH_FLAG.failed_outlier_check) !== 0;
  }

  /** No longer a member of its cluster: never picked again, only finishing. */
  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  get activeRequests(): number {
    return this.stats.rqActive;
  }

  setHealthFlag(flag: number): void {
    this.healthFlags |= flag;
  }

  clearHealthFlag(flag: number): void {
    this.healthFlags &= ~flag;
  }

  /** Takes over what the control plane now says of the same address. Returns whether anything changed. */
  update(endpoint: EndpointConfig, locality: Locality, priority: number): boolean {
    const flags = (this.healthFlags & ~EDS_FLAGS) | EDS_FLAG_OF[endpoint.health];
    const old = this.#endpoint;
    const isChanged =
      flags !== this.healthFlags ||
      endpoint.weight !== old.weight ||
      endpoint.hostname !== old.hostname ||
      priority !== this.#priority ||
      !sameLocality(locality, this.#locality) ||
      !sameMetadata(endpoint.metadata, old.metadata);
    this.healthFlags = flags;
    this.#endpoint = endpoint;
    this.#locality = locality;
    this.#priority = priority;
    this.#isCanary = isCanary(endpoint.metadata);
    return isChanged;
  }

  /** The pool of connections of this kind for requests of this priority; made when first asked for. */
  pool<C extends PooledConnection>(kind: PoolKind<C>, priority: Priority): ConnectionPool<C> {
    const index = (kind.protocol === "http1" ? 0 : 2) + (priority === "default" ? 0 : 1);
    let pool = this.#pools[index];
    if (pool === undefined) {
      pool = new ConnectionPool<C>(
        kind,
        this,
        priority,
      ) as unknown as ConnectionPool<PooledConnection>;
      this.#pools[index] = pool;
    }
    // One kind for each protocol of a proxy: the pool in this place was made with the same kind.
    return pool as unknown as ConnectionPool<C>;
  }

  /** Lets the pools run dry: idle connections close now, busy ones when their request is done. */
  drain(): void {
    for (const pool of this.#pools) pool?.drain();
  }

  /** The host is in doubt: connections to it are not kept, new ones may be made. */
  drainConnections(): void {
    for (const pool of this.#pools) pool?.drainConnections();
  }

  /** The host left its cluster. */
  remove(): void {
    this.#isRemoved = true;
    this.drain();
  }
}

/** Envoy's way to write an address: IPv6 in brackets. */
export function formatAddress(address: SocketAddress): string {
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

export function sameLocality(a: Locality, b: Locality): boolean {
  return a === b || (a.region === b.region && a.zone === b.zone && a.subZone === b.subZone);
}

/** An order of keys that differs counts as a change, which does no harm. */
function sameMetadata(a: HostMetadata, b: HostMetadata): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** `envoy.lb: { canary: true }` marks a host as canary. */
function isCanary(metadata: HostMetadata): boolean {
  return metadata["envoy.lb"]?.["canary"] === true;
}
