// The HTTP connection manager as Istio sets it up (istio.md section 1), without the filters that only Istio's Envoy has.
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { type Filter, FilterSchema } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import { CorsSchema } from "#api/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "#api/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { FilterConfigSchema as GrpcStatsSchema } from "#api/envoy/extensions/filters/http/grpc_stats/v3/config_pb.ts";
import { RouterSchema } from "#api/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { TapSchema } from "#api/envoy/extensions/filters/http/tap/v3/tap_pb.ts";
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
  RdsSchema,
} from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { ADS, NO_TIMEOUT, packed } from "../messages.ts";
import { FILTER } from "../names.ts";
import type { Observation } from "./observation.ts";

export interface HttpConnectionSpec {
  /** `outbound_0.0.0.0_9080`: how its statistics are named. */
  readonly statPrefix: string;
  readonly route:
    | { readonly kind: "rds"; readonly name: string }
    | { readonly kind: "inline"; readonly config: RouteConfiguration };
  /** Gateways take the peer's address for the client's; sidecars trust what the program beside them says. */
  readonly useRemoteAddress: boolean;
  /** Requests name their target with the scheme: "GET http://reviews:9080/ HTTP/1.1". */
  readonly isHttpProxy: boolean;
  readonly observation: Observation;
}

function httpFilter(name: string, value: ReturnType<typeof packed>): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: "typedConfig", value } });
}

export const FAULT_FILTER: HttpFilter = httpFilter(FILTER.fault, packed(HTTPFaultSchema));
export const ROUTER_FILTER: HttpFilter = httpFilter(FILTER.router, packed(RouterSchema));

/** In Istio's order; routes switch fault and CORS on. */
const HTTP_FILTERS: readonly HttpFilter[] = [
  httpFilter(
    FILTER.grpcStats,
    packed(GrpcStatsSchema, {
      emitFilterState: true,
      perMethodStatSpecifier: { case: "statsForAllMethods", value: { value: false } },
    }),
  ),
  FAULT_FILTER,
  httpFilter(FILTER.cors, packed(CorsSchema)),
  ROUTER_FILTER,
];

/** The first filter: it sees requests that the others answer. */
function tapFilter(configId: string): HttpFilter {
  const config = packed(TapSchema, {
    commonConfig: { configType: { case: "adminConfig", value: { configId } } },
    recordHeadersReceivedTime: true,
    recordDownstreamConnection: true,
    recordUpstreamConnection: true,
  });
  // Optional, so that an Envoy that was built without it serves all the same.
  return create(HttpFilterSchema, { ...httpFilter(FILTER.tap, config), isOptional: true });
}

export function httpConnectionManager(spec: HttpConnectionSpec): Filter {
  const { accessLogs, tapConfigId } = spec.observation;
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: spec.statPrefix,
    routeSpecifier: routeSpecifier(spec),
    httpFilters: [...(tapConfigId === undefined ? [] : [tapFilter(tapConfigId)]), ...HTTP_FILTERS],
    httpProtocolOptions: spec.isHttpProxy ? { allowAbsoluteUrl: true } : undefined,
    useRemoteAddress: spec.useRemoteAddress,
    // "100 Continue" comes from the upstream, not from us: only it knows whether it wants the body.
    proxy100Continue: true,
    upgradeConfigs: [{ upgradeType: "websocket" }],
    streamIdleTimeout: NO_TIMEOUT,
    normalizePath: true,
    pathWithEscapedSlashesAction: EscapedSlashes.KEEP_UNCHANGED,
    accessLog: [...accessLogs],
  });
  return create(FilterSchema, {
    name: FILTER.httpConnectionManager,
    configType: { case: "typedConfig", value: anyPack(HttpConnectionManagerSchema, manager) },
  });
}

function routeSpecifier({ route }: HttpConnectionSpec): HttpConnectionManager["routeSpecifier"] {
  if (route.kind === "inline") return { case: "routeConfig", value: route.config };
  const value = create(RdsSchema, { configSource: ADS, routeConfigName: route.name });
  return { case: "rds", value };
}
