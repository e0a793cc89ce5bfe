// The headers that Envoy keeps in one field however often they come or are added (its "inline" headers): a second value follows a comma.
import type { HeaderBlock } from "#codec/header-block.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";

/** Seen on 1.40; the x-envoy-* that a stranger cannot send are from its table of headers. */
const OF_REQUESTS: ReadonlySet<HeaderName> = new Set(
  [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "expect",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "proxy-status",
    "referer",
    "user-agent",
    "via",
    "x-client-trace-id",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-is-timeout-retry",
    "x-envoy-max-retries",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
  ].map(headerName),
);

/** From its table of headers. */
const OF_RESPONSES: ReadonlySet<HeaderName> = new Set(
  [
    "content-type",
    "proxy-status",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-request-id",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "date",
    "etag",
    "grpc-message",
    "grpc-status",
    "location",
    "server",
    "x-envoy-degraded",
    "x-envoy-immediate-health-check-fail",
    "x-envoy-overloaded",
    "x-envoy-ratelimited",
    "x-envoy-upstream-canary",
    "x-envoy-upstream-healthchecked-cluster",
    "x-envoy-upstream-service-time",
  ].map(headerName),
);

/** Whether several fields of this name in `head` are one value to Envoy: "a" and "b" are "a,b". */
export function joinsValues(head: HeaderBlock, name: HeaderName): boolean {
  return (head instanceof ResponseHead ? OF_RESPONSES : OF_REQUESTS).has(name);
}
