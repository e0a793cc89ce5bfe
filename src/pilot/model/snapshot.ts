// The immutable world that one translation reads: everything a generator may look at arrives through here.
import type { MeshSettings } from "./mesh-settings.ts";
import type { ConfigObject, ObjectKey } from "./object.ts";
import type { Service, ServiceEndpoint, ServicePort } from "./service.ts";

/** A service's subset policy source: Istio merges DestinationRules of one host (istio.md section 3). */
export interface MergedDestinationRule {
  /** The first (oldest) rule's spec with the subsets of all of them; duplicates are dropped and reported. */
  readonly spec: ConfigObject<"DestinationRule">["spec"];
  /** Every rule that contributed, the first first. */
  readonly sources: readonly ConfigObject<"DestinationRule">[];
}

export interface Snapshot {
  /** Grows with every change; for status pages. */
  readonly revision: number;
  /** Namespace of mesh-wide defaults; "istio-system". */
  readonly rootNamespace: string;
  /** Undefined: DEFAULT_MESH_SETTINGS. */
  readonly mesh?: MeshSettings;
  /** By hostname, then namespace; sorted by hostname. */
  readonly services: readonly Service[];
  service(hostname: string, fromNamespace: string): Service | undefined;
  /** Services that `namespace` may see (exportTo). */
  servicesVisibleTo(namespace: string): readonly Service[];
  /** Endpoints that serve `port` (inline, selected WorkloadEntries, registered instances), unfiltered by subset and health. */
  endpoints(service: Service, port: ServicePort): readonly ServiceEndpoint[];
  /** Services that select a workload with these labels, each with the endpoint that is the workload: for inbound listeners. */
  servicesOf(
    namespace: string,
    labels: Readonly<Record<string, string>>,
    address: string,
  ): readonly Service[];
  /** VirtualServices visible to `namespace` (exportTo), delegates resolved, most specific rules of choice left to translation. Oldest first. */
  virtualServicesFor(namespace: string): readonly ConfigObject<"VirtualService">[];
  /** Client namespace -> service namespace -> root; most specific host (istio.md section 3). */
  destinationRuleFor(service: Service, clientNamespace: string): MergedDestinationRule | undefined;
  /** Gateways whose selector matches a router with these labels. */
  gatewaysFor(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): readonly ConfigObject<"Gateway">[];
  /** Selector > namespace > root namespace; the oldest wins. */
  sidecarFor(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): ConfigObject<"Sidecar"> | undefined;
  object(key: ObjectKey): ConfigObject | undefined;
}
