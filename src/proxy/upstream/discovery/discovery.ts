// How a cluster comes by its hosts: the contract between a cluster and its kind of discovery (static, strict DNS, EDS).
import type { EndpointsConfig, LocalityConfig } from "../../config/cluster-config.ts";
import type { ClusterInfo } from "../cluster-info.ts";

/** The cluster, as discovery sees it. */
export interface DiscoveryOwner {
  readonly info: ClusterInfo;
  /** These are the endpoints from now on; their addresses are literal. */
  applyEndpoints(localities: readonly LocalityConfig[], overprovisioningFactor: number): void;
  /** The cluster may be used; harmless when it was before. */
  becomeWarm(): void;
}

export interface Discovery {
  start(): void;
  /** No call to the owner comes after it. */
  close(): void;
  /** A control plane's assignment (EDS only), or its word that there is none. */
  receiveEndpoints?(endpoints: EndpointsConfig | undefined): void;
}
