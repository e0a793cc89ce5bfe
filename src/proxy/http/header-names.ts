// Names of the fields that the data path itself reads and writes, and values that never change.
import { type HeaderName, headerName } from "#codec/header-name.ts";
import { latin1Bytes } from "#codec/latin1.ts";

export const CONNECTION: HeaderName = headerName("connection");
export const CONTENT_LENGTH: HeaderName = headerName("content-length");
export const CONTENT_TYPE: HeaderName = headerName("content-type");
export const DATE: HeaderName = headerName("date");
export const EXPECT: HeaderName = headerName("expect");
export const GRPC_MESSAGE: HeaderName = headerName("grpc-message");
export const GRPC_STATUS: HeaderName = headerName("grpc-status");
export const LOCATION: HeaderName = headerName("location");
export const SERVER: HeaderName = headerName("server");
export const VIA: HeaderName = headerName("via");
export const X_ENVOY_ATTEMPT_COUNT: HeaderName = headerName("x-envoy-attempt-count");
export const X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER: HeaderName = headerName(
  "x-envoy-downstream-service-cluster",
);
export const X_ENVOY_DOWNSTREAM_SERVICE_NODE: HeaderName = headerName(
  "x-envoy-downstream-service-node",
);
export const X_ENVOY_EXPECTED_RQ_TIMEOUT_MS: HeaderName = headerName(
  "x-envoy-expected-rq-timeout-ms",
);
export const X_ENVOY_EXTERNAL_ADDRESS: HeaderName = headerName("x-envoy-external-address");
export const X_ENVOY_INTERNAL: HeaderName = headerName("x-envoy-internal");
export const X_ENVOY_ORIGINAL_PATH: HeaderName = headerName("x-envoy-original-path");
export const X_ENVOY_OVERLOADED: HeaderName = headerName("x-envoy-overloaded");
export const X_ENVOY_RATELIMITED: HeaderName = headerName("x-envoy-ratelimited");
export const X_ENVOY_UPSTREAM_SERVICE_TIME: HeaderName = headerName(
  "x-envoy-upstream-service-time",
);
export const X_FORWARDED_CLIENT_CERT: HeaderName = headerName("x-forwarded-client-cert");
export const X_FORWARDED_FOR: HeaderName = headerName("x-forwarded-for");
export const X_FORWARDED_PROTO: HeaderName = headerName("x-forwarded-proto");
export const X_REQUEST_ID: HeaderName = headerName("x-request-id");

export const CLOSE: Uint8Array = latin1Bytes("close");
export const KEEP_ALIVE: Uint8Array = latin1Bytes("keep-alive");
export const HTTP_SCHEME: Uint8Array = latin1Bytes("http");
export const TEXT_PLAIN: Uint8Array = latin1Bytes("text/plain");
export const TRUE: Uint8Array = latin1Bytes("true");

/** Small numbers are asked for again and again (times in ms, attempt counts, lengths): their digits are made once. */
const CACHED_DECIMALS = 20_000;
const decimals: (Uint8Array | undefined)[] = [];

/** The digits of `value`, a whole number >= 0. The caller does not write into them. */
export function decimalBytes(value: number): Uint8Array {
  if (value >= CACHED_DECIMALS) return latin1Bytes(String(value));
  let bytes = decimals[value];
  if (bytes === undefined) {
    bytes = latin1Bytes(String(value));
    decimals[value] = bytes;
  }
  return bytes;
}
