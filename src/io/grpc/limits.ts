// What the gRPC adapters allow, each with its reason.

/** A request may be this long: gRPC's own default everywhere, and Istio's (ISTIO_GPRC_MAXRECVMSGSIZE). Responses are not limited: a mesh's clusters may take tens of megabytes. */
export const MAX_REQUEST_BYTES: number = 4 * 1024 * 1024;

/** The proxy takes a response up to this length. Ten times the largest push known (10,000 clusters); a server that sends more is broken or hostile. */
export const MAX_RESPONSE_BYTES: number = 256 * 1024 * 1024;

/** Streams that one server serves at a time; each is one proxy. Ten times the scale sampan is built for on one pilot. */
export const MAX_STREAMS = 10_000;

/** Streams on one connection: a proxy opens one, a test tool that plays many proxies some hundred. */
export const MAX_STREAMS_PER_CONNECTION = 1_000;

/** Istio's keepalive: ping after 30 s of silence, gone after 10 s without an answer. Finds peers that vanished without a FIN. */
export const KEEPALIVE_TIME_MS = 30_000;
export const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Envoy's default connect_timeout of a cluster. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** How long a closing server lets streams say goodbye. */
export const SHUTDOWN_LIMIT_MS = 1_000;
