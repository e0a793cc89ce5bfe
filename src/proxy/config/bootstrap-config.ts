// Envoy's bootstrap file as the proxy trusts it.
import type { Bootstrap } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Node } from "#api/envoy/config/core/v3/base_pb.ts";
import type { SocketAddress } from "#base/net.ts";
import type { AccessLogConfig } from "./access-log-config.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import type { ListenerConfig } from "./listener-config.ts";

/** Where one type of resource comes from. */
export interface AdsConfig {
  readonly protocol: "sotw" | "delta";
  /** Endpoints of the management server, from the static cluster that grpc_services names; tried in turn. */
  readonly clusterName: string;
  readonly servers: readonly SocketAddress[];
  readonly initialMetadata: readonly { readonly key: string; readonly value: string }[];
}

export interface BootstrapConfig {
  /** Sent to the management server as it is, with our user agent added. */
  readonly node: Node;
  readonly admin:
    | { readonly address: SocketAddress; readonly accessLogs: readonly AccessLogConfig[] }
    | undefined;
  readonly clusters: readonly ClusterConfig[];
  readonly listeners: readonly ListenerConfig[];
  readonly ads: AdsConfig | undefined;
  readonly dynamicClusters: boolean;
  readonly dynamicListeners: boolean;
  /** Default 5,000. */
  readonly statsFlushIntervalMs: number;
  readonly message: Bootstrap;
}
