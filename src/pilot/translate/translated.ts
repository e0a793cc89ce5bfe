// What every translation returns: an xDS resource with the configuration objects that it was made from.
import { type ObjectKey, objectKey } from "../model/object.ts";
import type { Service } from "../model/service.ts";
import type { MergedDestinationRule } from "../model/snapshot.ts";

/** `M` is a generated Envoy message: Cluster, ClusterLoadAssignment, Listener or RouteConfiguration. Shared between proxies: never change it. */
export interface Translated<M> {
  /** The xDS resource name. */
  readonly name: string;
  readonly message: M;
  /** Objects that shaped the resource, each once, sorted: a refusal by a proxy is reported on them. */
  readonly sources: readonly ObjectKey[];
}

/** Collects the sources of one resource while it is built. */
export class Sources {
  readonly #keys = new Set<ObjectKey>();

  /** With the objects that it was put together from. */
  object(object: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly mergedFrom?: readonly ObjectKey[];
  }): void {
    this.#keys.add(objectKey(object));
    this.merge(object.mergedFrom ?? []);
  }

  service(service: Service): void {
    this.object(service.owner);
  }

  destinationRule(rule: MergedDestinationRule | undefined): void {
    for (const object of rule?.sources ?? []) this.object(object);
  }

  merge(keys: Iterable<ObjectKey>): void {
    for (const key of keys) this.#keys.add(key);
  }

  list(): readonly ObjectKey[] {
    return [...this.#keys].sort();
  }
}
