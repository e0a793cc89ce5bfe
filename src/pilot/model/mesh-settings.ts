// Settings of the whole mesh, with Istio's MeshConfig names and defaults (pkg/config/mesh/mesh.go).

export interface MeshSettings {
  /** Clusters whose DestinationRule says none. Default 10,000. */
  readonly connectTimeoutMs: number;
  /** How often DNS clusters resolve again. Default 60,000. */
  readonly dnsRefreshRateMs: number;
  /** Where proxies write access logs; "" is nowhere. Default "". */
  readonly accessLogFile: string;
  /** Envoy's command operators; "" is Envoy's default line. Default "". */
  readonly accessLogFormat: string;
  /** What happens to requests for hosts that no service declares. Default "ALLOW_ANY". */
  readonly outboundTrafficPolicy: "ALLOW_ANY" | "REGISTRY_ONLY";
  /** `localityLbSetting.enabled`: outlier detection brings locality failover with it. Default true. */
  readonly localityLbEnabled: boolean;
  /** Port of the catch-all outbound listener of REDIRECT proxies. Default 15001. */
  readonly proxyListenPort: number;
  /** Port of the catch-all inbound listener. Default 15006. */
  readonly proxyInboundListenPort: number;
  /** Port of the listener that serves as an HTTP proxy; 0 is none, Istio's default. */
  readonly proxyHttpPort: number;
  /** HTTP connections of proxies that tell their admin address have a tap filter, for looking at live requests. Istio has none. */
  readonly tapEnabled: boolean;
}

export const DEFAULT_MESH_SETTINGS: MeshSettings = {
  connectTimeoutMs: 10_000,
  dnsRefreshRateMs: 60_000,
  accessLogFile: "",
  accessLogFormat: "",
  outboundTrafficPolicy: "ALLOW_ANY",
  localityLbEnabled: true,
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  proxyHttpPort: 0,
  tapEnabled: false,
};
