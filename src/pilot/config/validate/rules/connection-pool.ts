// connectionPool of DestinationRule and Sidecar.

import {
  type ConnectionPoolSettings,
  type ConnectionPoolSettings_HTTPSettings,
  ConnectionPoolSettings_HTTPSettings_H2UpgradePolicy as H2Upgrade,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { Field } from "../field.ts";
import { checkDuration, exactMs } from "../names.ts";

export function checkConnectionPool(pool: ConnectionPoolSettings | undefined, field: Field): void {
  if (pool === undefined) return;
  if (pool.http === undefined && pool.tcp === undefined) field.error("must have tcp or http");
  if (pool.http !== undefined) checkHttp(pool.http, field.at("http"));
  const { tcp } = pool;
  if (tcp === undefined) return;
  const at = field.at("tcp");
  if (tcp.maxConnections < 0) at.at("maxConnections").must("not be negative", tcp.maxConnections);
  checkDuration(tcp.connectTimeout, at.at("connectTimeout"));
  checkDuration(tcp.maxConnectionDuration, at.at("maxConnectionDuration"));
  // 0 switches the idle timeout off.
  if (tcp.idleTimeout !== undefined && exactMs(tcp.idleTimeout) !== 0) {
    checkDuration(tcp.idleTimeout, at.at("idleTimeout"));
  }
  checkDuration(tcp.tcpKeepalive?.time, at.at("tcpKeepalive", "time"));
  checkDuration(tcp.tcpKeepalive?.interval, at.at("tcpKeepalive", "interval"));
}

const NUMBERS = [
  "http1MaxPendingRequests",
  "http2MaxRequests",
  "maxRequestsPerConnection",
  "maxRetries",
  "maxConcurrentStreams",
] as const;

function checkHttp(http: ConnectionPoolSettings_HTTPSettings, field: Field): void {
  for (const name of NUMBERS) {
    if (http[name] < 0) field.at(name).must("not be negative", http[name]);
  }
  checkDuration(http.idleTimeout, field.at("idleTimeout"));
  if (http.useClientProtocol && http.h2UpgradePolicy === H2Upgrade.UPGRADE) {
    field.at("useClientProtocol").error("cannot be true when h2UpgradePolicy is UPGRADE");
  }
  const { http2KeepAlive } = http;
  if (http2KeepAlive === undefined) return;
  for (const name of ["interval", "timeout"] as const) {
    const at = field.at("http2KeepAlive", name);
    if (http2KeepAlive[name] === undefined) at.error("must be set");
    checkDuration(http2KeepAlive[name], at);
  }
}
