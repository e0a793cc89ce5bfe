// Make before break: what may go to a client now, given what it has acknowledged. Looks across the types of one stream.
//
//   clusters (CDS) ─► endpoints (EDS) ─► ACK of both ─► listeners (LDS), routes (RDS) that name them ─► ACK ─► removals
//
// The order is kept resource by resource, not stage by stage: a route configuration waits for exactly the clusters that it
// names, and a cluster stays for exactly as long as something that the client may still use names it. So an endpoint change
// never waits for a slow cluster elsewhere, and a NACK stops only what depends on it. Resources that do not say what they
// name (Resource.clusterNames is undefined) are taken to name everything; then this is the order by stages.
import { ASK_LIMIT_MS, ORDER_LIMIT_MS } from "#xds/limits.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SCOPED_ROUTE } from "#xds/type-url.ts";
import type { Resource } from "./resource.ts";
import { isClaimed, type TypeState } from "./type-state.ts";

export type Types = ReadonlyMap<string, TypeState>;

/**
 * unasked: the client has the cluster and should ask for its endpoints in a moment. waiting: something is on its way.
 * refused: the client does not want it.
 */
type Readiness = "ready" | "unasked" | "waiting" | "refused";

/** What holds a resource back, of all the clusters that it names. */
interface Obstacle {
  readonly isRefused: boolean;
  /** 0: nothing is on its way. */
  readonly waitMs: number;
}

const NO_OBSTACLE: Obstacle = { isRefused: false, waitMs: 0 };
const WAIT_MS = { ready: 0, refused: 0, unasked: ASK_LIMIT_MS, waiting: ORDER_LIMIT_MS } as const;

function add(obstacle: Obstacle, readiness: Readiness): Obstacle {
  if (readiness === "ready") return obstacle;
  return {
    isRefused: obstacle.isRefused || readiness === "refused",
    waitMs: Math.max(obstacle.waitMs, WAIT_MS[readiness]),
  };
}

const WAITS_FOR_CLUSTERS: ReadonlySet<string> = new Set([LISTENER, ROUTE, SCOPED_ROUTE]);

/** Has the client accepted this cluster and, where it discovers endpoints, an assignment for it? */
function clusterReadiness(types: Types, name: string): Readiness {
  const clusters = types.get(CLUSTER);
  // A client that does not ask for the cluster here (gRPC asks when a route has told it the name) waits for it itself.
  if (clusters === undefined) return "ready";
  if (!clusters.subscription.isWildcard && !clusters.subscription.isNamed(name)) return "ready";
  // Not in the world: a route to nowhere is the author's, and waiting would not mend it.
  if (clusters.toRemove.has(name)) return "ready";
  const accepted = clusters.accepted(name);
  if (accepted === undefined) {
    if (clusters.toSend.has(name)) return "waiting";
    if (clusters.refusals.has(name)) return "refused";
    return clusters.sent.has(name) ? "waiting" : "ready";
  }
  // Of what a client brought along from another stream, and has to change, we do not know whether it is in use yet.
  if (isClaimed(accepted)) return clusters.refusals.has(name) ? "ready" : "waiting";
  const { endpointsName } = accepted;
  if (endpointsName === undefined) return "ready";
  const endpoints = types.get(ENDPOINT);
  if (endpoints === undefined) return "unasked";
  if (endpoints.accepted(endpointsName) !== undefined) return "ready";
  const isOnItsWay = endpoints.toSend.has(endpointsName) || endpoints.sent.has(endpointsName);
  return isOnItsWay ? "waiting" : "unasked";
}

/** All clusters of the stream together, for resources that do not say which they name. */
function allClusters(types: Types): Obstacle {
  const clusters = types.get(CLUSTER);
  let all = NO_OBSTACLE;
  if (clusters === undefined) return all;
  for (const name of clusters.toSend.keys()) all = add(all, clusterReadiness(types, name));
  for (const name of clusters.sent.keys()) all = add(all, clusterReadiness(types, name));
  return all;
}

/** Decides for the length of one response: holds what has to wait, with the time until which. */
export class OrderCheck {
  readonly #types: Types;
  readonly #nowMs: number;
  #all: Obstacle | undefined;

  constructor(types: Types, nowMs: number) {
    this.#types = types;
    this.#nowMs = nowMs;
  }

  maySend(type: TypeState, resource: Resource): boolean {
    if (!WAITS_FOR_CLUSTERS.has(type.typeUrl)) return true;
    const { name } = resource;
    const { isRefused, waitMs } = this.#obstacle(resource);
    if (isRefused && type.accepted(name) !== undefined) {
      // What the client has works, the newer one would lead into a cluster that it refused. With nothing to keep, a
      // listener or route that works in part is better than one that never comes.
      type.heldUntilMs.set(name, Number.POSITIVE_INFINITY);
      return false;
    }
    if (waitMs === 0) return true;
    const untilMs = type.heldUntilMs.get(name);
    if (untilMs === Number.NEGATIVE_INFINITY) return true;
    if (untilMs === undefined || untilMs === Number.POSITIVE_INFINITY) {
      type.heldUntilMs.set(name, this.#nowMs + waitMs);
    }
    return false;
  }

  /** The names of `type.toRemove` that nothing the client may still use refers to. */
  removable(type: TypeState): string[] {
    if (type.toRemove.size === 0 || type.isRejoining) return [];
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

  #obstacle(resource: Resource): Obstacle {
    if (resource.clusterNames === undefined) {
      this.#all ??= allClusters(this.#types);
      return this.#all;
    }
    let obstacle = NO_OBSTACLE;
    for (const name of resource.clusterNames) {
      obstacle = add(obstacle, clusterReadiness(this.#types, name));
    }
    return obstacle;
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
