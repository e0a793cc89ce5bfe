// Which workloads stand behind which service. Kept from snapshot to snapshot: a change of one instance costs what it touches.
import { type Labels, selects } from "../model/labels.ts";
import { sameItems } from "../model/memo.ts";
import type { Service, ServiceEndpoint, ServicePort } from "../model/service.ts";
import { InstanceIndex } from "./instance-index.ts";
import {
  endpointOf,
  endpointsWithin,
  type ServiceEntryObject,
  selectsInstance,
  workloadSelector,
} from "./service-entries.ts";
import type { ServiceWorld } from "./service-world.ts";
import type { WorkloadInstance } from "./workload-instance.ts";

/** What the selector of one entry chose, in the order of names. */
interface Selection {
  readonly instances: readonly WorkloadInstance[];
  readonly endpoints: readonly ServiceEndpoint[];
}

export class EndpointIndex {
  readonly #world: ServiceWorld;
  readonly #instances: readonly WorkloadInstance[];
  readonly #selections: ReadonlyMap<ServiceEntryObject, Selection>;
  /** Lists of services that several entries declare, by service and port number; made when asked for. */
  readonly #pooled = new Map<Service, Map<number, readonly ServiceEndpoint[]>>();
  readonly #pooledBefore: ReadonlyMap<Service, Map<number, readonly ServiceEndpoint[]>>;
  #byAddress: ReadonlyMap<string, readonly WorkloadInstance[]> | undefined;

  private constructor(
    world: ServiceWorld,
    instances: readonly WorkloadInstance[],
    selections: ReadonlyMap<ServiceEntryObject, Selection>,
    previous: EndpointIndex | undefined,
  ) {
    this.#world = world;
    this.#instances = instances;
    this.#selections = selections;
    this.#pooledBefore = previous === undefined ? new Map() : previous.#pooled;
  }

  /** Lists that did not change since `previous` keep their identity. */
  static build(
    world: ServiceWorld,
    instances: readonly WorkloadInstance[],
    previous: EndpointIndex | undefined,
  ): EndpointIndex {
    const sameWorld = previous !== undefined && previous.#world === world;
    if (sameWorld && sameItems(instances, previous.#instances)) return previous;
    const selections = sameWorld
      ? patched(previous.#selections, previous.#instances, instances)
      : selectAll(world, instances, previous === undefined ? new Map() : previous.#selections);
    return new EndpointIndex(world, instances, selections, previous);
  }

  endpoints(service: Service, port: ServicePort): readonly ServiceEndpoint[] {
    const entries = this.#world.declarations.get(service) ?? [];
    const only = entries.length === 1 ? entries[0] : undefined;
    if (only !== undefined) return this.#endpointsOf(only, service.hostname);
    const known = this.#pooled.get(service)?.get(port.number);
    if (known !== undefined) return known;
    const pooled = entries
      .filter((entry) => entry.spec.ports.some(({ number }) => number === port.number))
      .flatMap((entry) => this.#endpointsOf(entry, service.hostname));
    const before = this.#pooledBefore.get(service)?.get(port.number);
    const kept = before !== undefined && sameItems(before, pooled) ? before : pooled;
    const ports = this.#pooled.get(service) ?? new Map<number, readonly ServiceEndpoint[]>();
    this.#pooled.set(service, ports.set(port.number, kept));
    return kept;
  }

  #endpointsOf(entry: ServiceEntryObject, hostname: string): readonly ServiceEndpoint[] {
    return this.#selections.get(entry)?.endpoints ?? endpointsWithin(entry, hostname);
  }

  /**
   * Services of `namespace` that a workload with these labels at `address` serves, in the directory's order: those that select
   * it, by its own labels or as a known instance of that address, and those that name the address.
   */
  servicesOf(namespace: string, labels: Labels, address: string): readonly Service[] {
    this.#byAddress ??= Map.groupBy(this.#instances, (instance) => instance.address);
    const known = this.#byAddress.get(address) ?? [];
    const serves = (entry: ServiceEntryObject): boolean => {
      const selector = workloadSelector(entry);
      if (selector === undefined) {
        return entry.spec.endpoints.some((endpoint) => endpoint.address === address);
      }
      return (
        selects(selector, labels) || known.some((instance) => selectsInstance(entry, instance))
      );
    };
    return this.#world.directory.inNamespace(namespace).filter((service) => {
      return this.#world.declarations.get(service)?.some(serves) ?? false;
    });
  }
}

function selectAll(
  world: ServiceWorld,
  instances: readonly WorkloadInstance[],
  before: ReadonlyMap<ServiceEntryObject, Selection>,
): Map<ServiceEntryObject, Selection> {
  const index = new InstanceIndex(instances);
  const previousByKey = new Map<string, Selection>();
  for (const [entry, selection] of before) {
    previousByKey.set(`${entry.namespace}/${entry.name}`, selection);
  }
  const selections = new Map<ServiceEntryObject, Selection>();
  for (const entry of world.entries) {
    const selector = workloadSelector(entry);
    if (selector === undefined) continue;
    const chosen = index
      .candidates(entry.namespace, selector)
      .filter((instance) => selectsInstance(entry, instance));
    const old = previousByKey.get(`${entry.namespace}/${entry.name}`);
    selections.set(entry, selectionOf(chosen, old));
  }
  return selections;
}

/** Only the stretch of the list that changed is looked at: everything before and after it is the same. */
function patched(
  before: ReadonlyMap<ServiceEntryObject, Selection>,
  oldInstances: readonly WorkloadInstance[],
  newInstances: readonly WorkloadInstance[],
): Map<ServiceEntryObject, Selection> {
  let start = 0;
  const shorter = Math.min(oldInstances.length, newInstances.length);
  while (start < shorter && oldInstances[start] === newInstances[start]) start += 1;
  let end = 0;
  while (end < shorter - start && oldInstances.at(-1 - end) === newInstances.at(-1 - end)) end += 1;
  const gone = new Set(oldInstances.slice(start, oldInstances.length - end));
  const come = newInstances.slice(start, newInstances.length - end);
  const selections = new Map(before);
  for (const [entry, selection] of before) {
    const kept = selection.instances.filter((instance) => !gone.has(instance));
    const added = come.filter((instance) => selectsInstance(entry, instance));
    if (added.length === 0 && kept.length === selection.instances.length) continue;
    selections.set(entry, selectionOf([...kept, ...added], selection));
  }
  return selections;
}

function selectionOf(
  chosen: readonly WorkloadInstance[],
  previous: Selection | undefined,
): Selection {
  const instances = chosen.toSorted(compareInstances);
  if (previous !== undefined && sameItems(instances, previous.instances)) return previous;
  return { instances, endpoints: instances.map(endpointOf) };
}

function compareInstances(a: WorkloadInstance, b: WorkloadInstance): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0;
}
