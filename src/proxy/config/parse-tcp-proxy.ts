// envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy -> TcpProxyConfig.
import type { TcpProxy } from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import type { Field } from "./field.ts";
import type { TcpProxyConfig } from "./listener-config.ts";
import { readAccessLogs } from "./parse-access-log.ts";
import { timeoutMs } from "./values.ts";

const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;

export function readTcpProxy(at: Field, message: TcpProxy): TcpProxyConfig {
  const duration = message.maxDownstreamConnectionDuration;
  return {
    statPrefix: message.statPrefix,
    clusters: readClusters(message),
    idleTimeoutMs: timeoutMs(
      at.child("idle_timeout"),
      message.idleTimeout,
      DEFAULT_IDLE_TIMEOUT_MS,
    ),
    maxDownstreamConnectionDurationMs: timeoutMs(
      at.child("max_downstream_connection_duration"),
      duration,
      undefined,
    ),
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    accessLogs: readAccessLogs(at.child("access_log"), message.accessLog),
  };
}

function readClusters({ clusterSpecifier }: TcpProxy): TcpProxyConfig["clusters"] {
  switch (clusterSpecifier.case) {
    case "cluster":
      return [{ name: clusterSpecifier.value, weight: 1 }];
    case "weightedClusters":
      return clusterSpecifier.value.clusters.map(({ name, weight }) => ({ name, weight }));
    default:
      return [];
  }
}
