// Envoy's bootstrap file -> BootstrapConfig, or the field for which the proxy does not start.
import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  type Admin,
  type Bootstrap,
  BootstrapSchema,
  type LayeredRuntime,
} from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type ApiConfigSource,
  ApiConfigSource_ApiType as ApiType,
  ApiVersion,
  type ConfigSource,
} from "#api/envoy/config/core/v3/config_source_pb.ts";
import type { FilterChain } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { CaresDnsResolverConfigSchema } from "#api/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.ts";
import { quoted } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { AdsConfig, BootstrapConfig } from "./bootstrap-config.ts";
import { checkMessage } from "./check/check-message.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { Field } from "./field.ts";
import type { ListenerConfig, NetworkFilterConfig } from "./listener-config.ts";
import { readAccessLogs } from "./parse-access-log.ts";
import { parseAddress } from "./parse-address.ts";
import { parseCluster } from "./parse-cluster.ts";
import { parseListener } from "./parse-listener.ts";
import { clustersNamedBy } from "./parse-route-configuration.ts";
import type { Parsed } from "./parsed.ts";
import { durationMs } from "./values.ts";

const DEFAULT_STATS_FLUSH_MS = 5000;

/** Parses a bootstrap message, with the command line's node id and cluster already in it. Paths are those of the file. */
export function parseBootstrap(message: Bootstrap): Parsed<BootstrapConfig> {
  const at = Field.root();
  checkMessage(BootstrapSchema, message, at);
  if (at.isRejected) return at.refusal();
  const dynamic = at.child("dynamic_resources");
  const { adsConfig, cdsConfig, ldsConfig } = message.dynamicResources ?? {};
  const managementServer = adsConfig && managementServerOf(dynamic.child("ads_config"), adsConfig);
  const resources = at.child("static_resources");
  const clusters = readClusters(resources.child("clusters"), message, managementServer);
  const listeners = readListeners(resources.child("listeners"), message);
  checkDynamic(dynamic.child("cds_config"), cdsConfig, adsConfig);
  checkDynamic(dynamic.child("lds_config"), ldsConfig, adsConfig);
  checkNode(at, message);
  checkReferences(resources, clusters, listeners, adsConfig !== undefined);
  readRuntime(at.child("layered_runtime"), message.layeredRuntime);
  readResolver(at, message);
  return at.outcome({
    node: message.node ?? create(NodeSchema),
    admin: message.admin && readAdmin(at.child("admin"), message.admin),
    clusters,
    listeners,
    ads: adsConfig && readAds(dynamic.child("ads_config"), adsConfig, managementServer, clusters),
    dynamicClusters: cdsConfig !== undefined,
    dynamicListeners: ldsConfig !== undefined,
    statsFlushIntervalMs: durationMs(
      at.child("stats_flush_interval"),
      message.statsFlushInterval,
      DEFAULT_STATS_FLUSH_MS,
    ),
    message,
  });
}

function readClusters(
  at: Field,
  message: Bootstrap,
  managementServer: string | undefined,
): ClusterConfig[] {
  const names = new Set<string>();
  const configs: ClusterConfig[] = [];
  for (const [i, cluster] of (message.staticResources?.clusters ?? []).entries()) {
    const isManagementServer = cluster.name === managementServer;
    const parsed = parseCluster(cluster, { addedViaApi: false, isManagementServer }, at.item(i));
    if (parsed.kind === "parsed") configs.push(parsed.value);
    if (names.has(cluster.name))
      at.item(i)
        .child("name")
        .reject(`duplicate cluster ${quoted(cluster.name)}`);
    names.add(cluster.name);
  }
  return configs;
}

function readListeners(at: Field, message: Bootstrap): ListenerConfig[] {
  const names = new Set<string>();
  const configs: ListenerConfig[] = [];
  for (const [i, listener] of (message.staticResources?.listeners ?? []).entries()) {
    const parsed = parseListener(listener, { addedViaApi: false }, at.item(i));
    if (parsed.kind === "parsed") configs.push(parsed.value);
    if (listener.name === "") continue;
    if (names.has(listener.name))
      at.item(i)
        .child("name")
        .reject(`duplicate listener ${quoted(listener.name)}`);
    names.add(listener.name);
  }
  return configs;
}

function readAdmin(at: Field, message: Admin): BootstrapConfig["admin"] {
  if (message.address === undefined) return undefined;
  const accessLogs = readAccessLogs(at.child("access_log"), message.accessLog);
  if (message.accessLogPath !== "") {
    accessLogs.push({
      sink: { kind: "file", path: message.accessLogPath },
      format: { kind: "default" },
    });
  }
  return { address: parseAddress(at.child("address"), message.address, "ip"), accessLogs };
}

/** The name of the cluster that ADS is reached through. */
function managementServerOf(at: Field, source: ApiConfigSource): string {
  const services = at.child("grpc_services");
  if (source.grpcServices.length !== 1) {
    services.reject(`exactly one is supported: got ${source.grpcServices.length}`);
  }
  const target = source.grpcServices[0]?.targetSpecifier;
  if (target?.case === "envoyGrpc") return target.value.clusterName;
  services.item(0).reject("envoy_grpc is required");
  return "";
}

function readAds(
  at: Field,
  source: ApiConfigSource,
  clusterName: string | undefined,
  clusters: readonly ClusterConfig[],
): AdsConfig {
  if (source.transportApiVersion !== ApiVersion.V3)
    at.child("transport_api_version").reject("only V3 is supported");
  const isDelta = source.apiType === ApiType.DELTA_GRPC;
  if (!isDelta && source.apiType !== ApiType.GRPC)
    at.child("api_type").reject("must be GRPC or DELTA_GRPC");
  const service = at.child("grpc_services").item(0);
  const cluster = clusters.find(({ name }) => name === clusterName);
  const servers = cluster === undefined ? [] : serversOf(cluster);
  const field = service.child("envoy_grpc").child("cluster_name");
  if (cluster === undefined)
    field.reject(`Unknown gRPC client cluster ${quoted(clusterName ?? "")}`);
  else if (servers.length === 0)
    field.reject(`cluster ${quoted(cluster.name)} has no endpoints of its own`);
  return {
    protocol: isDelta ? "delta" : "sotw",
    clusterName: clusterName ?? "",
    servers,
    initialMetadata: (source.grpcServices[0]?.initialMetadata ?? []).map(({ key, value }) => ({
      key,
      value,
    })),
  };
}

/** Endpoints that are there before anything is discovered; host names are left to the gRPC library. */
function serversOf({ discovery }: ClusterConfig): SocketAddress[] {
  if (discovery.kind !== "static" && discovery.kind !== "strictDns") return [];
  return discovery.endpoints.localities.flatMap((locality) =>
    locality.endpoints.map(({ address }) => address),
  );
}

function checkDynamic(
  at: Field,
  source: ConfigSource | undefined,
  ads: ApiConfigSource | undefined,
): void {
  if (source === undefined) return;
  if (source.configSourceSpecifier.case !== "ads")
    at.reject("not supported: only ADS is supported as a source");
  else if (ads === undefined) at.child("ads").reject("ads_config is required");
}

function checkNode(at: Field, message: Bootstrap): void {
  if (message.dynamicResources?.adsConfig === undefined) return;
  if (message.node?.id && message.node.cluster) return;
  const how = "set it in 'node' or by --service-node and --service-cluster";
  at.child("node").reject(`node 'id' and 'cluster' are required: ${how}`);
}

/** What a static resource names must be there: clusters of inline routes, and ADS for whatever is discovered. */
function checkReferences(
  at: Field,
  clusters: readonly ClusterConfig[],
  listeners: readonly ListenerConfig[],
  hasAds: boolean,
): void {
  for (const [i, { discovery }] of clusters.entries()) {
    if (discovery.kind !== "eds" || hasAds) continue;
    const source = at.child("clusters").item(i).child("eds_cluster_config").child("eds_config");
    source.reject("dynamic_resources.ads_config is required");
  }
  const names = new Set(clusters.map(({ name }) => name));
  for (const [i, listener] of listeners.entries()) {
    const inside = at.child("listeners").item(i);
    const { message } = listener;
    for (const [j, { filter }] of listener.filterChains.entries()) {
      const chain = inside.child("filter_chains").item(j);
      checkRoute(managerAt(chain, message.filterChains[j]), filter, names, hasAds);
    }
    const { defaultFilterChain } = listener;
    if (defaultFilterChain === undefined) continue;
    const chain = inside.child("default_filter_chain");
    const manager = managerAt(chain, message.defaultFilterChain);
    checkRoute(manager, defaultFilterChain.filter, names, hasAds);
  }
}

/** Where the connection manager of a chain stands: filters without effect may stand around it. */
function managerAt(chain: Field, message: FilterChain | undefined): Field {
  const index = message?.filters.findIndex(({ configType }) => {
    const any = configType.case === "typedConfig" ? configType.value : undefined;
    return unpackAs(HttpConnectionManagerSchema, any) !== undefined;
  });
  return chain
    .child("filters")
    .item(index ?? 0)
    .child("typed_config");
}

function checkRoute(
  at: Field,
  filter: NetworkFilterConfig,
  clusterNames: ReadonlySet<string>,
  hasAds: boolean,
): void {
  if (filter.kind !== "httpConnectionManager") return;
  const { route } = filter.config;
  if (route.kind === "rds") {
    if (!hasAds) at.child("rds").reject("dynamic_resources.ads_config is required");
    return;
  }
  if (route.config.validateClusters === false) return;
  for (const { name, path } of clustersNamedBy(route.config)) {
    if (clusterNames.has(name)) continue;
    at.child(`route_config.${path}`).reject(`route: unknown cluster ${quoted(name)}`);
  }
}

/** Runtime keys that choose between Envoy's own implementations, or lift limits that are our own; every other key changes behaviour. */
const KEYS_WITHOUT_EFFECT =
  /^(?:envoy\.(?:reloadable_features|restart_features|deprecated_features)[.:]|re2\.max_program_size\.)/;

function readRuntime(at: Field, message: LayeredRuntime | undefined): void {
  for (const [i, layer] of (message?.layers ?? []).entries()) {
    if (layer.layerSpecifier.case !== "staticLayer") continue;
    const field = at.child("layers").item(i).child("static_layer");
    for (const key of runtimeKeys(layer.layerSpecifier.value, "")) {
      if (!KEYS_WITHOUT_EFFECT.test(key))
        field.entry(key).reject("not supported: this runtime key");
    }
  }
}

/** Nested objects are another way to write dots. */
function* runtimeKeys(layer: JsonObject, prefix: string): Iterable<string> {
  for (const [name, value] of Object.entries(layer)) {
    const key = `${prefix}${name}`;
    if (isObject(value)) yield* runtimeKeys(value, `${key}.`);
    else yield key;
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readResolver(at: Field, message: Bootstrap): void {
  const any = message.typedDnsResolverConfig?.typedConfig;
  if (any === undefined || unpackAs(CaresDnsResolverConfigSchema, any) !== undefined) return;
  const field = at.child("typed_dns_resolver_config").child("typed_config");
  field.reject(`not supported: ${quoted(typeNameOf(any))}`);
}
