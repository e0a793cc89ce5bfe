// Make before break: what may go to a client now, given what it has acknowledged. Looks across the types of one stream.
//
//   clusters (CDS) ─► endpoints (EDS) ─► ACK of both ─► listeners (LDS), routes (RDS) that name them ─► ACK ─► removals
//
// The order is kept resource by resource, not stage by stage: a route configuration waits for exactly the clusters that it
// names, and a cluster stays for exactly as long as something that the client may still use names it. So an endpoint change
// never waits for a slow cluster elsewhere, and a NACK stops only what depends on it. Resources that do not say what they
// name (Resource.clusterNames is undefined) are taken to name everything; then this is the order by stages.
import { ORDER_LIMIT_MS } from "#xds/limits.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SCOPED_ROUTE } from "#xds/type-url.ts";
import type { Resource } from "./resource.ts";
import type { TypeState } from "./type-state.ts";

export type Types = ReadonlyMap<string, TypeState>;

type Readiness = "ready" | "waiting" | "refused";

const WAITS_FOR_CLUSTERS: ReadonlySet<string> = new Set([LISTENER, ROUTE, SCOPED_ROUTE]);

/** Has the client accepted this cluster and, where it discovers endpoints, an assignment for it? */
function clusterReadiness(types: Types, name: string): Readiness {
  const clusters = types.get(CLUSTER);
  // A client that does not ask for the cluster here (gRPC asks when a route has told it the name) waits for it itself.
  if (clusters === undefined) return "ready";
  if (!clusters.subscription.isWildcard && !clusters.subscription.isNamed(name)) return "ready";
  const accepted = clusters.accepted(name);
  if (accepted === undefined) {
    if (clusters.refusals.has(name)) return clusters.toSend.has(name) ? "waiting" : "refused";
    // Not in the world at all: a route to nowhere is the author's, and waiting would not mend it.
    return clusters.sent.has(name) || clusters.toSend.has(name) ? "waiting" : "ready";
  }
  const endpoints = types.get(ENDPOINT);
  if (accepted.endpointsName === undefined || endpoints === undefined) return "ready";
  return endpoints.accepted(accepted.endpointsName) === undefined ? "waiting" : "ready";
}

/** All clusters of the stream together, for resources that do not say which they name. */
function allClustersReadiness(types: Types): Readiness {
  const clusters = types.get(CLUSTER);
  if (clusters === undefined) return "ready";
  let worst: Readiness = "ready";
  const look = (name: string): void => {
    const readiness = clusterReadiness(types, name);
    if (readiness === "refused" || worst === "ready") worst = readiness;
  };
  for (const name of clusters.toSend.keys()) look(name);
  for (const name of clusters.sent.keys()) look(name);
  return worst;
}

/** Decides for the length of one response: holds what has to wait, with the time until which. */
export class OrderCheck {
  readonly #types: Types;
  readonly #nowMs: number;
  #all: Readiness | undefined;

  constructor(types: Types, nowMs: number) {
    this.#types = types;
    this.#nowMs = nowMs;
  }

  maySend(type: TypeState, resource: Resource): boolean {
    if (!WAITS_FOR_CLUSTERS.has(type.typeUrl)) return true;
    const readiness = this.#readiness(resource);
    if (readiness === "ready") return true;
    if (readiness === "refused") {
      // What the client has works, the newer one would lead into a cluster that it refused. With nothing to keep, a
      // listener or route that works in part is better than one that never comes.
      if (type.accepted(resource.name) === undefined) return true;
      type.heldUntilMs.set(resource.name, Number.POSITIVE_INFINITY);
      return false;
    }
    const untilMs = type.heldUntilMs.get(resource.name);
    if (untilMs === Number.NEGATIVE_INFINITY) return true;
    if (untilMs === undefined || untilMs === Number.POSITIVE_INFINITY) {
      type.heldUntilMs.set(resource.name, this.#nowMs + ORDER_LIMIT_MS);
    }
    return false;
  }

  /** The names of `type.toRemove` that nothing the client may still use refers to. */
  removable(type: TypeState): string[] {
    if (type.toRemove.size === 0) return [];
    switch (type.typeUrl) {
      case CLUSTER:
        return this.#unusedClusters(type);
      case ENDPOINT:
        return this.#isQuiet(CLUSTER) ? [...type.toRemove] : [];
      case ROUTE:
        return this.#isQuiet(LISTENER) ? [...type.toRemove] : [];
      default:
        return [...type.toRemove];
    }
  }

  #readiness(resource: Resource): Readiness {
    if (resource.clusterNames === undefined) {
      this.#all ??= allClustersReadiness(this.#types);
      return this.#all;
    }
    let worst: Readiness = "ready";
    for (const name of resource.clusterNames) {
      const readiness = clusterReadiness(this.#types, name);
      if (readiness === "refused") return "refused";
      if (readiness === "waiting") worst = "waiting";
    }
    return worst;
  }

  /** Nothing of the type is under way or waits to be. */
  #isQuiet(typeUrl: string): boolean {
    const type = this.#types.get(typeUrl);
    if (type === undefined) return true;
    return type.toSend.size === 0 && type.toRemove.size === 0 && !type.isWaiting;
  }

  #unusedClusters(clusters: TypeState): string[] {
    const used = new Set<string>();
    for (const type of this.#types.values()) {
      if (!WAITS_FOR_CLUSTERS.has(type.typeUrl) && type !== clusters) continue;
      // While an answer is out, anything may still be in use.
      if (type.isWaiting) return [];
      // Only what differs from the newest world can name a cluster that the newest world does not have.
      const unsettled = new Set(type.unaccepted());
      for (const name of type.toSend.keys()) if (type.sent.has(name)) unsettled.add(name);
      if (type !== clusters) for (const name of type.toRemove) unsettled.add(name);
      for (const name of unsettled) {
        for (const resource of [type.accepted(name), type.sent.get(name)]) {
          if (resource === undefined) continue;
          if (resource.clusterNames === undefined && type !== clusters) return [];
          for (const cluster of resource.clusterNames ?? []) used.add(cluster);
        }
      }
    }
    return [...clusters.toRemove].filter((name) => !used.has(name));
  }
}
