// Hosts by address: an endpoint whose address was there before keeps its host, and with it pools, counts and ejection.
import type { LocalityConfig } from "../config/cluster-config.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import { formatAddress, Host, sameLocality } from "./host.ts";
import type { HostGroup } from "./host-set.ts";

export interface HostTableUpdate {
  readonly groups: readonly HostGroup[];
  /** False when members, their health, weights and places are what they were. */
  readonly isChanged: boolean;
}

export class HostTable {
  readonly #cluster: ClusterInfo;
  #hosts = new Map<string, Host>();
  #groups: readonly HostGroup[] = [];

  constructor(cluster: ClusterInfo) {
    this.#cluster = cluster;
  }

  /**
   * Endpoints have literal addresses. One that repeats an address is left out: the first counts. Another order of the same
   * endpoints is no change, and the old order stays (seen on Envoy 1.40: update_no_rebuild).
   */
  update(localities: readonly LocalityConfig[]): HostTableUpdate {
    const hosts = new Map<string, Host>();
    let isChanged = localities.length !== this.#groups.length;
    const groups = localities.map((locality, index): HostGroup => {
      const members: Host[] = [];
      for (const endpoint of locality.endpoints) {
        const key = formatAddress(endpoint.address);
        if (hosts.has(key)) continue;
        let host = this.#hosts.get(key);
        if (host === undefined) {
          host = new Host(this.#cluster, endpoint.address, endpoint, locality, locality.priority);
          isChanged = true;
        } else if (host.update(endpoint, locality, locality.priority)) {
          isChanged = true;
        }
        hosts.set(key, host);
        members.push(host);
      }
      const { weight, priority, region, zone, subZone } = locality;
      const group = { locality: { region, zone, subZone }, weight, priority, hosts: members };
      const before = this.#groups[index];
      if (before !== undefined && sameGroup(group, before)) return before;
      isChanged = true;
      return group;
    });
    this.#hosts = hosts;
    this.#groups = groups;
    return { groups, isChanged };
  }
}

function sameGroup(a: HostGroup, b: HostGroup): boolean {
  if (a.weight !== b.weight || a.priority !== b.priority || a.hosts.length !== b.hosts.length) {
    return false;
  }
  if (!sameLocality(a.locality, b.locality)) return false;
  const known = new Set(b.hosts);
  return a.hosts.every((host) => known.has(host));
}
