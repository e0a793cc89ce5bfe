// What the admin pages show of all workers together: worker 0 as it is now, the others as they last reported.
import type { ClusterView, HostView, StatsView } from "../admin/admin-state.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { HostStats } from "../upstream/host.ts";
import type { HostReport, HostsReport } from "./messages.ts";
import type { ProxyWorker } from "./proxy-worker.ts";
import type { WorkerGroup } from "./worker-group.ts";

/** Summed as merge-rules.ts says. */
export function statsOfAll(own: ProxyWorker, others: WorkerGroup): StatsView {
  return {
    snapshot: () => {
      const all = new StatsStore();
      all.absorb(own.report());
      for (const report of others.stats) all.absorb(report);
      return all.snapshot();
    },
    resetCounters: () => {
      own.stats.resetCounters();
      others.broadcast({ kind: "resetCounters" });
    },
  };
}

/** Hosts with what all workers have counted on them; ejected when one worker has ejected it. */
export function clustersOfAll(own: readonly ClusterView[], others: WorkerGroup): ClusterView[] {
  const reports = others.hosts;
  return own.map((cluster) => ({
    name: cluster.name,
    config: cluster.config,
    priorities: cluster.priorities,
    overprovisioningFactor: cluster.overprovisioningFactor,
    hosts: cluster.hosts.map((host) => hostOfAll(host, reportsOf(reports, cluster.name, host))),
    outlierRates: () => cluster.outlierRates?.(),
  }));
}

function reportsOf(
  reports: readonly HostsReport[],
  cluster: string,
  { addressText }: HostView,
): HostReport[] {
  return reports.flatMap((report) => report.get(cluster)?.get(addressText) ?? []);
}

function hostOfAll(host: HostView, reports: readonly HostReport[]): HostView {
  const { address, addressText, hostname, weight, locality, priority, isCanary } = host;
  const { metadata, outlier } = host;
  const stats = new HostStats();
  let healthFlags = 0;
  for (const report of [host, ...reports]) {
    for (const key of HOST_STATS) stats[key] += report.stats[key];
    healthFlags |= report.healthFlags;
  }
  return {
    address,
    addressText,
    hostname,
    stats,
    healthFlags,
    weight,
    locality,
    priority,
    isCanary,
    metadata,
    outlier,
  };
}

const HOST_STATS = Object.keys(new HostStats()) as (keyof HostStats)[];
