// What one stream may hold, wait for or say, each with its reason.

/**
 * Names that one stream may subscribe to for one type. Istio's largest published meshes have some 10,000 clusters a proxy.
 */
export const MAX_NAMES_PER_TYPE = 100_000;

/**
 * Characters of all type URLs, subscribed names and claimed names of one stream together: what a client can make us keep. 100,000
 * names of Istio's usual length ("outbound|9080|v1|reviews.default.svc.cluster.local") are a third of it.
 */
export const MAX_NAME_CHARACTERS_PER_STREAM: number = 16 * 1024 * 1024;

/** Types that one stream may ask for. xDS v3 has fewer than 20; a client that invents more only fills our memory. */
export const MAX_TYPES_PER_STREAM = 64;

/** Kept of a NACK's words. Envoy names every refused resource in one text, which may be long; a status page needs the start. */
export const MAX_NACK_CHARACTERS = 4096;

/**
 * How long a response that is not acknowledged holds back the next one of its type. Envoy keeps the ACK of CDS back until
 * all clusters of the response are warm (cluster_manager_impl.cc, updateClusterCounts); a client may also simply be slow.
 */
export const ACK_LIMIT_MS = 5_000;

/** Responses of one type that may wait for an ACK, after ACK_LIMIT_MS each, before the type falls silent. */
export const MAX_UNACKNOWLEDGED = 8;

/**
 * How long a route configuration or listener waits for clusters that it names. Envoy's own patience for a resource is the
 * same (initial_fetch_timeout, 15 s): after it a cluster counts as ready, so waiting longer protects nothing.
 */
export const ORDER_LIMIT_MS = 15_000;

/**
 * How long after a client accepted a cluster it may take to ask for its endpoints, before what names the cluster goes out.
 * Envoy and gRPC ask in the same turn; a client that never asks for endpoints (a tool that only looks) shall not wait long.
 */
export const ASK_LIMIT_MS = 1_000;

/**
 * On a new stream a client that says what it still has (initial_resource_versions) asks for its types one after another; until
 * the routes have been asked for we cannot know what they use, so for this long no cluster is removed. Envoy sends all its
 * first requests within one event loop turn; a second is ample.
 */
export const RECONNECT_GRACE_MS = 1_000;

/** Envoy's back-off towards a management server (grpc_stream.h: 500 ms, doubled up to 30 s, full jitter). */
export const RECONNECT_BASE_MS = 500;
export const RECONNECT_MAX_MS = 30_000;
