// envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager -> HttpConnectionManagerConfig, defaults filled in.
import {
  type HttpProtocolOptions,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from "#api/envoy/config/core/v3/protocol_pb.ts";
import {
  HttpConnectionManager_ForwardClientCertDetails as ClientCert,
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  type HttpConnectionManager,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { UuidRequestIdConfigSchema } from "#api/envoy/extensions/request_id/uuid/v3/uuid_pb.ts";
import { quoted } from "#base/log.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { Field } from "./field.ts";
import type { HttpConnectionManagerConfig } from "./listener-config.ts";
import { readAccessLogs } from "./parse-access-log.ts";
import { readAdsSource } from "./parse-cluster.ts";
import { readHttpFilters } from "./parse-http-filters.ts";
import { readRouteConfiguration } from "./parse-route-configuration.ts";
import { durationMs, timeoutMs } from "./values.ts";

const DEFAULT_STREAM_IDLE_TIMEOUT_MS = 300_000;
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;
const DEFAULT_DRAIN_TIMEOUT_MS = 5000;
const DEFAULT_DELAYED_CLOSE_TIMEOUT_MS = 1000;
const DEFAULT_MAX_HEADERS_KIB = 60;
const DEFAULT_MAX_HEADERS_COUNT = 100;

export function readHttpConnectionManager(
  at: Field,
  message: HttpConnectionManager,
): HttpConnectionManagerConfig {
  refuseOddities(at, message);
  const http1 = message.httpProtocolOptions;
  return {
    statPrefix: message.statPrefix,
    codec: readCodec(at.child("codec_type"), message.codecType),
    route: readRoute(at, message),
    httpFilters: readHttpFilters(at.child("http_filters"), message.httpFilters),
    accessLogs: readAccessLogs(at.child("access_log"), message.accessLog),
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    serverName: message.serverName === "" ? "envoy" : message.serverName,
    serverHeader: serverHeader(message.serverHeaderTransformation),
    via: message.via,
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    ...readPortStripping(at, message),
    acceptHttp10: http1?.acceptHttp10 ?? false,
    enableTrailers: http1?.enableTrailers ?? false,
    allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
    proxy100Continue: message.proxy100Continue,
    upgrades: readUpgrades(at.child("upgrade_configs"), message),
    ...readTimeouts(at, message),
    ...readCommon(at.child("common_http_protocol_options"), message.commonHttpProtocolOptions),
    maxRequestHeadersBytes: (message.maxRequestHeadersKb ?? DEFAULT_MAX_HEADERS_KIB) * 1024,
    clientCertHeader:
      message.forwardClientCertDetails === ClientCert.ALWAYS_FORWARD_ONLY ? "forward" : "sanitize",
  };
}

function refuseOddities(at: Field, message: HttpConnectionManager): void {
  const slashes = message.pathWithEscapedSlashesAction;
  if (
    slashes !== EscapedSlashes.IMPLEMENTATION_SPECIFIC_DEFAULT &&
    slashes !== EscapedSlashes.KEEP_UNCHANGED
  ) {
    at.child("path_with_escaped_slashes_action").reject("not supported: only KEEP_UNCHANGED is");
  }
  const requestId = message.requestIdExtension?.typedConfig;
  if (requestId !== undefined && unpackAs(UuidRequestIdConfigSchema, requestId) === undefined) {
    const field = at.child("request_id_extension").child("typed_config");
    field.reject(`not supported: ${quoted(typeNameOf(requestId))}`);
  }
}

/** AUTO tells HTTP/1 from HTTP/2 by the first bytes; HTTP/2 is then answered with an error. */
function readCodec(at: Field, codec: CodecType): HttpConnectionManagerConfig["codec"] {
  switch (codec) {
    case CodecType.AUTO:
      return "auto";
    case CodecType.HTTP1:
      return "http1";
    case CodecType.HTTP2:
      at.reject("not supported: HTTP/2");
      return "http2";
    default:
      at.reject("not supported: HTTP/3");
      return "auto";
  }
}

function readRoute(
  at: Field,
  message: HttpConnectionManager,
): HttpConnectionManagerConfig["route"] {
  const { routeSpecifier } = message;
  if (routeSpecifier.case === "routeConfig") {
    const config = readRouteConfiguration(at.child("route_config"), routeSpecifier.value);
    return { kind: "inline", config };
  }
  const rds = routeSpecifier.case === "rds" ? routeSpecifier.value : undefined;
  const name = rds?.routeConfigName ?? "";
  if (name === "") at.child("rds").child("route_config_name").reject("value is required");
  const source = at.child("rds").child("config_source");
  return { kind: "rds", name, initialFetchTimeoutMs: readAdsSource(source, rds?.configSource) };
}

function serverHeader(mode: ServerHeader): HttpConnectionManagerConfig["serverHeader"] {
  switch (mode) {
    case ServerHeader.APPEND_IF_ABSENT:
      return "appendIfAbsent";
    case ServerHeader.PASS_THROUGH:
      return "passThrough";
    default:
      return "overwrite";
  }
}

function readPortStripping(
  at: Field,
  message: HttpConnectionManager,
): Pick<HttpConnectionManagerConfig, "stripMatchingHostPort" | "stripAnyHostPort"> {
  const mode = message.stripPortMode;
  const stripAnyHostPort = mode.case === "stripAnyHostPort" && mode.value;
  if (stripAnyHostPort && message.stripMatchingHostPort) {
    const wanted = "Only one of strip_matching_host_port or strip_any_host_port can be set";
    at.child("strip_any_host_port").reject(wanted);
  }
  return { stripMatchingHostPort: message.stripMatchingHostPort, stripAnyHostPort };
}

function readUpgrades(at: Field, message: HttpConnectionManager): readonly string[] {
  const seen = new Map<string, boolean>();
  for (const [i, config] of message.upgradeConfigs.entries()) {
    const type = config.upgradeType.toLowerCase();
    const field = at.item(i).child("upgrade_type");
    if (type === "") field.reject("value is required");
    if (type === "connect") field.reject("not supported: CONNECT");
    if (seen.has(type))
      field.reject(`multiple upgrade configs with the same name: ${quoted(type)}`);
    seen.set(type, config.enabled ?? true);
  }
  return [...seen].filter(([, enabled]) => enabled).map(([type]) => type);
}

function readTimeouts(
  at: Field,
  message: HttpConnectionManager,
): Pick<
  HttpConnectionManagerConfig,
  | "streamIdleTimeoutMs"
  | "requestTimeoutMs"
  | "requestHeadersTimeoutMs"
  | "drainTimeoutMs"
  | "delayedCloseTimeoutMs"
> {
  return {
    streamIdleTimeoutMs: timeoutMs(
      at.child("stream_idle_timeout"),
      message.streamIdleTimeout,
      DEFAULT_STREAM_IDLE_TIMEOUT_MS,
    ),
    requestTimeoutMs: timeoutMs(at.child("request_timeout"), message.requestTimeout, undefined),
    requestHeadersTimeoutMs: timeoutMs(
      at.child("request_headers_timeout"),
      message.requestHeadersTimeout,
      undefined,
    ),
    drainTimeoutMs: durationMs(
      at.child("drain_timeout"),
      message.drainTimeout,
      DEFAULT_DRAIN_TIMEOUT_MS,
    ),
    delayedCloseTimeoutMs: durationMs(
      at.child("delayed_close_timeout"),
      message.delayedCloseTimeout,
      DEFAULT_DELAYED_CLOSE_TIMEOUT_MS,
    ),
  };
}

function readCommon(
  at: Field,
  common: HttpProtocolOptions | undefined,
): Pick<
  HttpConnectionManagerConfig,
  | "idleTimeoutMs"
  | "maxConnectionDurationMs"
  | "maxRequestsPerConnection"
  | "maxStreamDurationMs"
  | "maxHeadersCount"
  | "headersWithUnderscores"
> {
  const requests = common?.maxRequestsPerConnection ?? 0;
  return {
    idleTimeoutMs: timeoutMs(
      at.child("idle_timeout"),
      common?.idleTimeout,
      DEFAULT_IDLE_TIMEOUT_MS,
    ),
    maxConnectionDurationMs: timeoutMs(
      at.child("max_connection_duration"),
      common?.maxConnectionDuration,
      undefined,
    ),
    maxRequestsPerConnection: requests === 0 ? undefined : requests,
    maxStreamDurationMs: timeoutMs(
      at.child("max_stream_duration"),
      common?.maxStreamDuration,
      undefined,
    ),
    maxHeadersCount: common?.maxHeadersCount ?? DEFAULT_MAX_HEADERS_COUNT,
    headersWithUnderscores: underscores(common?.headersWithUnderscoresAction),
  };
}

function underscores(
  action: Underscores | undefined,
): HttpConnectionManagerConfig["headersWithUnderscores"] {
  switch (action) {
    case Underscores.REJECT_REQUEST:
      return "reject";
    case Underscores.DROP_HEADER:
      return "drop";
    default:
      return "allow";
  }
}
