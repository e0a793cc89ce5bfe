// Which HTTP version a cluster speaks, and the limits of its connections: envoy.extensions.upstreams.http.v3.HttpProtocolOptions.
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type HttpProtocolOptions as CommonOptions,
  HttpProtocolOptionsSchema as CommonOptionsSchema,
  Http2ProtocolOptionsSchema,
} from "#api/envoy/config/core/v3/protocol_pb.ts";
import {
  type HttpProtocolOptions,
  HttpProtocolOptions_ExplicitHttpConfigSchema,
  HttpProtocolOptions_UseDownstreamHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from "#api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import {
  type ConnectionPoolSettings,
  ConnectionPoolSettings_HTTPSettings_H2UpgradePolicy as H2UpgradePolicy,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { isHttp2, isSniffed } from "../../model/protocol.ts";
import type { Protocol } from "../../model/service.ts";
import { duration } from "../messages.ts";

/** The key under which Envoy looks for them. */
const HTTP_OPTIONS_KEY = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

type UpstreamOptions = HttpProtocolOptions["upstreamProtocolOptions"];

/** What of TLS shows in HTTP: names taken from the request's host. */
export interface AutomaticNames {
  readonly sni: boolean;
  readonly subjectAltNames: boolean;
}

/** Adds the options when there is anything to say; HTTP/1.1 with Envoy's limits needs no words. */
export function applyUpstreamProtocol(
  cluster: Cluster,
  protocol: Protocol,
  pool: ConnectionPoolSettings | undefined,
  isGateway: boolean,
  automatic: AutomaticNames | undefined,
): void {
  const common = commonOptions(pool);
  const upstream = upstreamOptions(protocol, pool, isGateway);
  if (common === undefined && upstream === undefined && automatic === undefined) return;
  const options = create(HttpProtocolOptionsSchema, {
    commonHttpProtocolOptions: common,
    upstreamHttpProtocolOptions:
      automatic === undefined
        ? undefined
        : { autoSni: automatic.sni, autoSanValidation: automatic.subjectAltNames },
    // Envoy demands a choice as soon as the options are there; HTTP/1.1 is what it would have done.
    upstreamProtocolOptions: upstream ?? explicitHttp1(),
  });
  cluster.typedExtensionProtocolOptions = {
    [HTTP_OPTIONS_KEY]: anyPack(HttpProtocolOptionsSchema, options),
  };
}

/** The client's version upstream too, and connections that end after five idle minutes: for clusters that stand for "anything". */
export function applyPassthroughProtocol(cluster: Cluster): void {
  const options = create(HttpProtocolOptionsSchema, {
    commonHttpProtocolOptions: { idleTimeout: duration(300_000) },
    upstreamProtocolOptions: downstreamVersion(),
  });
  cluster.typedExtensionProtocolOptions = {
    [HTTP_OPTIONS_KEY]: anyPack(HttpProtocolOptionsSchema, options),
  };
}

function commonOptions(pool: ConnectionPoolSettings | undefined): CommonOptions | undefined {
  const { http, tcp } = pool ?? {};
  const idleTimeout = http?.idleTimeout ?? tcp?.idleTimeout;
  const maxConnectionDuration = tcp?.maxConnectionDuration;
  const maxRequestsPerConnection =
    http !== undefined && http.maxRequestsPerConnection > 0
      ? http.maxRequestsPerConnection
      : undefined;
  if (
    idleTimeout === undefined &&
    maxConnectionDuration === undefined &&
    maxRequestsPerConnection === undefined
  ) {
    return undefined;
  }
  return create(CommonOptionsSchema, {
    idleTimeout,
    maxConnectionDuration,
    maxRequestsPerConnection,
  });
}

function upstreamOptions(
  protocol: Protocol,
  pool: ConnectionPoolSettings | undefined,
  isGateway: boolean,
): UpstreamOptions | undefined {
  const http = pool?.http;
  if (http?.useClientProtocol) return downstreamVersion();
  if (speaksHttp2(protocol, pool)) return explicitHttp2(pool);
  // Gateways do not sniff: their clients would negotiate HTTP/2 that the upstream may not speak.
  return isSniffed(protocol) && !isGateway ? downstreamVersion() : undefined;
}

/** An upgrade is asked for by someone who knows the port, whatever its protocol says. */
export function speaksHttp2(protocol: Protocol, pool: ConnectionPoolSettings | undefined): boolean {
  if (pool?.http?.useClientProtocol) return false;
  return isHttp2(protocol) || pool?.http?.h2UpgradePolicy === H2UpgradePolicy.UPGRADE;
}

function explicitHttp1(): UpstreamOptions {
  return {
    case: "explicitHttpConfig",
    value: create(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      protocolConfig: { case: "httpProtocolOptions", value: {} },
    }),
  };
}

function explicitHttp2(pool: ConnectionPoolSettings | undefined): UpstreamOptions {
  const { maxConcurrentStreams = 0, http2KeepAlive } = pool?.http ?? {};
  const options = create(Http2ProtocolOptionsSchema, {
    maxConcurrentStreams: maxConcurrentStreams > 0 ? maxConcurrentStreams : undefined,
    connectionKeepalive:
      http2KeepAlive === undefined
        ? undefined
        : { interval: http2KeepAlive.interval, timeout: http2KeepAlive.timeout },
  });
  return {
    case: "explicitHttpConfig",
    value: create(HttpProtocolOptions_ExplicitHttpConfigSchema, {
      protocolConfig: { case: "http2ProtocolOptions", value: options },
    }),
  };
}

function downstreamVersion(): UpstreamOptions {
  return {
    case: "useDownstreamProtocolConfig",
    value: create(HttpProtocolOptions_UseDownstreamHttpConfigSchema, {
      httpProtocolOptions: {},
      http2ProtocolOptions: {},
    }),
  };
}
