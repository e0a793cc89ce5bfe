// All clusters by name: added, warmed, swapped, drained and removed. What is in use stays in use until its successor is warm.
import type { Dns } from "#base/dns.ts";
import type { Log } from "#base/log.ts";
import type { ClusterConfig, EndpointsConfig } from "../config/cluster-config.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import { CLUSTER_MANAGER } from "../stats/schema/cluster-manager.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import { Cluster, type ClusterOwner } from "./cluster.ts";
import type { UpstreamLoop } from "./cluster-info.ts";
import type { SharedCounts } from "./resource-count.ts";

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

export class ClusterManager implements ClusterOwner {
  readonly #ports: ClusterManagerPorts;
  readonly #stats: StatBlock<"clusterManager">;
  readonly #active = new Map<string, Cluster>();
  readonly #warming = new Map<string, Cluster>();
  /**
   * The last assignment for each service name that a cluster wants. A cluster that replaces another warms with it at once,
   * where Envoy would wait until the control plane sends the same again.
   */
  readonly #assignments = new Map<string, EndpointsConfig>();
  /** Clusters in use or warming, by the EDS service name that they want. */
  readonly #edsClusters = new Map<string, Set<Cluster>>();
  readonly #listeners = new Set<ClusterManagerListener>();
  #whenWarm: (() => void)[] = [];

  constructor(ports: ClusterManagerPorts) {
    this.#ports = ports;
    this.#stats = ports.stats.block("cluster_manager.", CLUSTER_MANAGER);
  }

  /** The cluster in use under `name`; one that is still warming does not count. Hot path. */
  cluster(name: string): Cluster | undefined {
    return this.#active.get(name);
  }

  /** In use, sorted by name. */
  clusters(): readonly Cluster[] {
    return sortedByName(this.#active);
  }

  warmingClusters(): readonly Cluster[] {
    return sortedByName(this.#warming);
  }

  /**
   * Adds or replaces. A cluster of the bootstrap file is not replaced by one of CDS. `counts` of its circuit breakers come with it
   * where other workers serve it too.
   */
  update(config: ClusterConfig, counts?: SharedCounts): ClusterUpdateOutcome {
    const { name } = config;
    const active = this.#active.get(name);
    const warming = this.#warming.get(name);
    const newest = warming ?? active;
    if (newest !== undefined && !newest.config.addedViaApi && config.addedViaApi) {
      return "blockedByStatic";
    }
    if (newest?.config.hash === config.hash) return "unchanged";
    this.#stats.inc(
      newest === undefined ? CLUSTER_MANAGER.cluster_added : CLUSTER_MANAGER.cluster_modified,
    );
    if (active?.config.hash === config.hash) {
      // Back to what is in use, before the change in between took hold.
      this.#warming.delete(name);
    } else {
      this.#startWarming(config, counts);
    }
    if (warming !== undefined) this.#close(warming);
    this.#onCountsChanged();
    return newest === undefined ? "added" : "modified";
  }

  /** Returns false when there is none, or it is of the bootstrap file. */
  remove(name: string): boolean {
    const active = this.#active.get(name);
    const warming = this.#warming.get(name);
    const newest = warming ?? active;
    if (newest === undefined || !newest.config.addedViaApi) return false;
    this.#active.delete(name);
    this.#warming.delete(name);
    if (active !== undefined) this.#close(active);
    if (warming !== undefined) this.#close(warming);
    this.#stats.inc(CLUSTER_MANAGER.cluster_removed);
    this.#releaseStats(newest);
    for (const listener of this.#listeners) listener.onClusterRemoved?.(name);
    this.#onCountsChanged();
    return true;
  }

  /** EDS service names wanted by clusters in use or warming; each once, sorted. */
  edsNames(): readonly string[] {
    return [...this.#edsClusters.keys()].sort();
  }

  /** A new assignment for the service name `endpoints.clusterName`; ignored when no cluster wants it. */
  updateEndpoints(endpoints: EndpointsConfig): void {
    const clusters = this.#edsClusters.get(endpoints.clusterName);
    if (clusters === undefined) return;
    this.#assignments.set(endpoints.clusterName, endpoints);
    // A copy: a cluster that gets warm takes the one it replaces out of the set.
    for (const cluster of [...clusters]) cluster.receiveEndpoints(endpoints);
  }

  /** The control plane says that there is no such assignment: who waits for it gets warm without; who has hosts keeps them. */
  removeEndpoints(serviceName: string): void {
    this.#assignments.delete(serviceName);
    for (const cluster of [...(this.#edsClusters.get(serviceName) ?? [])]) {
      cluster.receiveEndpoints(undefined);
    }
  }

  addListener(listener: ClusterManagerListener): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Calls once, as soon as no cluster is warming; at once when none is. */
  whenWarm(callback: () => void): void {
    if (this.#warming.size === 0) callback();
    else this.#whenWarm.push(callback);
  }

  /** Gauges of what all workers count together are written anew, to be read now. */
  refreshGauges(): void {
    for (const cluster of this.#active.values()) {
      cluster.breaker("default").refreshGauges();
      cluster.breaker("high").refreshGauges();
    }
  }

  /** Ends everything: hosts drain, no timer stays. */
  close(): void {
    this.#whenWarm = [];
    for (const cluster of [...this.#active.values(), ...this.#warming.values()]) {
      this.#close(cluster);
    }
    this.#active.clear();
    this.#warming.clear();
  }

  onWarm(cluster: Cluster): void {
    const replaced = this.#active.get(cluster.name);
    this.#warming.delete(cluster.name);
    this.#active.set(cluster.name, cluster);
    if (replaced !== undefined) this.#close(replaced);
    for (const listener of this.#listeners) listener.onClusterWarm?.(cluster, replaced);
    this.#onCountsChanged();
  }

  onHostsChanged(cluster: Cluster): void {
    if (cluster.isWarm) this.#stats.inc(CLUSTER_MANAGER.cluster_updated);
  }

  #startWarming(config: ClusterConfig, counts: SharedCounts | undefined): void {
    const cluster = new Cluster(config, this.#ports, this, counts);
    this.#warming.set(config.name, cluster);
    const edsName = edsNameOf(config);
    if (edsName !== undefined) this.#wantEndpoints(edsName, cluster);
    cluster.start();
    const assignment = edsName === undefined ? undefined : this.#assignments.get(edsName);
    if (assignment === undefined) return;
    cluster.stats.inc(CLUSTER.assignment_use_cached);
    cluster.receiveEndpoints(assignment);
  }

  #wantEndpoints(edsName: string, cluster: Cluster): void {
    const clusters = this.#edsClusters.get(edsName);
    if (clusters !== undefined) {
      clusters.add(cluster);
      return;
    }
    this.#edsClusters.set(edsName, new Set([cluster]));
    for (const listener of this.#listeners) listener.onEdsNamesChanged?.();
  }

  #close(cluster: Cluster): void {
    cluster.close();
    const edsName = edsNameOf(cluster.config);
    const clusters = edsName === undefined ? undefined : this.#edsClusters.get(edsName);
    if (edsName === undefined || clusters === undefined) return;
    clusters.delete(cluster);
    if (clusters.size > 0) return;
    this.#edsClusters.delete(edsName);
    this.#assignments.delete(edsName);
    for (const listener of this.#listeners) listener.onEdsNamesChanged?.();
  }

  #onCountsChanged(): void {
    this.#stats.set(CLUSTER_MANAGER.active_clusters, this.#active.size);
    this.#stats.set(CLUSTER_MANAGER.warming_clusters, this.#warming.size);
    if (this.#warming.size > 0) return;
    const callbacks = this.#whenWarm;
    this.#whenWarm = [];
    for (const callback of callbacks) callback();
  }

  /** The statistics of a cluster that is gone go too, unless another cluster's names lie below the same prefix. */
  #releaseStats({ info }: Cluster): void {
    const others = [...this.#active.values(), ...this.#warming.values()];
    const isShared = others.some((other) => other.info.statPrefix.startsWith(info.statPrefix));
    if (!isShared) this.#ports.stats.release(info.statPrefix);
  }
}

function edsNameOf({ discovery }: ClusterConfig): string | undefined {
  return discovery.kind === "eds" ? discovery.serviceName : undefined;
}

function sortedByName(clusters: ReadonlyMap<string, Cluster>): readonly Cluster[] {
  return [...clusters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
