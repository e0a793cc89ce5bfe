// A cluster at run time: its hosts, whose turn it is, and the rules that protect them. What it is made of lives in the files beside.
import { unreachable } from "#base/assert.ts";
import type { Dns } from "#base/dns.ts";
import type { ClusterConfig, EndpointsConfig, LocalityConfig } from "../config/cluster-config.ts";
import type { ResponseCodeStats } from "../stats/response-code-stats.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import { OUTLIER_DETECTION } from "../stats/schema/outlier-detection.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import { type TimeoutOwner, WheelTimer } from "../timer-wheel.ts";
import type { CircuitBreaker, Priority } from "./circuit-breaker.ts";
import { ClusterInfo, type UpstreamLoop } from "./cluster-info.ts";
import type { Discovery, DiscoveryOwner } from "./discovery/discovery.ts";
import { EdsDiscovery } from "./discovery/eds-discovery.ts";
import { OriginalDestination } from "./discovery/original-destination.ts";
import { StaticDiscovery } from "./discovery/static-discovery.ts";
import { StrictDnsDiscovery } from "./discovery/strict-dns-discovery.ts";
import type { Host } from "./host.ts";
import { HostSelector } from "./host-selector.ts";
import { HostSet, type PriorityHosts } from "./host-set.ts";
import { HostTable } from "./host-table.ts";
import { OutlierDetector, type OutlierListener, type OutlierRates } from "./outlier-detector.ts";
import type { PickContext } from "./pick-context.ts";
import type { SharedCounts } from "./resource-count.ts";

export interface ClusterPorts {
  readonly loop: UpstreamLoop;
  readonly dns: Dns;
  readonly stats: StatsStore;
}

/** Who owns a cluster hears of it. */
export interface ClusterOwner {
  onWarm(cluster: Cluster): void;
  onHostsChanged(cluster: Cluster): void;
}

export class Cluster implements DiscoveryOwner, OutlierListener, TimeoutOwner {
  readonly info: ClusterInfo;
  readonly name: string;
  readonly config: ClusterConfig;
  readonly stats: StatBlock<"cluster">;
  readonly codes: ResponseCodeStats;
  /** Present when the cluster has outlier detection: report what became of each request. */
  readonly outlier: OutlierDetector | undefined;
  readonly #owner: ClusterOwner;
  readonly #loop: UpstreamLoop;
  readonly #discovery: Discovery;
  readonly #originalDestination: OriginalDestination | undefined;
  readonly #hostSet: HostSet = new HostSet();
  readonly #hostTable: HostTable;
  readonly #selector: HostSelector;
  readonly #outlierTimer: WheelTimer = new WheelTimer(this, 0);
  #hasEndpoints = false;
  #isWarm = false;
  #isClosed = false;

  /** Does nothing until `start`. `counts`: see ClusterInfo. */
  constructor(
    config: ClusterConfig,
    ports: ClusterPorts,
    owner: ClusterOwner,
    counts?: SharedCounts,
  ) {
    this.info = new ClusterInfo(config, ports.stats, ports.loop, counts);
    this.name = config.name;
    this.config = config;
    this.stats = this.info.stats;
    this.codes = this.info.codes;
    this.#owner = owner;
    this.#loop = ports.loop;
    this.#hostTable = new HostTable(this.info);
    this.#selector = new HostSelector(config, this.stats, ports.loop.random);
    if (config.outlierDetection !== undefined) {
      this.outlier = new OutlierDetector(
        config.outlierDetection,
        ports.stats.block(`${this.info.statPrefix}outlier_detection.`, OUTLIER_DETECTION),
        ports.loop.random,
        this,
        ports.loop.nowMs,
      );
    }
    this.#discovery = this.#createDiscovery(ports.dns);
    this.#originalDestination =
      this.#discovery instanceof OriginalDestination ? this.#discovery : undefined;
  }

  /** Whether it may be used. A cluster that is not is kept apart, and what it is to replace stays in use. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** Every host, by priority and locality as configured. */
  get hosts(): readonly Host[] {
    return this.#hostSet.all;
  }

  /** Index is the priority. */
  get priorities(): readonly PriorityHosts[] {
    return this.#hostSet.priorities;
  }

  /** Percent; of the endpoints in use. */
  get overprovisioningFactor(): number {
    return this.#hostSet.overprovisioningFactor;
  }

  /** The host for one request or connection. undefined counts `upstream_cx_none_healthy` (503, UH). Hot path. */
  pick(context: PickContext): Host | undefined {
    const host =
      this.#originalDestination === undefined
        ? this.#selector.pick(context)
        : this.#originalDestination.pick(context.originalDestination);
    if (host === undefined) this.stats.inc(CLUSTER.upstream_cx_none_healthy);
    return host;
  }

  /** For /clusters; undefined without outlier detection. */
  outlierRates(): OutlierRates | undefined {
    return this.outlier?.rates;
  }

  /** `upstream_rq_time`, in milliseconds: an answer from upstream is complete. */
  recordRequestTime(ms: number, origin: "external" | "internal"): void {
    this.info.recordRequestTime(ms, origin);
  }

  breaker(priority: Priority): CircuitBreaker {
    return this.info.breaker(priority);
  }

  /** Begins to look for hosts. Becomes warm at once or later. */
  start(): void {
    this.stats.set(CLUSTER.warming_state, 1);
    if (this.outlier !== undefined) this.#armOutlierTimer(this.outlier);
    this.#discovery.start();
  }

  /** The control plane's assignment, or its word that there is none; EDS clusters only. */
  receiveEndpoints(endpoints: EndpointsConfig | undefined): void {
    this.#discovery.receiveEndpoints?.(endpoints);
  }

  /** No request comes any more: hosts drain, and each pool closes when its last request is done. */
  close(): void {
    this.#isClosed = true;
    if (!this.#isWarm) this.stats.set(CLUSTER.warming_state, 0);
    this.#discovery.close();
    this.#loop.wheel.disarm(this.#outlierTimer);
    this.outlier?.close();
    for (const host of this.#hostSet.all) host.remove();
  }

  applyEndpoints(localities: readonly LocalityConfig[], overprovisioningFactor: number): void {
    const { groups, isChanged } = this.#hostTable.update(localities);
    for (const { hosts } of groups) {
      this.stats.add(CLUSTER["default.total_match_count"], hosts.length);
    }
    const isSame = overprovisioningFactor === this.#hostSet.overprovisioningFactor && !isChanged;
    if (isSame && this.#hasEndpoints) {
      this.stats.inc(CLUSTER.update_no_rebuild);
      return;
    }
    const { added, removed } = this.#hostSet.replace(groups, overprovisioningFactor);
    for (const host of added) this.outlier?.addHost(host);
    for (const host of removed) {
      this.outlier?.removeHost(host);
      host.remove();
    }
    if (added.length > 0 || removed.length > 0) this.stats.inc(CLUSTER.membership_change);
    this.#hasEndpoints = true;
    this.#useHosts();
  }

  becomeWarm(): void {
    if (this.#isWarm || this.#isClosed) return;
    // The statistics may still show the hosts of the cluster that this one replaces.
    if (!this.#hasEndpoints) this.#useHosts();
    this.#isWarm = true;
    this.stats.set(CLUSTER.warming_state, 0);
    this.#owner.onWarm(this);
  }

  /** As Envoy does when a host is ejected (seen on 1.40: its idle connections close at once). */
  onEjected(host: Host): void {
    host.drainConnections();
  }

  onHealthChanged(): void {
    this.#hostSet.refresh();
    this.#useHosts();
  }

  onTimeout(): void {
    if (this.outlier === undefined || this.#isClosed) return;
    this.outlier.handleTimeout(this.#loop.nowMs);
    this.#armOutlierTimer(this.outlier);
  }

  #armOutlierTimer(outlier: OutlierDetector): void {
    const { wheel, nowMs } = this.#loop;
    wheel.arm(this.#outlierTimer, nowMs, outlier.nextTimeoutMs() - nowMs);
  }

  #useHosts(): void {
    this.#selector.refresh(this.#hostSet);
    const { total, healthy, degraded, excluded } = this.#hostSet.count();
    this.stats.set(CLUSTER.membership_total, total);
    this.stats.set(CLUSTER.membership_healthy, healthy);
    this.stats.set(CLUSTER.membership_degraded, degraded);
    this.stats.set(CLUSTER.membership_excluded, excluded);
    // Envoy reckons it where hosts come and go; of a STATIC cluster it says 0.
    if (this.config.discovery.kind !== "static") {
      this.stats.set(
        CLUSTER.max_host_weight,
        this.#hostSet.all.reduce((most, { weight }) => Math.max(most, weight), 1),
      );
    }
    this.#owner.onHostsChanged(this);
  }

  #createDiscovery(dns: Dns): Discovery {
    const { discovery } = this.config;
    switch (discovery.kind) {
      case "static":
        return new StaticDiscovery(this, discovery.endpoints);
      case "strictDns":
        return new StrictDnsDiscovery(this, discovery, dns);
      case "eds":
        return new EdsDiscovery(this, discovery);
      case "originalDst":
        return new OriginalDestination(this);
    }
    return unreachable(discovery);
  }
}
