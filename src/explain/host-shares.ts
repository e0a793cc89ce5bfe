// Which hosts of a cluster a request may go to, and with which odds: priorities, panic, localities, then the load balancer.
import { Cluster_LbPolicy } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { typeNameOf } from "#proxy/config/any.ts";
import type { ClusterConfig, EndpointsConfig } from "#proxy/config/cluster-config.ts";
import {
  EDS_FLAG_OF,
  HEALTH_FLAG,
  isDegraded,
  isExcluded,
  isHealthy,
} from "#proxy/upstream/health-flag.ts";
import { effectiveWeight } from "#proxy/upstream/locality-weight.ts";
import { computePriorityShares } from "#proxy/upstream/priority-load.ts";
import { addressText } from "./address-text.ts";
import { enumName } from "./enum-name.ts";
import type { HostOdds } from "./explanation.ts";
import type { HostStatus, Locality } from "./proxy-configuration.ts";

/** A host as a pick sees it. */
export interface Candidate {
  readonly address: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  /** Bits of HEALTH_FLAG. */
  readonly flags: number;
  readonly activeRequests: number;
}

export interface HostShares {
  readonly hosts: readonly HostOdds[];
  /** A pick finds nobody: 503 UH. */
  readonly nobodyOdds: number;
  /** What is special about it, in words. */
  readonly notes: readonly string[];
}

const OVERPROVISIONING = 140;

/** Envoy's: the last is for everything beyond, which no proxy accepts. */
const MAX_PRIORITY = 128;

export function hostShares(
  config: ClusterConfig,
  endpoints: EndpointsConfig | undefined,
  statuses: readonly HostStatus[] | undefined,
): HostShares {
  const candidates = statuses?.map(ofStatus) ?? ofEndpoints(endpoints);
  const factor = endpoints?.overprovisioningFactor ?? OVERPROVISIONING;
  const count = candidates.reduce((most, { priority }) => Math.max(most, priority + 1), 1);
  const byPriority = Array.from({ length: count }, (_, priority) =>
    candidates.filter((candidate) => candidate.priority === priority),
  );
  const shares = computePriorityShares(
    byPriority.map((hosts) => ({
      total: hosts.length,
      healthy: hosts.filter(({ flags }) => isHealthy(flags)).length,
      degraded: hosts.filter(({ flags }) => isDegraded(flags)).length,
      excluded: hosts.filter(({ flags }) => isExcluded(flags)).length,
    })),
    factor,
    config.healthyPanicPercent,
  );
  const odds = new Map<Candidate, number>();
  const give = (hosts: readonly Candidate[], share: number): void => {
    const weights = hosts.map(weightFor(config, hosts));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, host] of hosts.entries()) {
      odds.set(host, (odds.get(host) ?? 0) + (share * (weights[i] ?? 0)) / total);
    }
  };
  const notes: string[] = [];
  for (const [priority, hosts] of byPriority.entries()) {
    const share = shares[priority];
    if (share === undefined || hosts.length === 0) continue;
    const { healthyPercent, degradedPercent, isPanic } = share;
    if (isPanic) {
      give(hosts, (healthyPercent + degradedPercent) / 100);
      const healthy = hosts.filter(({ flags }) => isHealthy(flags)).length;
      notes.push(
        `panic: ${healthy} of ${hosts.length} hosts healthy, less than ${config.healthyPanicPercent} %, so that health is not looked at`,
      );
      continue;
    }
    const parts = [
      [hosts.filter(({ flags }) => isHealthy(flags)), healthyPercent],
      [hosts.filter(({ flags }) => isDegraded(flags)), degradedPercent],
    ] as const;
    for (const [eligible, percent] of parts) {
      if (percent === 0 || eligible.length === 0) continue;
      giveLocalities(config, endpoints, { hosts, eligible, priority, factor }, percent / 100, give);
    }
  }
  if (count > 1) {
    notes.push(
      ...shares.map(
        ({ healthyPercent, degradedPercent }, priority) =>
          `priority ${priority}: ${healthyPercent + degradedPercent} % of requests, ${byPriority[priority]?.length ?? 0} hosts`,
      ),
    );
  }
  const workloads = workloadsOf(endpoints);
  const hosts = candidates.map((host): HostOdds => {
    const workload = workloads.get(host.address);
    return {
      address: host.address,
      odds: odds.get(host) ?? 0,
      health: healthText(host.flags),
      ...(workload === undefined ? {} : { workload }),
    };
  });
  const given = hosts.reduce((sum, host) => sum + host.odds, 0);
  const nobodyOdds = given > 1 - 1e-9 ? 0 : 1 - given;
  return { hosts: hosts.map((host) => scaled(host, given)), nobodyOdds, notes };
}

/** Of requests that find a host. */
const scaled = (host: HostOdds, given: number): HostOdds =>
  given === 0 ? host : { ...host, odds: host.odds / given };

interface LocalityTurn {
  readonly hosts: readonly Candidate[];
  readonly eligible: readonly Candidate[];
  readonly priority: number;
  readonly factor: number;
}

/** Without locality weights, or when none counts, all are one locality. */
function giveLocalities(
  config: ClusterConfig,
  endpoints: EndpointsConfig | undefined,
  { hosts, eligible, priority, factor }: LocalityTurn,
  share: number,
  give: (hosts: readonly Candidate[], share: number) => void,
): void {
  const turns = new Map<string, number>();
  if (config.localityWeighted) {
    for (const locality of endpoints?.localities ?? []) {
      if (locality.priority !== priority) continue;
      const key = keyOf(locality);
      const members = hosts.filter((host) => keyOf(host.locality) === key);
      const counts = {
        weight: locality.weight ?? 0,
        total: members.length,
        excluded: members.filter(({ flags }) => isExcluded(flags)).length,
      };
      const able = eligible.filter((host) => keyOf(host.locality) === key).length;
      const weight = effectiveWeight(counts, able, factor);
      if (weight > 0) turns.set(key, weight);
    }
  }
  const total = [...turns.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) {
    give(eligible, share);
    return;
  }
  for (const [key, weight] of turns) {
    const members = eligible.filter((host) => keyOf(host.locality) === key);
    give(members, (share * weight) / total);
  }
}

const keyOf = ({ region, zone, subZone }: Locality): string =>
  JSON.stringify([region, zone, subZone]);

/** What a host counts for among `hosts`: least request weighs load only when weights differ; random looks at no weights. */
function weightFor(
  config: ClusterConfig,
  hosts: readonly Candidate[],
): (host: Candidate) => number {
  if (config.loadBalancer.kind === "random") return () => 1;
  const isUnequal = hosts.some(({ weight }) => weight !== hosts[0]?.weight);
  if (config.loadBalancer.kind === "leastRequest" && isUnequal) {
    const { activeRequestBias } = config.loadBalancer;
    return ({ weight, activeRequests }) => weight / (activeRequests + 1) ** activeRequestBias;
  }
  return ({ weight }) => weight;
}

function ofStatus(status: HostStatus): Candidate {
  const { failed } = status;
  const health = EDS_FLAG_OF[edsName(status.health)];
  const flags =
    health |
    (failed.activeHealthCheck ? HEALTH_FLAG.failed_active_hc : 0) |
    (failed.outlierCheck ? HEALTH_FLAG.failed_outlier_check : 0) |
    (failed.activeDegradedCheck ? HEALTH_FLAG.degraded_active_hc : 0) |
    (failed.pendingActiveHealthCheck ? HEALTH_FLAG.pending_active_hc : 0) |
    (failed.pendingDynamicRemoval ? HEALTH_FLAG.pending_dynamic_removal : 0);
  const { address, weight, locality } = status;
  const priority = Math.min(status.priority, MAX_PRIORITY);
  const activeRequests = status.requests.active;
  return { address, weight: Math.max(1, weight), priority, locality, flags, activeRequests };
}

function edsName(health: HostStatus["health"]): keyof typeof EDS_FLAG_OF {
  return health.toLowerCase() as Lowercase<typeof health>;
}

function ofEndpoints(endpoints: EndpointsConfig | undefined): Candidate[] {
  return (endpoints?.localities ?? []).flatMap(
    ({ region, zone, subZone, priority, endpoints: list }) =>
      list.map(({ address, weight, health }) => ({
        address: addressText(address),
        // 0 is refused by every proxy; nothing here shall divide by it all the same.
        weight: Math.max(1, weight),
        priority: Math.min(priority, MAX_PRIORITY),
        locality: { region, zone, subZone },
        flags: EDS_FLAG_OF[health],
        activeRequests: 0,
      })),
  );
}

/** Istio's metadata: `name;namespace;service;revision;kubeCluster`. */
function workloadsOf(endpoints: EndpointsConfig | undefined): ReadonlyMap<string, string> {
  const workloads = new Map<string, string>();
  for (const { address, metadata } of endpoints?.localities.flatMap((one) => one.endpoints) ?? []) {
    const text = metadata["istio"]?.["workload"];
    const name = typeof text === "string" ? (text.split(";")[0] ?? "") : "";
    if (name !== "") workloads.set(addressText(address), name);
  }
  return workloads;
}

/** "healthy", or Envoy's words for what is wrong. */
export function healthText(flags: number): string {
  const names = Object.entries(HEALTH_FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);
  return names.length === 0 ? "healthy" : names.join(", ");
}

const HASHING: ReadonlySet<string> = new Set(["RING_HASH", "MAGLEV", "RingHash", "Maglev"]);

/** Envoy's name of the policy: "LEAST_REQUEST", "RING_HASH"; of the newer list the type: "RoundRobin". */
export function balancerName({ message }: ClusterConfig): string {
  const typed = message.loadBalancingPolicy?.policies[0]?.typedExtensionConfig?.typedConfig;
  if (typed === undefined) return enumName(Cluster_LbPolicy, message.lbPolicy);
  const type = typeNameOf(typed);
  return type.slice(type.lastIndexOf(".") + 1);
}

/** Whether the same request always goes to the same host. */
export function picksByHash(config: ClusterConfig): boolean {
  return HASHING.has(balancerName(config));
}
