// What every translation returns: an xDS resource with the configuration objects that it was made from.
import type { ObjectKey } from "../model/object.ts";

/** `M` is a generated Envoy message: Cluster, ClusterLoadAssignment, Listener or RouteConfiguration. */
export interface Translated<M> {
  /** The xDS resource name. */
  readonly name: string;
  readonly message: M;
  /** Objects that shaped the resource, each once, sorted: a refusal by a proxy is reported on them. */
  readonly sources: readonly ObjectKey[];
}
