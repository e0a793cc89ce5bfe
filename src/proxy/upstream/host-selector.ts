// From a cluster to one host: priority, then panic or not, then locality, then the load balancer of that list of hosts.
// Envoy: LoadBalancerBase::choosePriority, ZoneAwareLoadBalancerBase::hostSourceToUse.
import { below, type Random } from "#base/random.ts";
import type { ClusterConfig } from "../config/cluster-config.ts";
import { CLUSTER } from "../stats/schema/cluster.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { Host } from "./host.ts";
import type { HostSet } from "./host-set.ts";
import { loadBalancerFactory } from "./load-balancer/create-load-balancer.ts";
import type { CreateLoadBalancer, LoadBalancer } from "./load-balancer/load-balancer.ts";
import { LocalityScheduler } from "./locality-scheduler.ts";
import type { PickContext } from "./pick-context.ts";
import { computePriorityShares } from "./priority-load.ts";

/** The balancers of one priority: one for each list of hosts that a pick can come from. They live as long as the cluster. */
interface PrioritySources {
  readonly all: LoadBalancer;
  readonly healthy: LoadBalancer;
  readonly degraded: LoadBalancer;
  /** Only with locality weights. */
  readonly healthyLocalities: LocalityScheduler | undefined;
  readonly degradedLocalities: LocalityScheduler | undefined;
  isPanic: boolean;
}

export class HostSelector {
  readonly #config: ClusterConfig;
  readonly #stats: StatBlock<"cluster">;
  readonly #random: Random;
  readonly #createBalancer: CreateLoadBalancer;
  readonly #sources: PrioritySources[] = [];
  /** Cumulative percents of all priorities, healthy first and then degraded: place p + n is the degraded part of p. */
  #limits: number[] = [100, 100];
  #priorityCount = 1;
  /** The place that gets everything, or -1 when traffic is spread: spares the draw. */
  #onlyPlace = 0;

  constructor(config: ClusterConfig, stats: StatBlock<"cluster">, random: Random) {
    this.#config = config;
    this.#stats = stats;
    this.#random = random;
    this.#createBalancer = loadBalancerFactory(config.loadBalancer);
    this.#sources.push(this.#createSources());
  }

  /** Takes over the lists of `hosts`; to be called after each change of it. */
  refresh(hosts: HostSet): void {
    const { priorities, overprovisioningFactor } = hosts;
    const shares = computePriorityShares(
      priorities.map(({ all, healthy, degraded, excludedCount }) => ({
        total: all.length,
        healthy: healthy.length,
        degraded: degraded.length,
        excluded: excludedCount,
      })),
      overprovisioningFactor,
      this.#config.healthyPanicPercent,
    );
    let cumulative = 0;
    const loads = [
      ...shares.map(({ healthyPercent }) => healthyPercent),
      ...shares.map(({ degradedPercent }) => degradedPercent),
    ];
    this.#priorityCount = priorities.length;
    this.#onlyPlace = loads.indexOf(100);
    this.#limits = loads.map((load) => {
      cumulative += load;
      return cumulative;
    });
    this.#sources.length = Math.min(this.#sources.length, priorities.length);
    for (const [priority, lists] of priorities.entries()) {
      this.#sources[priority] ??= this.#createSources();
      const sources = this.#sources[priority];
      sources.isPanic = shares[priority]?.isPanic ?? false;
      sources.all.update(lists.all);
      sources.healthy.update(lists.healthy);
      sources.degraded.update(lists.degraded);
      const { localities } = lists;
      sources.healthyLocalities?.update(localities, (of) => of.healthy, overprovisioningFactor);
      sources.degradedLocalities?.update(localities, (of) => of.degraded, overprovisioningFactor);
    }
  }

  /** Hot path: makes no object. */
  pick(context: PickContext): Host | undefined {
    let host = this.#pickOnce();
    for (let again = 0; again < context.hostSelectionRetryCount; again += 1) {
      if (host === undefined || !context.shouldAvoid(host)) return host;
      host = this.#pickOnce();
    }
    return host;
  }

  #pickOnce(): Host | undefined {
    const place = this.#onlyPlace >= 0 ? this.#onlyPlace : this.#drawPlace();
    const isDegraded = place >= this.#priorityCount;
    const sources = this.#sources[isDegraded ? place - this.#priorityCount : place];
    if (sources === undefined) return undefined;
    if (sources.isPanic) {
      this.#stats.inc(CLUSTER.lb_healthy_panic);
      return sources.all.pick();
    }
    const localities = isDegraded ? sources.degradedLocalities : sources.healthyLocalities;
    const balancer = localities?.pick() ?? (isDegraded ? sources.degraded : sources.healthy);
    return balancer.pick();
  }

  #drawPlace(): number {
    const percent = below(this.#random, 100) + 1;
    let place = 0;
    while (percent > (this.#limits[place] as number)) place += 1;
    return place;
  }

  #createSources(): PrioritySources {
    const create = (): LoadBalancer => this.#createBalancer(this.#random);
    const localities = (): LocalityScheduler | undefined =>
      this.#config.localityWeighted ? new LocalityScheduler(create, this.#random) : undefined;
    return {
      all: create(),
      healthy: create(),
      degraded: create(),
      healthyLocalities: localities(),
      degradedLocalities: localities(),
      isPanic: false,
    };
  }
}
