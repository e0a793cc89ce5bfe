// A service, its ports and its endpoints as every registry reports them: what CDS, EDS, LDS and RDS are made from.
import type { SourcePosition } from "./object.ts";

/** Istio's port protocols (pkg/config/protocol); "Unsupported" ones are sniffed. */
export type Protocol =
  | "HTTP"
  | "HTTP2"
  | "GRPC"
  | "GRPC-Web"
  | "HTTPS"
  | "TLS"
  | "TCP"
  | "Mongo"
  | "MySQL"
  | "Redis"
  | "UDP"
  | "Unsupported";

export interface ServicePort {
  readonly name: string;
  readonly number: number;
  readonly protocol: Protocol;
  /** The endpoint's port when the endpoint names none; the number itself by default. */
  readonly targetPort: number;
}

export type Resolution = "none" | "static" | "dns" | "dnsRoundRobin" | "dynamicDns";

export interface Service {
  /** Fully qualified, lower-case: "reviews.default.svc.cluster.local"; may start with "*.". */
  readonly hostname: string;
  readonly namespace: string;
  /** Virtual addresses: IPs or CIDRs; empty when it has none of its own. */
  readonly addresses: readonly string[];
  /** An address from 127.240.0.0/16 that the host sidecar listens on; undefined for wildcard hosts and external ones. */
  readonly autoAddress: string | undefined;
  readonly ports: readonly ServicePort[];
  readonly resolution: Resolution;
  readonly location: "external" | "internal";
  /** Namespaces that see it, its own by name; "*" is all, "~" nobody. */
  readonly exportTo: ReadonlySet<string>;
  readonly subjectAltNames: readonly string[];
  /** The object that declares it. */
  readonly owner: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly source: SourcePosition;
  };
}

export type EndpointHealth = "healthy" | "unhealthy" | "draining";

export interface ServiceEndpoint {
  /** IP, host name (DNS resolutions) or "unix:///path". */
  readonly address: string;
  /** Service port name -> port at this address. */
  readonly portOf: (port: ServicePort) => number;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: Locality;
  /** 0 is "unset": counts as 1. */
  readonly weight: number;
  readonly network: string;
  readonly serviceAccount: string;
  readonly health: EndpointHealth;
  /** The workload behind it, for `metadata.istio.workload`; empty when unknown. */
  readonly workload: { readonly namespace: string; readonly name: string };
}

/** "region/zone/subzone" taken apart; empty strings where unknown. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export function parseLocality(text: string): Locality {
  const [region = "", zone = "", subZone = ""] = text.split("/");
  return { region, zone, subZone };
}
