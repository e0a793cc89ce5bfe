// The type URLs of xDS v3, and the one array that orders them.

const PREFIX = "type.googleapis.com/";

export const CLUSTER: string = `${PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT: string = `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER: string = `${PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE: string = `${PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const SCOPED_ROUTE: string = `${PREFIX}envoy.config.route.v3.ScopedRouteConfiguration`;
export const VIRTUAL_HOST: string = `${PREFIX}envoy.config.route.v3.VirtualHost`;
export const SECRET: string = `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;
const RUNTIME: string = `${PREFIX}envoy.service.runtime.v3.Runtime`;

/** The wrapper that a SotW server may put around a resource (envoy.service.discovery.v3.Resource). */
export const WRAPPER: string = `${PREFIX}envoy.service.discovery.v3.Resource`;

/**
 * Make before break: what is referred to goes before what refers to it (xds_protocol, "Eventual consistency considerations").
 * Types that are not here come last, in the order they were first asked for.
 */
const TYPE_ORDER: readonly string[] = [
  CLUSTER,
  ENDPOINT,
  LISTENER,
  SCOPED_ROUTE,
  ROUTE,
  VIRTUAL_HOST,
  SECRET,
  RUNTIME,
];

/** Position in TYPE_ORDER; unknown types share the last one. */
export function typeRank(typeUrl: string): number {
  const rank = TYPE_ORDER.indexOf(typeUrl);
  return rank < 0 ? TYPE_ORDER.length : rank;
}

/**
 * The roots of the tree, which a SotW response always carries completely: what is left out is deleted. Responses of all other
 * types may carry some resources only. These two also have the legacy wildcard: a first request without names.
 */
export function isFullState(typeUrl: string): boolean {
  return typeUrl === CLUSTER || typeUrl === LISTENER;
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [CLUSTER, "CDS"],
  [ENDPOINT, "EDS"],
  [LISTENER, "LDS"],
  [ROUTE, "RDS"],
  [SCOPED_ROUTE, "SRDS"],
  [VIRTUAL_HOST, "VHDS"],
  [SECRET, "SDS"],
  [RUNTIME, "RTDS"],
]);

/** "CDS", "EDS", …, for people; the type URL itself when it has no short name. */
export function shortTypeName(typeUrl: string): string {
  return SHORT_NAMES.get(typeUrl) ?? typeUrl;
}
