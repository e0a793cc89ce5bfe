// The parts of an http route that change or answer a request.
import type {
  CorsPolicy,
  HTTPDirectResponse,
  HTTPFaultInjection,
  HTTPMatchRequest,
  HTTPRedirect,
  HTTPRetry,
  HTTPRewrite,
  Percent,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { nearest } from "#base/nearest.ts";
import { each, type Field } from "../field.ts";
import { checkDuration, checkPort } from "../names.ts";
import { isHeaderName } from "./headers.ts";
import { checkRegex, checkStringMatch } from "./http-match.ts";

/** Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on. */
const RETRY_POLICIES = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "envoy-ratelimited",
  "http3-post-connect-failure",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
];
const GRPC_STATUSES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
const CORS_METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "*",
];
/** Envoy keeps the body of every direct response in memory, on every proxy. */
const MAX_BODY_BYTES = 1024 * 1024;
const LARGE_BODY_BYTES = 100 * 1024;

export function checkFault(fault: HTTPFaultInjection | undefined, field: Field): void {
  if (fault === undefined) return;
  const { abort, delay } = fault;
  if (abort === undefined && delay === undefined) field.error("must have abort or delay");
  if (abort !== undefined) {
    const at = field.at("abort");
    checkFaultPercentage(abort.percentage, at.at("percentage", "value"));
    const error = abort.errorType;
    if (error.case === "httpStatus") checkStatus(error.value, at.at("httpStatus"));
    else if (error.case === "http2Error")
      at.at("http2Error").error("cannot be injected: use httpStatus or grpcStatus");
    else if (error.case === undefined) at.error("must have httpStatus or grpcStatus");
    else if (!GRPC_STATUSES.includes(error.value)) {
      at.at("grpcStatus").must(
        `be a gRPC status name such as ${nearest(error.value, GRPC_STATUSES) ?? "UNAVAILABLE"}`,
        error.value,
      );
    }
  }
  if (delay === undefined) return;
  const at = field.at("delay");
  checkFaultPercentage(delay.percentage, at.at("percentage", "value"));
  if (delay.percent < 0 || delay.percent > 100) at.at("percent").must("be 0 to 100", delay.percent);
  const type = delay.httpDelayType;
  if (type.case === "fixedDelay") checkDuration(type.value, at.at("fixedDelay"));
  else if (type.case === "exponentialDelay")
    at.at("exponentialDelay").error("cannot be injected: use fixedDelay");
  else at.at("fixedDelay").error("must be set");
}

/** Envoy counts millionths: what is less than one of them would never strike. */
function checkFaultPercentage(percentage: Percent | undefined, field: Field): void {
  const value = percentage?.value ?? 0;
  if (value !== 0 && !(value >= 0.0001 && value <= 100))
    field.must("be 0, or 0.0001 to 100", value);
}

function checkStatus(status: number, field: Field): void {
  if (status < 200 || status > 599) field.must("be an HTTP status, 200 to 599", status);
}

export function checkDirectResponse(response: HTTPDirectResponse | undefined, field: Field): void {
  if (response === undefined) return;
  checkStatus(response.status, field.at("status"));
  const body = response.body?.specifier;
  const size =
    body?.case === "string"
      ? new TextEncoder().encode(body.value).length
      : (body?.value?.length ?? 0);
  if (size > MAX_BODY_BYTES)
    field.at("body").error(`must have at most ${MAX_BODY_BYTES} bytes: it has ${size}`);
  else if (size > LARGE_BODY_BYTES)
    field.at("body").warn(`has ${size} bytes: every proxy holds them`);
}

export function checkRedirect(
  redirect: HTTPRedirect | undefined,
  matches: readonly HTTPMatchRequest[],
  field: Field,
): void {
  if (redirect === undefined) return;
  const { uri, prefixRewrite, authority, scheme, redirectPort, redirectCode } = redirect;
  if (uri !== "" && prefixRewrite !== "")
    field.at("prefixRewrite").error("set together with uri: only one may be");
  const byPrefix = ({ uri: path }: HTTPMatchRequest): boolean =>
    path === undefined || path.matchType.case === "prefix";
  if (prefixRewrite !== "" && !matches.every(byPrefix)) {
    field.at("prefixRewrite").error("needs every uri match of the route to be a prefix");
  }
  const isEmpty = [uri, prefixRewrite, authority, scheme].every((text) => text === "");
  if (isEmpty && redirectPort.case === undefined)
    field.error("must have uri, prefixRewrite, authority, scheme or port");
  if (redirectPort.case === "port") checkPort(redirectPort.value, field.at("port"));
  if (!["", "http", "https"].includes(scheme)) field.at("scheme").must("be http or https", scheme);
  if (![0, 301, 302, 303, 307, 308].includes(redirectCode)) {
    field.at("redirectCode").must("be 301, 302, 303, 307 or 308", redirectCode);
  }
}

export function checkRewrite(rewrite: HTTPRewrite | undefined, field: Field): void {
  if (rewrite === undefined) return;
  const { uri, uriRegexRewrite: regex, authority } = rewrite;
  if (uri === "" && authority === "" && regex === undefined)
    field.error("must have uri, uriRegexRewrite or authority");
  if (regex === undefined) return;
  const at = field.at("uriRegexRewrite");
  if (uri !== "") at.error("set together with uri: only one may be");
  checkRegex(regex.match, at.at("match"));
  if (regex.rewrite === "") at.at("rewrite").error("must be set");
}

export function checkRetries(retries: HTTPRetry | undefined, field: Field): void {
  if (retries === undefined) return;
  if (retries.attempts < 0) field.at("attempts").must("not be negative", retries.attempts);
  const isConfigured =
    retries.perTryTimeout !== undefined ||
    retries.retryOn !== "" ||
    retries.retryRemoteLocalities !== undefined;
  if (retries.attempts === 0 && isConfigured) {
    field
      .at("attempts")
      .error("must be at least 1: with 0 retries are off, and the fields beside it mean nothing");
  }
  checkDuration(retries.perTryTimeout, field.at("perTryTimeout"));
  checkDuration(retries.backoff, field.at("backoff"));
  if (retries.retryOn === "") return;
  for (const policy of retries.retryOn.split(",")) {
    const isStatus = /^[1-5]\d\d$/.test(policy);
    if (isStatus || RETRY_POLICIES.includes(policy)) continue;
    const near = nearest(policy, RETRY_POLICIES);
    const hint = near === undefined ? RETRY_POLICIES.join(", ") : `such as ${near}`;
    field.at("retryOn").must(`name retry policies, with commas and no blanks, ${hint}`, policy);
  }
}

export function checkCors(policy: CorsPolicy | undefined, field: Field): void {
  if (policy === undefined) return;
  each(policy.allowOrigins, field.at("allowOrigins"), (origin, at) => {
    if ((origin.matchType.value ?? "") === "") at.error("must have exact, prefix or regex");
    else checkStringMatch(origin, at);
  });
  each(policy.allowMethods, field.at("allowMethods"), (method, at) => {
    if (!CORS_METHODS.includes(method)) at.must(`be one of ${CORS_METHODS.join(", ")}`, method);
  });
  for (const name of ["allowHeaders", "exposeHeaders"] as const) {
    each(policy[name], field.at(name), (header, at) => {
      if (header !== "*" && !isHeaderName(header)) at.must("be a header name", header);
    });
  }
  checkDuration(policy.maxAge, field.at("maxAge"));
  if (policy.maxAge !== undefined && policy.maxAge.nanos > 0)
    field.at("maxAge").error("must be whole seconds");
}
