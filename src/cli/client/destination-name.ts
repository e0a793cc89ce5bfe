// Destinations of outcomes by the names that people write: "reviews", "reviews.v2", "reviews.default.svc.cluster.local", "v2".
import type { Outcome } from "#explain/explain.ts";
import { resolveHost } from "#pilot/model/hostname.ts";
import { type OutboundName, parseOutboundCluster } from "#pilot/translate/names.ts";

const CLUSTER_DOMAIN = ".svc.cluster.local";

/** Where a part of the requests goes. */
export interface DestinationShare {
  readonly cluster: string;
  /** undefined for clusters that are no service's. */
  readonly name: OutboundName | undefined;
  /** Of the requests that go anywhere at all: all of them sum to 1. */
  readonly share: number;
}

/** Shares of the clusters that the outcomes name; what no fault or redirect keeps from going on. */
export function destinationShares(outcomes: readonly Outcome[]): readonly DestinationShare[] {
  const odds = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.cluster === undefined) continue;
    odds.set(outcome.cluster, (odds.get(outcome.cluster) ?? 0) + outcome.odds);
  }
  const total = [...odds.values()].reduce((sum, one) => sum + one, 0);
  return [...odds]
    .filter(([, one]) => one > 0)
    .map(([cluster, one]) => ({ cluster, name: parseOutboundCluster(cluster), share: one / total }))
    .sort((a, b) => b.share - a.share);
}

/** "reviews", "reviews.shop", or the host in full where it is no service of the mesh's domain. */
export function shortHost(hostname: string, namespace: string): string {
  if (!hostname.endsWith(CLUSTER_DOMAIN)) return hostname;
  const short = hostname.slice(0, -CLUSTER_DOMAIN.length);
  return short.endsWith(`.${namespace}`) ? short.slice(0, -namespace.length - 1) : short;
}

/** "reviews v2", as failures say it. */
export function showCluster(cluster: string, namespace: string): string {
  const name = parseOutboundCluster(cluster);
  if (name === undefined) return cluster;
  const host = shortHost(name.hostname, namespace);
  return name.subset === "" ? host : `${host} ${name.subset}`;
}

/** Whether `host`, as somebody in one of these namespaces writes it, is that service. */
export function isHost(host: string, hostname: string, namespaces: readonly string[]): boolean {
  if (namespaces.some((namespace) => resolveHost(host, namespace) === hostname)) return true;
  return [".svc.cluster.local", ".cluster.local"].some((rest) => `${host}${rest}` === hostname);
}

/** A destination in one word: a subset, a host, or both with a dot or a slash between. */
export function isCalled(
  word: string,
  { cluster, name }: Pick<DestinationShare, "cluster" | "name">,
  namespaces: readonly string[],
): boolean {
  if (name === undefined) return word === cluster;
  if (word === cluster || word === name.subset) return true;
  if (isHost(word, name.hostname, namespaces)) return true;
  const cut = Math.max(word.lastIndexOf("."), word.lastIndexOf("/"));
  if (cut === -1 || word.slice(cut + 1) !== name.subset) return false;
  return isHost(word.slice(0, cut), name.hostname, namespaces);
}
