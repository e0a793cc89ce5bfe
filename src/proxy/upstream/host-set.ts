// All hosts of a cluster by priority and locality, with who of them is healthy. Lists are made anew when something changes,
// never per pick, and a list once made does not change.
import { type Host, type Locality, sameLocality } from "./host.ts";

/** Hosts of one locality in one priority, as discovery found them. */
export interface HostGroup {
  readonly locality: Locality;
  /** 0 … 2^32-1; undefined when none was given, which under locality weights is 0. */
  readonly weight: number | undefined;
  readonly priority: number;
  readonly hosts: readonly Host[];
}

/** Hosts, and who of them may be picked. */
interface HostLists {
  readonly all: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
  readonly excludedCount: number;
}

export interface LocalityHosts extends HostLists {
  readonly locality: Locality;
  readonly weight: number;
}

export interface PriorityHosts extends HostLists {
  /** Sorted by region, zone and sub-zone. */
  readonly localities: readonly LocalityHosts[];
}

/** What an update of the membership changed. */
export interface MembershipChange {
  readonly added: readonly Host[];
  readonly removed: readonly Host[];
}

export class HostSet {
  #groups: readonly HostGroup[] = [];
  #all: readonly Host[] = [];
  #priorities: readonly PriorityHosts[] = [toPriorityHosts([])];
  /** Percent; how much more than its share a priority or locality can take (default 140). */
  overprovisioningFactor = 140;

  /** Index is the priority; there is at least one, and those without hosts have empty lists. */
  get priorities(): readonly PriorityHosts[] {
    return this.#priorities;
  }

  get all(): readonly Host[] {
    return this.#all;
  }

  /** Replaces the members. Hosts are told apart by identity: who keeps an address keeps its host. */
  replace(groups: readonly HostGroup[], overprovisioningFactor: number): MembershipChange {
    const before = new Set(this.#all);
    this.#groups = groups;
    this.#all = groups.flatMap(({ hosts }) => hosts);
    this.overprovisioningFactor = overprovisioningFactor;
    this.refresh();
    const added = this.#all.filter((host) => !before.delete(host));
    return { added, removed: [...before] };
  }

  /** Sorts the hosts into healthy, degraded and excluded again, after the health or weight of any of them changed. */
  refresh(): void {
    const count = this.#groups.reduce((most, { priority }) => Math.max(most, priority + 1), 1);
    this.#priorities = Array.from({ length: count }, (_, priority) =>
      toPriorityHosts(this.#groups.filter((group) => group.priority === priority)),
    );
  }

  count(): { total: number; healthy: number; degraded: number; excluded: number } {
    const counts = { total: 0, healthy: 0, degraded: 0, excluded: 0 };
    for (const { all, healthy, degraded, excludedCount } of this.#priorities) {
      counts.total += all.length;
      counts.healthy += healthy.length;
      counts.degraded += degraded.length;
      counts.excluded += excludedCount;
    }
    return counts;
  }
}

function toPriorityHosts(groups: readonly HostGroup[]): PriorityHosts {
  const localities: { locality: Locality; weight: number; hosts: Host[] }[] = [];
  for (const { locality, weight, hosts } of groups) {
    const known = localities.find((other) => sameLocality(other.locality, locality));
    if (known === undefined) localities.push({ locality, weight: weight ?? 0, hosts: [...hosts] });
    else known.hosts.push(...hosts);
  }
  localities.sort((a, b) => compareLocalities(a.locality, b.locality));
  return {
    ...toLists(groups.flatMap(({ hosts }) => hosts)),
    localities: localities.map(({ locality, weight, hosts }) => ({
      ...toLists(hosts),
      locality,
      weight,
    })),
  };
}

function toLists(all: readonly Host[]): HostLists {
  return {
    all,
    healthy: all.filter((host) => host.isHealthy),
    degraded: all.filter((host) => host.isDegraded),
    excludedCount: all.filter((host) => host.isExcluded).length,
  };
}

function compareLocalities(a: Locality, b: Locality): number {
  return (
    compareText(a.region, b.region) ||
    compareText(a.zone, b.zone) ||
    compareText(a.subZone, b.subZone)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
