// How localities share the load, seen from one proxy (istio.md section 3): distribute sets weights, failover sets
// priorities. Istio's pilot/pkg/networking/core/loadbalancer is the reference; its numbers are kept.
import type { LocalityLoadBalancerSetting } from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Labels } from "../../model/labels.ts";
import type { Locality, ServiceEndpoint } from "../../model/service.ts";
import { group, type LocalityGroup } from "./assignment.ts";
import type { LocalitySettings } from "./locality-settings.ts";

export interface Viewer {
  readonly locality: Locality;
  readonly labels: Labels;
}

/** `hasOutlierDetection`: without it Envoy never sees that a locality fails, so failover priorities would only hide endpoints. */
export function withLocality(
  groups: readonly LocalityGroup[],
  viewer: Viewer,
  settings: LocalitySettings | undefined,
  hasOutlierDetection: boolean,
): readonly LocalityGroup[] {
  if (settings === undefined) return groups;
  if (settings.kind === "zoneAware") {
    const { enabled, failover, failoverPriority } = settings.value;
    if (enabled === false) return groups;
    const prioritized = byLabels(groups, viewer, failoverPriority);
    return compact(prioritized, 3, ({ locality }) =>
      regionRank(locality, viewer.locality, failover),
    );
  }
  const { distribute, failover, failoverPriority } = settings.value;
  if (distribute.length > 0) return distributed(groups, viewer.locality, distribute);
  if (!hasOutlierDetection) return groups;
  const prioritized = byLabels(groups, viewer, failoverPriority);
  if (failoverPriority.length > 0 && failover.length === 0) return prioritized;
  return compact(prioritized, 5, ({ locality }) =>
    localityRank(locality, viewer.locality, failover),
  );
}

type Distribute = LocalityLoadBalancerSetting["distribute"];

/** The first entry that fits the proxy counts; localities that it does not name get no endpoints. */
function distributed(
  groups: readonly LocalityGroup[],
  own: Locality,
  distribute: Distribute,
): readonly LocalityGroup[] {
  const entry = distribute.find(({ from }) => localityMatches(own, from));
  if (entry === undefined) return groups;
  const weights = new Map<LocalityGroup, number>();
  // A locality may fit several patterns ("region/*", "region/zone/*"): the first by name takes it.
  for (const pattern of Object.keys(entry.to).sort()) {
    const share = entry.to[pattern] ?? 0;
    const members = groups.filter(
      (candidate) => !weights.has(candidate) && localityMatches(candidate.locality, pattern),
    );
    const total = members.reduce((sum, { weight }) => sum + weight, 0);
    for (const member of members) weights.set(member, Math.ceil((member.weight * share) / total));
  }
  return groups.map((candidate) => {
    const weight = weights.get(candidate);
    if (weight === undefined) return { ...candidate, endpoints: [] };
    return weight > 0 ? { ...candidate, weight } : candidate;
  });
}

/** "region", "region/*", "region/zone/subzone", "*": what is left out or "*" matches anything. */
export function localityMatches(locality: Locality, pattern: string): boolean {
  if (pattern === "*") return true;
  const [region = "", zone = "*", subZone = "*"] = pattern.split("/");
  const fits = (own: string, wanted: string): boolean => wanted === "*" || own === wanted;
  return (
    fits(locality.region, region) && fits(locality.zone, zone) && fits(locality.subZone, subZone)
  );
}

type Failover = LocalityLoadBalancerSetting["failover"];

/** 0 same subzone, 1 same zone, 2 same region, 3 elsewhere, 4 elsewhere and not where `failover` sends this region. */
function localityRank(theirs: Locality, own: Locality, failover: Failover): number {
  if (theirs.region !== own.region) {
    const setting = failover.find(({ from }) => from === own.region);
    return setting === undefined || setting.to === theirs.region ? 3 : 4;
  }
  if (theirs.zone !== own.zone) return 2;
  return theirs.subZone === own.subZone ? 0 : 1;
}

/** Zone-aware balancing needs the whole region in priority 0; 1 is where `failover` sends it, 2 the rest. */
function regionRank(
  theirs: Locality,
  own: Locality,
  failover: readonly { readonly from: string; readonly to: string }[],
): number {
  if (theirs.region === own.region) return 0;
  return failover.find(({ from }) => from === own.region)?.to === theirs.region ? 1 : 2;
}

/** Adds a rank below the priority that is there, then closes the gaps: Envoy wants 0, 1, 2, …. `ranks` is how many there can be. */
function compact(
  groups: readonly LocalityGroup[],
  ranks: number,
  rank: (group: LocalityGroup) => number,
): readonly LocalityGroup[] {
  const raw = groups.map((candidate) => candidate.priority * ranks + rank(candidate));
  const order = [...new Set(raw)].sort((a, b) => a - b);
  return groups.map((candidate, i) => ({ ...candidate, priority: order.indexOf(raw[i] ?? 0) }));
}

const NETWORK_LABEL = "topology.istio.io/network";

/** `failoverPriority`: the more of the named labels agree, from the first on, the higher the priority. Splits localities. */
function byLabels(
  groups: readonly LocalityGroup[],
  viewer: Viewer,
  priorityLabels: readonly string[],
): readonly LocalityGroup[] {
  if (priorityLabels.length === 0 || Object.keys(viewer.labels).length === 0) return groups;
  const split = groups.flatMap(({ locality, endpoints }) => {
    const byRank = Map.groupBy(endpoints, (endpoint) =>
      labelRank(endpoint, viewer.labels, priorityLabels),
    );
    return [...byRank]
      .sort(([a], [b]) => a - b)
      .map(([priority, members]) => group(locality, members, priority));
  });
  return compact(split, 1, () => 0);
}

/** 0 when all agree; a different network counts as worse than every other difference, as in Istio. */
function labelRank(
  endpoint: ServiceEndpoint,
  own: Labels,
  priorityLabels: readonly string[],
): number {
  let penalty = 0;
  for (const [i, text] of priorityLabels.entries()) {
    const [label = "", wanted] = text.split("=", 2);
    if ((wanted ?? own[label] ?? "") === (endpoint.labels[label] ?? "")) continue;
    if (i === 0 && label === NETWORK_LABEL) penalty = priorityLabels.length;
    else return priorityLabels.length - i + penalty;
  }
  return penalty;
}
