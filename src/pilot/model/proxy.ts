// A connected proxy as translation sees it: parsed from the node of its first request, never changed.
import type { Locality } from "./service.ts";

export type ProxyType = "sidecar" | "router" | "grpc";

export interface Proxy {
  /** The node id as sent: "sidecar~127.0.1.5~reviews-v1-1.default~default.svc.cluster.local". */
  readonly id: string;
  /** "grpc" is a proxyless gRPC client (metadata GENERATOR: grpc, or one that names its listeners). */
  readonly type: ProxyType;
  readonly ipAddresses: readonly string[];
  /** "reviews-v1-1": the workload's own name. */
  readonly name: string;
  readonly namespace: string;
  /** "default.svc.cluster.local" */
  readonly dnsDomain: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: Locality;
  /** Metadata INTERCEPTION_MODE; Istio's default is REDIRECT, sampan's own proxies say NONE. */
  readonly interceptionMode: "REDIRECT" | "TPROXY" | "NONE";
  /** Metadata SAMPAN_HOST_SIDECAR: serves programs without a sidecar on the services' virtual addresses. */
  readonly isHostSidecar: boolean;
  /** Metadata SAMPAN_WORKLOAD_PORTS: service port name -> the port where the program really listens, at this proxy's address. */
  readonly workloadPorts: Readonly<Record<string, number>>;
  /** Metadata SAMPAN_REPORTS_HEALTH: who started it says when its workload is healthy; until then it is not. */
  readonly reportsHealth: boolean;
  /** Metadata SAMPAN_ADMIN_ADDRESS, "host:port": where commands find its admin pages. */
  readonly adminAddress: string | undefined;
  /** Metadata AUTO_REGISTER_GROUP: the WorkloadGroup that this instance joins. */
  readonly autoRegisterGroup: string | undefined;
  /** ISTIO_VERSION or the user agent's version; "" when unknown. */
  readonly version: string;
  /** "sampan/0.1.0", "envoy/1.40.0": the program itself; "" when it does not say. */
  readonly userAgent: string;
  /** The rest of the metadata as JSON, for selectors of later issues. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
