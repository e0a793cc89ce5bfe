// The immutable world that one translation reads: everything a generator may look at arrives through here.
import type { MeshSettings } from "./mesh-settings.ts";
import type { ConfigObject, ObjectKey } from "./object.ts";
import type { Service, ServiceEndpoint, ServicePort } from "./service.ts";

/** A service's subset policy source: Istio merges DestinationRules of one host (istio.md section 3). */
export interface MergedDestinationRule {
  /** The first (oldest) rule's spec, its host in full, with the subsets of all of them; duplicates are dropped and reported. */
  readonly spec: ConfigObject<"DestinationRule">["spec"];
  /** Every rule that contributed, the first first. */
  readonly sources: readonly ConfigObject<"DestinationRule">[];
}

/**
 * Never changes. What did not change between two snapshots is the same object in both: services, endpoint lists, merged rules
 * and virtual services may be keys of caches.
 */
export interface Snapshot {
  /** Grows with every change; for status pages. */
  readonly revision: number;
  /** Namespace of mesh-wide defaults; "istio-system". */
  readonly rootNamespace: string;
  /**
   * Stands for everything but endpoints: the same object while only instances come and go, so that what does not look at
   * them need not be made again. Undefined: nothing is promised.
   */
  readonly config?: object;
  /** Undefined: DEFAULT_MESH_SETTINGS. */
  readonly mesh?: MeshSettings;
  /** By hostname, then namespace; sorted by hostname. */
  readonly services: readonly Service[];
  /** The service of exactly that host which a client of `fromNamespace` means: its own namespace's, else the first visible one. */
  service(hostname: string, fromNamespace: string): Service | undefined;
  /** Services that `namespace` may see (exportTo). */
  servicesVisibleTo(namespace: string): readonly Service[];
  /** Endpoints that serve `port` (inline, selected WorkloadEntries, registered instances), unfiltered by subset and health. */
  endpoints(service: Service, port: ServicePort): readonly ServiceEndpoint[];
  /** Services of `namespace` that the workload at `address` with these labels serves, by selector or by address: for inbound listeners. */
  servicesOf(
    namespace: string,
    labels: Readonly<Record<string, string>>,
    address: string,
  ): readonly Service[];
  /**
   * VirtualServices visible to `namespace` (exportTo), oldest first: hosts and destinations in full, gateways as "namespace/name" or "mesh",
   * delegates put in (`mergedFrom` names them, `positionOf` leads to them). Which of several rules applies is left to translation.
   */
  virtualServicesFor(namespace: string): readonly ConfigObject<"VirtualService">[];
  /** Client namespace -> service namespace -> root; most specific host (istio.md section 3). Without labels, rules with a workload selector do not apply. */
  destinationRuleFor(
    service: Service,
    clientNamespace: string,
    clientLabels?: Readonly<Record<string, string>>,
  ): MergedDestinationRule | undefined;
  /** Gateways of every namespace (Istio's default) whose selector matches a router with these labels, oldest first. */
  gatewaysFor(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): readonly ConfigObject<"Gateway">[];
  /** Selector > namespace > root namespace; the oldest wins. */
  sidecarFor(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): ConfigObject<"Sidecar"> | undefined;
  /** The object as it was written, delegates not merged. */
  object(key: ObjectKey): ConfigObject | undefined;
  /**
   * Host names of the services whose endpoints differ from an earlier snapshot, when that is all that differs: the configuration
   * is the same. undefined otherwise: anything may differ.
   */
  changedEndpoints(earlier: Snapshot): ReadonlySet<string> | undefined;
}
