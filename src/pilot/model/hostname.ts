// Host names as Istio's APIs use them: wildcards, which of two is more specific, and short names.
// Names here are lower-case; the validator and `resolveHost` see to it.

/** "*.example.com" or "*": the whole first label is a star. */
export function isWildcard(host: string): boolean {
  return host.startsWith("*");
}

/** Whether some name fits both: equal names, a name under a wildcard, or one wildcard within the other. */
export function hostsMatch(a: string, b: string): boolean {
  if (isWildcard(a)) {
    if (!isWildcard(b)) return b.endsWith(a.slice(1));
    // The longer suffix decides: "*.a.com" lies in "*.com".
    return a.length < b.length ? b.endsWith(a.slice(1)) : a.endsWith(b.slice(1));
  }
  if (isWildcard(b)) return a.endsWith(b.slice(1));
  return a === b;
}

/** Whether every name that fits `inner` also fits `outer`. */
export function isSubsetOf(inner: string, outer: string): boolean {
  if (!isWildcard(outer)) return inner === outer;
  return isWildcard(inner)
    ? inner.length >= outer.length && inner.endsWith(outer.slice(1))
    : inner.endsWith(outer.slice(1));
}

/** Sorts the most specific first: names before wildcards, then the longer, then by alphabet. */
export function compareSpecificity(a: string, b: string): number {
  const wildA = isWildcard(a);
  if (wildA !== isWildcard(b)) return wildA ? 1 : -1;
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The DNS suffix of services that are named by one word; Kubernetes' default, which Istio keeps outside it too. */
export const DOMAIN_SUFFIX = "svc.cluster.local";

/**
 * A host of a VirtualService or DestinationRule in full: a name without a dot is a service of the object's own namespace
 * ("reviews" -> "reviews.default.svc.cluster.local"); everything else stays as it is, in lower case.
 */
export function resolveHost(host: string, namespace: string): string {
  const lower = host.toLowerCase();
  const isAddress = lower.includes(":"); // IPv6; an IPv4 address has dots
  if (lower === "" || lower.includes(".") || isWildcard(lower) || isAddress) return lower;
  return `${lower}.${namespace}.${DOMAIN_SUFFIX}`;
}

/** The gateway that stands for all sidecars. */
export const MESH_GATEWAY = "mesh";

/**
 * A gateway of a VirtualService as "namespace/name": a bare name is of the object's own namespace, "./name" too, and Istio's
 * old form "name.namespace.svc.cluster.local" still counts. "mesh" stays.
 */
export function resolveGateway(gateway: string, namespace: string): string {
  if (gateway === MESH_GATEWAY) return gateway;
  if (gateway.startsWith("./")) return `${namespace}${gateway.slice(1)}`;
  if (gateway.includes("/")) return gateway;
  const [name = "", ofNamespace = namespace] = gateway.split(".");
  return `${ofNamespace}/${name}`;
}

/**
 * The candidate that fits `host` most closely: the exact name, else the longest wildcard that every name of `host` fits.
 * Costs one look-up a label.
 */
export function mostSpecificMatch<T>(
  host: string,
  candidates: ReadonlyMap<string, T>,
): T | undefined {
  const exact = candidates.get(host);
  if (exact !== undefined) return exact;
  let dot = host.indexOf(".", isWildcard(host) ? 2 : 0);
  while (dot !== -1) {
    const found = candidates.get(`*${host.slice(dot)}`);
    if (found !== undefined) return found;
    dot = host.indexOf(".", dot + 1);
  }
  return candidates.get("*");
}
