// What accepted resources configure, as the subscriptions see it: the worker's own parts, or those of all workers.
import type { RouteStore } from "../route/route-store.ts";
import type { ClusterManager } from "../upstream/cluster-manager.ts";
import type { ListenerTarget } from "./listener-subscription.ts";

export type ClusterTarget = Pick<
  ClusterManager,
  | "update"
  | "remove"
  | "updateEndpoints"
  | "removeEndpoints"
  | "clusters"
  | "warmingClusters"
  | "edsNames"
  | "addListener"
  | "whenWarm"
>;

export type RouteTarget = Pick<RouteStore, "source" | "update" | "remove">;

export interface ResourceTargets {
  readonly clusters: ClusterTarget;
  readonly listeners: ListenerTarget;
  readonly routes: RouteTarget;
}
