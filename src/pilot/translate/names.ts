// Names that other software searches for: Istio's cluster, listener and route names, Envoy's filter names.

export const BLACK_HOLE_CLUSTER = "BlackHoleCluster";
export const PASSTHROUGH_CLUSTER = "PassthroughCluster";
export const INBOUND_PASSTHROUGH_CLUSTER = "InboundPassthroughCluster";
export const VIRTUAL_OUTBOUND = "virtualOutbound";
export const VIRTUAL_INBOUND = "virtualInbound";
/** Route configuration of the listener that serves as an HTTP proxy. */
export const HTTP_PROXY_ROUTE = "http_proxy";
/** How a VirtualService says "sidecars". */
export const MESH_GATEWAY = "mesh";
/** IPv4 only: sampan has no dual-stack mode yet. */
export const WILDCARD_ADDRESS = "0.0.0.0";
/** Where Istio binds the listeners of a proxy without traffic interception. */
export const LOCALHOST = "127.0.0.1";

/** Under which the proxies' tap filters are found, by whether a workload sends the requests or is sent them. */
export const TAP_CONFIG_ID = { outbound: "sampan.outbound", inbound: "sampan.inbound" } as const;

export const FILTER = {
  httpConnectionManager: "envoy.filters.network.http_connection_manager",
  tcpProxy: "envoy.filters.network.tcp_proxy",
  router: "envoy.filters.http.router",
  fault: "envoy.filters.http.fault",
  cors: "envoy.filters.http.cors",
  grpcStats: "envoy.filters.http.grpc_stats",
  tap: "envoy.filters.http.tap",
  httpInspector: "envoy.filters.listener.http_inspector",
  tlsInspector: "envoy.filters.listener.tls_inspector",
  originalDst: "envoy.filters.listener.original_dst",
} as const;

/** `outbound|9080|v1|reviews.default.svc.cluster.local`; the subset may be empty. */
export function outboundCluster(port: number, subset: string, hostname: string): string {
  return `outbound|${port}|${subset}|${hostname}`;
}

/** `inbound|8080||`: the port is the workload's. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

export interface OutboundName {
  readonly port: number;
  readonly subset: string;
  readonly hostname: string;
}

/** Takes `outbound|…` apart; undefined when `name` is no such name. */
export function parseOutboundCluster(name: string): OutboundName | undefined {
  const [direction, portText = "", subset = "", hostname = "", ...rest] = name.split("|");
  const port = parsePort(portText);
  if (direction !== "outbound" || port === undefined || hostname === "" || rest.length > 0) {
    return undefined;
  }
  return { port, subset, hostname };
}

/** 1 … 65535 in plain digits, else undefined. */
export function parsePort(text: string): number | undefined {
  if (!/^[1-9]\d{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** `0.0.0.0_8080` */
export function listenerName(bind: string, port: number): string {
  return `${bind}_${port}`;
}

/** A host with its port, IPv6 in brackets. */
export function hostWithPort(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** IPv6 literals in brackets, as an authority has them. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
