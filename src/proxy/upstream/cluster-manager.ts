// All clusters by name: added, warmed, swapped, drained and removed.
import type { Dns } from "#base/dns.ts";
import type { Log } from "#base/log.ts";
import type { ClusterConfig, EndpointsConfig } from "../config/cluster-config.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { Cluster } from "./cluster.ts";
import type { UpstreamLoop } from "./cluster-info.ts";

export interface ClusterManagerPorts {
  readonly loop: UpstreamLoop;
  readonly dns: Dns;
  readonly stats: StatsStore;
  readonly log: Log;
}

/** Each call is optional. */
export interface ClusterManagerListener {
  /** A cluster is in use from now on: new, or in place of `replaced`, which drains. */
  onClusterWarm?(cluster: Cluster, replaced: Cluster | undefined): void;
  onClusterRemoved?(name: string): void;
  /** `edsNames()` changed. */
  onEdsNamesChanged?(): void;
}

export type ClusterUpdateOutcome = "added" | "modified" | "unchanged" | "blockedByStatic";

export declare class ClusterManager {
  constructor(ports: ClusterManagerPorts);
  /** The cluster in use under `name`; one that is still warming does not count. Hot path. */
  cluster(name: string): Cluster | undefined;
  /** In use, sorted by name. */
  clusters(): readonly Cluster[];
  warmingClusters(): readonly Cluster[];
  /** Adds or replaces. A cluster of the bootstrap file cannot be replaced by CDS. */
  update(config: ClusterConfig): ClusterUpdateOutcome;
  /** Returns false when there is none, or it is of the bootstrap file. */
  remove(name: string): boolean;
  /** EDS service names wanted by clusters in use or warming; each once, sorted. */
  edsNames(): readonly string[];
  /** A new assignment for the service name `endpoints.clusterName`; ignored when nobody wants it. */
  updateEndpoints(endpoints: EndpointsConfig): void;
  /** The control plane says that there is no such assignment: clusters that wait for it get warm without hosts. */
  removeEndpoints(serviceName: string): void;
  addListener(listener: ClusterManagerListener): { close(): void };
  /** Calls once, as soon as no cluster is warming; at once when none is. */
  whenWarm(callback: () => void): void;
  /** Closes every connection and timer. */
  close(): void;
}
