// The gRPC methods of xDS: paths, and how their messages become bytes. Resources inside an Any stay the bytes they are.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import type { XdsRequest, XdsResponse, XdsVariant } from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "#xds/type-url.ts";

export interface XdsMethod {
  readonly service: string;
  readonly method: string;
  readonly variant: XdsVariant;
  /** The one type of a per-type method; undefined for the aggregated ones. */
  readonly typeUrl: string | undefined;
}

const method = (
  service: string,
  name: string,
  variant: XdsVariant,
  typeUrl?: string,
): XdsMethod => ({ service: `envoy.service.${service}`, method: name, variant, typeUrl });

const ADS = "discovery.v3.AggregatedDiscoveryService";
const CDS = "cluster.v3.ClusterDiscoveryService";
const EDS = "endpoint.v3.EndpointDiscoveryService";
const LDS = "listener.v3.ListenerDiscoveryService";
const RDS = "route.v3.RouteDiscoveryService";

export const XDS_METHODS: readonly XdsMethod[] = [
  method(ADS, "StreamAggregatedResources", "sotw"),
  method(ADS, "DeltaAggregatedResources", "delta"),
  method(CDS, "StreamClusters", "sotw", CLUSTER),
  method(CDS, "DeltaClusters", "delta", CLUSTER),
  method(EDS, "StreamEndpoints", "sotw", ENDPOINT),
  method(EDS, "DeltaEndpoints", "delta", ENDPOINT),
  method(LDS, "StreamListeners", "sotw", LISTENER),
  method(LDS, "DeltaListeners", "delta", LISTENER),
  method(RDS, "StreamRoutes", "sotw", ROUTE),
  method(RDS, "DeltaRoutes", "delta", ROUTE),
];

export function methodPath(of: XdsMethod): string {
  return `/${of.service}/${of.method}`;
}

/** The aggregated method of a variant. */
export function adsPath(variant: XdsVariant): string {
  const name = variant === "sotw" ? "StreamAggregatedResources" : "DeltaAggregatedResources";
  return `/envoy.service.${ADS}/${name}`;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encodeRequest(request: XdsRequest): Buffer {
  return asBuffer(
    request.$typeName === "envoy.service.discovery.v3.DiscoveryRequest"
      ? toBinary(DiscoveryRequestSchema, request)
      : toBinary(DeltaDiscoveryRequestSchema, request),
  );
}

/** Throws on malformed bytes; gRPC turns that into the status Internal. */
export function decodeRequest(variant: XdsVariant, bytes: Uint8Array): XdsRequest {
  return variant === "sotw"
    ? fromBinary(DiscoveryRequestSchema, bytes)
    : fromBinary(DeltaDiscoveryRequestSchema, bytes);
}

export function encodeResponse(response: XdsResponse): Buffer {
  return asBuffer(
    response.$typeName === "envoy.service.discovery.v3.DiscoveryResponse"
      ? toBinary(DiscoveryResponseSchema, response)
      : toBinary(DeltaDiscoveryResponseSchema, response),
  );
}

/** Throws on malformed bytes; gRPC turns that into the status Internal. */
export function decodeResponse(variant: XdsVariant, bytes: Uint8Array): XdsResponse {
  return variant === "sotw"
    ? fromBinary(DiscoveryResponseSchema, bytes)
    : fromBinary(DeltaDiscoveryResponseSchema, bytes);
}
