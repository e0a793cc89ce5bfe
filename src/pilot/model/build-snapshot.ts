// Objects and instances -> snapshot. Every index is kept from the previous snapshot unless something it is made of changed.
import { analyze } from "../config/analyze/analyze.ts";
import { EndpointIndex } from "../registry/endpoint-index.ts";
import { buildServiceWorld, type ServiceWorld } from "../registry/service-world.ts";
import { instanceOf, type WorkloadInstance } from "../registry/workload-instance.ts";
import { DestinationRuleIndex } from "./destination-rules.ts";
import type { Labels } from "./labels.ts";
import { sameItems } from "./memo.ts";
import type { MeshSettings } from "./mesh-settings.ts";
import {
  type ConfigObject,
  KINDS,
  type Kind,
  type ObjectKey,
  objectKey,
  type Problem,
} from "./object.ts";
import type { Service, ServiceEndpoint, ServicePort } from "./service.ts";
import type { MergedDestinationRule, Snapshot } from "./snapshot.ts";
import { VirtualServiceIndex } from "./virtual-services.ts";
import { GatewayIndex, SidecarIndex } from "./workload-policies.ts";

/** Istio's default; rules there are for the whole mesh. */
const ROOT_NAMESPACE = "istio-system";

export interface SnapshotSettings {
  /** Default `ROOT_NAMESPACE`. */
  readonly rootNamespace?: string;
  /** Default: the snapshot names none, which means DEFAULT_MESH_SETTINGS. */
  readonly mesh?: MeshSettings;
}

export interface BuiltSnapshot {
  readonly snapshot: Snapshot;
  /** What the objects cannot do together; found when first read, and the same list while the configuration is the same. */
  readonly problems: readonly Problem[];
}

/**
 * `objects` as a store lists them (oldest first), `instances` as the workload registry lists them; both may be the same lists
 * as before. Give the previous snapshot to share its structure: then a change costs what it touches.
 */
export function buildSnapshot(
  objects: readonly ConfigObject[],
  instances: readonly WorkloadInstance[],
  previous?: Snapshot,
  settings: SnapshotSettings = {},
): BuiltSnapshot {
  const before = previous instanceof IndexedSnapshot ? previous : undefined;
  const rootNamespace = settings.rootNamespace ?? before?.rootNamespace ?? ROOT_NAMESPACE;
  const mesh = settings.mesh ?? before?.mesh;
  const known = before?.rootNamespace === rootNamespace ? before.config : undefined;
  const config =
    known?.isOf(objects) === true ? known : new ConfigIndex(objects, rootNamespace, known);
  const workloads = [...config.workloads, ...instances];
  const endpoints = EndpointIndex.build(config.world, workloads, before?.endpointIndex);
  const revision = (before?.revision ?? 0) + 1;
  const snapshot = new IndexedSnapshot(revision, rootNamespace, mesh, config, endpoints);
  return {
    snapshot,
    get problems() {
      return config.problems(snapshot);
    },
  };
}

/** Everything that hangs on configuration alone. */
class ConfigIndex {
  readonly world: ServiceWorld;
  readonly destinationRules: DestinationRuleIndex;
  readonly virtualServices: VirtualServiceIndex;
  readonly gateways: GatewayIndex;
  readonly sidecars: SidecarIndex;
  /** WorkloadEntries as instances. */
  readonly workloads: readonly WorkloadInstance[];
  readonly #objects: readonly ConfigObject[];
  #byKey: ReadonlyMap<ObjectKey, ConfigObject> | undefined;
  #problems: readonly Problem[] | undefined;

  constructor(
    objects: readonly ConfigObject[],
    rootNamespace: string,
    previous: ConfigIndex | undefined,
  ) {
    this.#objects = objects;
    const kinds = groupByKind(objects);
    this.workloads = kinds.WorkloadEntry.map(instanceOf);
    this.world = buildServiceWorld(kinds.ServiceEntry, previous?.world);
    this.destinationRules = keptOr(
      kinds.DestinationRule,
      previous?.destinationRules,
      () =>
        new DestinationRuleIndex(kinds.DestinationRule, rootNamespace, previous?.destinationRules),
    );
    this.virtualServices = keptOr(
      kinds.VirtualService,
      previous?.virtualServices,
      () => new VirtualServiceIndex(kinds.VirtualService, previous?.virtualServices),
    );
    this.gateways = keptOr(
      kinds.Gateway,
      previous?.gateways,
      () => new GatewayIndex(kinds.Gateway),
    );
    this.sidecars = keptOr(
      kinds.Sidecar,
      previous?.sidecars,
      () => new SidecarIndex(kinds.Sidecar, rootNamespace),
    );
    if (previous !== undefined && this.#sharesProblemsWith(previous)) {
      this.#problems = previous.#problems;
    }
  }

  /** The previous problems stand while nothing that they can be about changed: endpoints come and go without an analysis. */
  #sharesProblemsWith(previous: ConfigIndex): boolean {
    return (
      this.world.directory === previous.world.directory &&
      sameItems(this.world.problems, previous.world.problems) &&
      this.destinationRules === previous.destinationRules &&
      this.virtualServices === previous.virtualServices &&
      this.gateways === previous.gateways
    );
  }

  isOf(objects: readonly ConfigObject[]): boolean {
    return sameItems(objects, this.#objects);
  }

  object(key: ObjectKey): ConfigObject | undefined {
    this.#byKey ??= new Map(this.#objects.map((object) => [objectKey(object), object]));
    return this.#byKey.get(key);
  }

  /** `snapshot` is one of this configuration; the analysis asks it nothing that depends on instances. */
  problems(snapshot: Snapshot): readonly Problem[] {
    this.#problems ??= [
      ...this.world.problems,
      ...this.destinationRules.problems,
      ...this.virtualServices.problems,
      ...analyze([...this.destinationRules.objects, ...this.virtualServices.merged], snapshot),
    ];
    return this.#problems;
  }
}

/** An index is good while the objects it was made of are the same. */
function keptOr<K extends Kind, I extends { readonly objects: readonly ConfigObject<K>[] }>(
  objects: readonly ConfigObject<K>[],
  previous: I | undefined,
  make: () => I,
): I {
  return previous !== undefined && sameItems(objects, previous.objects) ? previous : make();
}

type ObjectsByKind = { [K in Kind]: ConfigObject<K>[] };

function groupByKind(objects: readonly ConfigObject[]): ObjectsByKind {
  const groups = Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as ObjectsByKind;
  for (const object of objects) (groups[object.kind] as ConfigObject[]).push(object);
  return groups;
}

class IndexedSnapshot implements Snapshot {
  readonly revision: number;
  readonly rootNamespace: string;
  readonly mesh?: MeshSettings;
  readonly config: ConfigIndex;
  readonly endpointIndex: EndpointIndex;

  constructor(
    revision: number,
    rootNamespace: string,
    mesh: MeshSettings | undefined,
    config: ConfigIndex,
    endpointIndex: EndpointIndex,
  ) {
    this.revision = revision;
    this.rootNamespace = rootNamespace;
    if (mesh !== undefined) this.mesh = mesh;
    this.config = config;
    this.endpointIndex = endpointIndex;
  }

  get services(): readonly Service[] {
    return this.config.world.directory.services;
  }

  service(hostname: string, fromNamespace: string): Service | undefined {
    return this.config.world.directory.find(hostname, fromNamespace);
  }

  servicesVisibleTo(namespace: string): readonly Service[] {
    return this.config.world.directory.visibleTo(namespace);
  }

  endpoints(service: Service, port: ServicePort): readonly ServiceEndpoint[] {
    return this.endpointIndex.endpoints(service, port);
  }

  servicesOf(namespace: string, labels: Labels, address: string): readonly Service[] {
    return this.endpointIndex.servicesOf(namespace, labels, address);
  }

  virtualServicesFor(namespace: string): readonly ConfigObject<"VirtualService">[] {
    return this.config.virtualServices.visibleTo(namespace);
  }

  destinationRuleFor(
    service: Service,
    clientNamespace: string,
    clientLabels: Labels = {},
  ): MergedDestinationRule | undefined {
    return this.config.destinationRules.ruleFor(service, clientNamespace, clientLabels);
  }

  gatewaysFor(_namespace: string, labels: Labels): readonly ConfigObject<"Gateway">[] {
    return this.config.gateways.select(labels);
  }

  sidecarFor(namespace: string, labels: Labels): ConfigObject<"Sidecar"> | undefined {
    return this.config.sidecars.select(namespace, labels);
  }

  object(key: ObjectKey): ConfigObject | undefined {
    return this.config.object(key);
  }

  /** The same for every proxy of a push: made once for the pair. */
  #changed: { readonly earlier: Snapshot; readonly hostnames: ReadonlySet<string> } | undefined;

  changedEndpoints(earlier: Snapshot): ReadonlySet<string> | undefined {
    if (this.#changed?.earlier === earlier) return this.#changed.hostnames;
    if (!(earlier instanceof IndexedSnapshot) || earlier.config !== this.config) return undefined;
    const hostnames = new Set<string>();
    for (const service of this.services) {
      const isChanged = (port: ServicePort): boolean =>
        this.endpoints(service, port) !== earlier.endpoints(service, port);
      if (service.ports.some(isChanged)) hostnames.add(service.hostname);
    }
    this.#changed = { earlier, hostnames };
    return hostnames;
  }
}
