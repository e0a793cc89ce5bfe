// How HTTP is spoken to a cluster: the typed options, or the older fields of the cluster that they replace.
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type {
  HttpProtocolOptions as CommonOptions,
  Http1ProtocolOptions,
} from "#api/envoy/config/core/v3/protocol_pb.ts";
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from "#api/envoy/config/core/v3/protocol_pb.ts";
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from "#api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { quoted } from "#base/log.ts";
import { unpackAs } from "./any.ts";
import type { Field } from "./field.ts";
import { timeoutMs } from "./values.ts";

export interface UpstreamHttp {
  readonly idleTimeoutMs: number | undefined;
  readonly maxRequestsPerConnection: number | undefined;
  readonly maxConnectionDurationMs: number | undefined;
  readonly enableTrailers: boolean;
}

/** Envoy looks protocol options up by this name. */
const OPTIONS_NAME = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;
const HTTP2 = "not supported: HTTP/2 upstreams";

export function readUpstreamHttp(
  at: Field,
  cluster: Cluster,
  isManagementServer: boolean,
): UpstreamHttp {
  const map = at.child("typed_extension_protocol_options");
  for (const name of Object.keys(cluster.typedExtensionProtocolOptions)) {
    if (name !== OPTIONS_NAME)
      map.entry(name).reject(`not supported: protocol options ${quoted(name)}`);
  }
  const any = cluster.typedExtensionProtocolOptions[OPTIONS_NAME];
  const field = map.entry(OPTIONS_NAME);
  const typed = unpackAs(HttpProtocolOptionsSchema, any);
  if (any !== undefined && typed === undefined) field.reject(`must be a ${OPTIONS_NAME}`);
  if (typed === undefined) return readOldFields(at, cluster, isManagementServer);
  checkProtocol(field, typed, isManagementServer);
  const common = typed.commonHttpProtocolOptions;
  const enableTrailers = http1OptionsOf(typed)?.enableTrailers ?? false;
  return {
    ...readCommon(field.child("common_http_protocol_options"), common, cluster),
    enableTrailers,
  };
}

function http1OptionsOf({
  upstreamProtocolOptions: chosen,
}: HttpProtocolOptions): Http1ProtocolOptions | undefined {
  if (chosen.case === "useDownstreamProtocolConfig") return chosen.value.httpProtocolOptions;
  if (chosen.case !== "explicitHttpConfig") return undefined;
  const { protocolConfig } = chosen.value;
  return protocolConfig.case === "httpProtocolOptions" ? protocolConfig.value : undefined;
}

function checkProtocol(at: Field, typed: HttpProtocolOptions, isManagementServer: boolean): void {
  const { upstreamProtocolOptions } = typed;
  if (upstreamProtocolOptions.case === undefined) {
    at.reject("one of explicit_http_config, use_downstream_protocol_config is required");
  } else if (upstreamProtocolOptions.case === "explicitHttpConfig") {
    const inside = at.child("explicit_http_config");
    const { protocolConfig } = upstreamProtocolOptions.value;
    if (protocolConfig.case === "http2ProtocolOptions" && !isManagementServer) {
      inside.child("http2_protocol_options").reject(HTTP2);
    } else if (protocolConfig.case === "httpProtocolOptions") {
      checkHttp1(inside.child("http_protocol_options"), protocolConfig.value);
    }
  } else if (upstreamProtocolOptions.case === "useDownstreamProtocolConfig") {
    const inside = at.child("use_downstream_protocol_config").child("http_protocol_options");
    checkHttp1(inside, upstreamProtocolOptions.value.httpProtocolOptions);
  }
}

function readOldFields(at: Field, cluster: Cluster, isManagementServer: boolean): UpstreamHttp {
  if (cluster.http2ProtocolOptions !== undefined && !isManagementServer) {
    at.child("http2_protocol_options").reject(HTTP2);
  }
  checkHttp1(at.child("http_protocol_options"), cluster.httpProtocolOptions);
  const common = cluster.commonHttpProtocolOptions;
  return {
    ...readCommon(at.child("common_http_protocol_options"), common, cluster),
    enableTrailers: cluster.httpProtocolOptions?.enableTrailers ?? false,
  };
}

/** What only a listener can have here. */
function checkHttp1(at: Field, options: Http1ProtocolOptions | undefined): void {
  if (options === undefined) return;
  if (options.acceptHttp10) at.child("accept_http_10").reject("not supported for upstreams");
}

function readCommon(
  at: Field,
  common: CommonOptions | undefined,
  cluster: Cluster,
): Omit<UpstreamHttp, "enableTrailers"> {
  if (common?.maxHeadersCount !== undefined)
    at.child("max_headers_count").reject("not supported for upstreams");
  if (common?.maxStreamDuration !== undefined)
    at.child("max_stream_duration").reject("not supported for upstreams");
  if (common !== undefined && common.headersWithUnderscoresAction !== Underscores.ALLOW) {
    at.child("headers_with_underscores_action").reject("not supported for upstreams");
  }
  const requests = common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0;
  return {
    idleTimeoutMs: timeoutMs(
      at.child("idle_timeout"),
      common?.idleTimeout,
      DEFAULT_IDLE_TIMEOUT_MS,
    ),
    maxRequestsPerConnection: requests === 0 ? undefined : requests,
    maxConnectionDurationMs: timeoutMs(
      at.child("max_connection_duration"),
      common?.maxConnectionDuration,
      undefined,
    ),
  };
}
