// A proxy's whole configuration as it runs, read from its admin pages or a file: what `proxy-config`, `why` and `troubleshoot` look at.
import type { Bootstrap } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";

/** In use, not warming; what came by xDS before what is in the bootstrap, each in the order of the dump. */
export interface ProxyConfiguration {
  readonly bootstrap: Bootstrap | undefined;
  readonly listeners: readonly Listener[];
  /** Also those that stand inline in listeners, as Envoy dumps them. */
  readonly routes: readonly RouteConfiguration[];
  readonly clusters: readonly Cluster[];
  /** By the name that a cluster's endpoints are asked for: its service name for EDS, else its own. Empty when not dumped. */
  readonly endpoints: readonly ClusterLoadAssignment[];
  readonly secrets: readonly SecretSummary[];
  /** Cluster -> hosts with their health; empty when the page /clusters was not read. */
  readonly hosts: ReadonlyMap<string, readonly HostStatus[]>;
  /** What waits for its configuration, and is not in the lists above unless an older one is in use. */
  readonly warming: readonly ResourceName[];
  /** What this proxy refused, in its own words. */
  readonly rejected: readonly RejectedResource[];
  /** What could not be read and is missing above. */
  readonly unreadable: readonly UnreadableResource[];
}

export type ResourceKind = "cluster" | "listener" | "route" | "endpoint" | "secret" | "bootstrap";

export interface ResourceName {
  readonly kind: ResourceKind;
  /** "" when it has none, or it cannot be told. */
  readonly name: string;
}

export interface RejectedResource extends ResourceName {
  readonly details: string;
}

export interface UnreadableResource extends ResourceName {
  readonly reason: string;
}

export interface HostStatus {
  /** "127.0.1.5:9080", "[::1]:80", or the path of a pipe. */
  readonly address: string;
  /** What discovery says of it, by Envoy's name. */
  readonly health: "UNKNOWN" | "HEALTHY" | "UNHEALTHY" | "DRAINING" | "TIMEOUT" | "DEGRADED";
  readonly failed: HostFailures;
  readonly weight: number;
  /** 0 is the highest. */
  readonly priority: number;
  readonly locality: Locality;
  readonly hostname: string;
  /** Of the last interval of outlier detection, in percent; undefined without enough requests. */
  readonly successRate: number | undefined;
  /** Since the proxy started. */
  readonly requests: HostRequests;
}

export interface HostFailures {
  readonly activeHealthCheck: boolean;
  /** Ejected by outlier detection. */
  readonly outlierCheck: boolean;
  readonly activeDegradedCheck: boolean;
  readonly pendingActiveHealthCheck: boolean;
  readonly pendingDynamicRemoval: boolean;
}

export interface HostRequests {
  readonly total: number;
  readonly error: number;
  readonly active: number;
}

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export interface SecretSummary {
  readonly name: string;
  readonly status: "ACTIVE" | "WARMING";
  /** "Cert Chain" and "CA" as istioctl calls them; "Other" for keys of tickets and generic secrets. */
  readonly type: "Cert Chain" | "CA" | "Other";
  /** Of the first certificate in it; undefined when there is none or it is not shown. */
  readonly certificate: CertificateSummary | undefined;
}

export interface CertificateSummary {
  /** Hexadecimal, lower case. */
  readonly serialNumber: string;
  /** Since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export const EMPTY_CONFIGURATION: ProxyConfiguration = {
  bootstrap: undefined,
  listeners: [],
  routes: [],
  clusters: [],
  endpoints: [],
  secrets: [],
  hosts: new Map(),
  warming: [],
  rejected: [],
  unreadable: [],
};
