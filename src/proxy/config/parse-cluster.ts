// envoy.config.cluster.v3.Cluster -> ClusterConfig, or the field for which it is refused.
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { ConfigSource } from "#api/envoy/config/core/v3/config_source_pb.ts";
import { ApiVersion } from "#api/envoy/config/core/v3/config_source_pb.ts";
import { CaresDnsResolverConfigSchema } from "#api/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.ts";
import { quoted } from "#base/log.ts";
import { extensionTypeOf, typeNameOf, unpackAs } from "./any.ts";
import { checkMessage } from "./check/check-message.ts";
import { isIgnoredExtension } from "./check/ignored-extensions.ts";
import type { ClusterConfig, Discovery, DnsLookupFamily } from "./cluster-config.ts";
import { Field } from "./field.ts";
import type { AddressKind } from "./parse-address.ts";
import { readCircuitBreakers } from "./parse-circuit-breakers.ts";
import { emptyEndpoints, readEndpoints } from "./parse-endpoints.ts";
import { readLoadBalancing } from "./parse-load-balancer.ts";
import { readOutlierDetection } from "./parse-outlier-detection.ts";
import { checkPlainText } from "./parse-transport-socket.ts";
import { readUpstreamHttp } from "./parse-upstream-http.ts";
import type { Parsed } from "./parsed.ts";
import { durationMs, filterMetadata, hashOf } from "./values.ts";

export interface ClusterOptions {
  /** From CDS, not from the bootstrap file. */
  readonly addedViaApi: boolean;
  /** Named by the bootstrap's ads_config: the gRPC library connects to it, no traffic goes there, and HTTP/2 is what it speaks. */
  readonly isManagementServer?: boolean;
}

export const DEFAULT_BUFFER_LIMIT_BYTES: number = 1024 * 1024;
const DEFAULT_FETCH_TIMEOUT_MS = 15_000;

/** Parses one CDS resource, or a static cluster (`at` says where it stands in the bootstrap). */
export function parseCluster(
  message: Cluster,
  options: ClusterOptions,
  at: Field = Field.root(),
): Parsed<ClusterConfig> {
  checkMessage(ClusterSchema, message, at);
  if (at.isRejected) return at.refusal();
  return at.outcome(readCluster(at, message, options));
}

/** Reads a cluster that `checkMessage` has passed; for explanations also one of Envoy's that this proxy would refuse. */
export function readCluster(at: Field, message: Cluster, options: ClusterOptions): ClusterConfig {
  const isManagementServer = options.isManagementServer ?? false;
  refuseOddities(at, message, isManagementServer);
  const http = readUpstreamHttp(at, message, isManagementServer);
  const balancing = readLoadBalancing(at, message);
  const detection = message.outlierDetection;
  return {
    name: message.name,
    statName: message.altStatName === "" ? message.name : message.altStatName,
    discovery: readDiscovery(at, message),
    ...balancing,
    connectTimeoutMs: durationMs(at.child("connect_timeout"), message.connectTimeout, 5000),
    bufferLimitBytes: readBufferLimit(at, message.perConnectionBufferLimitBytes),
    thresholds: readCircuitBreakers(at.child("circuit_breakers"), message.circuitBreakers),
    outlierDetection: detection && readOutlierDetection(at.child("outlier_detection"), detection),
    healthyPanicPercent: readPanicPercent(message),
    idleTimeoutMs: http.idleTimeoutMs,
    maxRequestsPerConnection: http.maxRequestsPerConnection,
    maxConnectionDurationMs: http.maxConnectionDurationMs,
    enableTrailers: http.enableTrailers,
    metadata: filterMetadata(message.metadata),
    message,
    hash: hashOf(ClusterSchema, message),
    addedViaApi: options.addedViaApi,
  };
}

/** Bytes that may wait in a connection before reading pauses; shared with listeners. */
export function readBufferLimit(at: Field, limit: number | undefined): number {
  if (limit === 0) {
    at.child("per_connection_buffer_limit_bytes").reject("0 (no limit) is not supported");
  }
  return limit ?? DEFAULT_BUFFER_LIMIT_BYTES;
}

function readPanicPercent(message: Cluster): number {
  const threshold = message.commonLbConfig?.healthyPanicThreshold;
  // A Percent that is there but empty is 0 %, which turns panic off: what Istio sends.
  return threshold === undefined ? 50 : threshold.value;
}

function refuseOddities(at: Field, message: Cluster, isManagementServer: boolean): void {
  checkPlainText(at, message.transportSocket);
  if (message.upstreamConnectionOptions !== undefined && !isManagementServer) {
    at.child("upstream_connection_options").reject("not supported: TCP keepalive");
  }
  const isOriginalDst = typeOf(message) === Cluster_DiscoveryType.ORIGINAL_DST;
  if (message.upstreamBindConfig !== undefined && !isOriginalDst) {
    // On ORIGINAL_DST it is Istio's mark on inbound traffic that it intercepted, which there is none of without interception.
    at.child("upstream_bind_config").reject("not supported: the kernel chooses the source address");
  }
  for (const [i, filter] of message.filters.entries()) {
    const any = filter.typedConfig;
    if (any !== undefined && isIgnoredExtension(any)) continue;
    const name = any === undefined ? filter.name : extensionTypeOf(any);
    at.child("filters")
      .item(i)
      .reject(`not supported: upstream network filter ${quoted(name)}`);
  }
  const resolver = message.typedDnsResolverConfig?.typedConfig;
  if (resolver !== undefined && unpackAs(CaresDnsResolverConfigSchema, resolver) === undefined) {
    const field = at.child("typed_dns_resolver_config").child("typed_config");
    field.reject(`not supported: ${quoted(typeNameOf(resolver))}`);
  }
}

function typeOf(message: Cluster): Cluster_DiscoveryType {
  const { clusterDiscoveryType } = message;
  return clusterDiscoveryType.case === "type"
    ? clusterDiscoveryType.value
    : Cluster_DiscoveryType.STATIC;
}

function readDiscovery(at: Field, message: Cluster): Discovery {
  const assignment = at.child("load_assignment");
  const inline = (addresses: AddressKind) =>
    message.loadAssignment === undefined
      ? emptyEndpoints(message.name)
      : readEndpoints(assignment, message.loadAssignment, addresses);
  switch (typeOf(message)) {
    case Cluster_DiscoveryType.STATIC:
      refuseEds(at, message);
      return { kind: "static", endpoints: inline("ip") };
    case Cluster_DiscoveryType.STRICT_DNS:
      refuseEds(at, message);
      return {
        kind: "strictDns",
        endpoints: inline("name"),
        refreshMs: durationMs(at.child("dns_refresh_rate"), message.dnsRefreshRate, 5000),
        jitterMs: durationMs(at.child("dns_jitter"), message.dnsJitter, 0),
        respectTtl: message.respectDnsTtl,
        lookupFamily: lookupFamily(message.dnsLookupFamily),
      };
    case Cluster_DiscoveryType.EDS:
      if (message.loadAssignment !== undefined) {
        assignment.reject("an EDS cluster takes its endpoints from EDS only");
      }
      return readEds(at, message);
    case Cluster_DiscoveryType.ORIGINAL_DST:
      refuseEds(at, message);
      if (message.loadAssignment !== undefined) {
        assignment.reject("ORIGINAL_DST clusters must have no load assignment configured");
      }
      return { kind: "originalDst" };
    default:
      at.child("type").reject("not supported: use STATIC, STRICT_DNS, EDS or ORIGINAL_DST");
      return { kind: "originalDst" };
  }
}

function refuseEds(at: Field, message: Cluster): void {
  if (message.edsClusterConfig === undefined) return;
  at.child("eds_cluster_config").reject("cannot set in a non-EDS cluster");
}

function readEds(at: Field, message: Cluster): Discovery {
  const eds = message.edsClusterConfig;
  const source = at.child("eds_cluster_config").child("eds_config");
  if (eds?.edsConfig === undefined) {
    source.reject("cannot create an EDS cluster without an EDS config");
  }
  return {
    kind: "eds",
    serviceName: eds?.serviceName || message.name,
    initialFetchTimeoutMs: readAdsSource(source, eds?.edsConfig),
  };
}

/** A source that must be ADS; returns its initial_fetch_timeout in ms (default 15,000; 0 waits for ever). */
export function readAdsSource(at: Field, source: ConfigSource | undefined): number {
  if (source === undefined) return DEFAULT_FETCH_TIMEOUT_MS;
  if (source.configSourceSpecifier.case !== "ads")
    at.reject("not supported: only ADS is supported as a source");
  // AUTO means V3 since Envoy 1.23, for ADS as for all else.
  if (source.resourceApiVersion === ApiVersion.V2)
    at.child("resource_api_version").reject("only V3 is supported");
  const field = at.child("initial_fetch_timeout");
  return durationMs(field, source.initialFetchTimeout, DEFAULT_FETCH_TIMEOUT_MS);
}

function lookupFamily(family: Cluster_DnsLookupFamily): DnsLookupFamily {
  switch (family) {
    case Cluster_DnsLookupFamily.V4_ONLY:
      return "v4Only";
    case Cluster_DnsLookupFamily.V6_ONLY:
      return "v6Only";
    case Cluster_DnsLookupFamily.V4_PREFERRED:
      return "v4Preferred";
    case Cluster_DnsLookupFamily.ALL:
      return "all";
    default:
      return "auto";
  }
}
