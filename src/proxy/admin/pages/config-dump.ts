// /config_dump: the configuration in use, warming or refused, in Envoy's own messages, so that Envoy's tools can read it.
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  BootstrapConfigDumpSchema,
  SecretsConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_pb.ts";
import {
  ClustersConfigDump_DynamicClusterSchema,
  ClustersConfigDump_StaticClusterSchema,
  ClustersConfigDumpSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDump_DynamicListenerSchema,
  ListenersConfigDump_StaticListenerSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDump_DynamicRouteConfigSchema,
  RoutesConfigDump_StaticRouteConfigSchema,
  RoutesConfigDumpSchema,
  ScopedRoutesConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import { messageToJson } from "#api/json.ts";
import { type AdminResponse, jsonResponse, textResponse } from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";
import { compileNameFilter } from "../name-filter.ts";
import { dumpClusters } from "./dump-clusters.ts";
import { dumpEndpoints } from "./dump-endpoints.ts";
import { dumpListeners } from "./dump-listeners.ts";
import { dumpRoutes } from "./dump-routes.ts";

/** A dump of one type as JSON, `@type` first. */
type Dump = Readonly<Record<string, unknown>>;
type IsWanted = (name: string) => boolean;

export function configDumpPage(
  state: AdminState,
  parameters: ReadonlyMap<string, string>,
): AdminResponse {
  if (parameters.has("mask")) {
    return textResponse("mask is not supported: use resource and name_regex\n", 400);
  }
  const source = parameters.get("name_regex");
  const filter = compileNameFilter(source);
  if (filter.kind === "failed") {
    const reason = `INVALID_ARGUMENT: Error while parsing name_regex from ${source}: ${filter.reason}\n`;
    return textResponse(reason, 400);
  }
  const dumps = dumpAll(state, filter.isWanted, parameters.has("include_eds"));
  const resource = parameters.get("resource") ?? "";
  return resource === "" ? jsonResponse({ configs: dumps }) : oneResource(dumps, resource);
}

/** In Envoy's order. */
function dumpAll(state: AdminState, isWanted: IsWanted, includeEndpoints: boolean): Dump[] {
  const { config } = state;
  const endpoints = includeEndpoints
    ? [toDump(EndpointsConfigDumpSchema, dumpEndpoints(state.clusters(), isWanted))]
    : [];
  return [
    toDump(
      BootstrapConfigDumpSchema,
      create(BootstrapConfigDumpSchema, {
        bootstrap: config.bootstrap,
        lastUpdated: timestampFromMs(config.bootstrapLoadedMs),
      }),
    ),
    toDump(ClustersConfigDumpSchema, dumpClusters(config.clusters(), isWanted)),
    ...endpoints,
    toDump(ListenersConfigDumpSchema, dumpListeners(config.listeners(), isWanted)),
    toDump(ScopedRoutesConfigDumpSchema, create(ScopedRoutesConfigDumpSchema)),
    toDump(RoutesConfigDumpSchema, dumpRoutes(config.routes(), isWanted)),
    toDump(SecretsConfigDumpSchema, create(SecretsConfigDumpSchema)),
  ];
}

function toDump<D extends DescMessage>(schema: D, message: MessageShape<D>): Dump {
  const json = messageToJson(schema, message, { names: "proto" });
  return { "@type": `type.googleapis.com/${schema.typeName}`, ...(json as Dump) };
}

/** The lists that `resource` may name, and the type of their entries. */
const RESOURCE_TYPES: Readonly<Record<string, DescMessage>> = {
  static_clusters: ClustersConfigDump_StaticClusterSchema,
  dynamic_active_clusters: ClustersConfigDump_DynamicClusterSchema,
  dynamic_warming_clusters: ClustersConfigDump_DynamicClusterSchema,
  static_listeners: ListenersConfigDump_StaticListenerSchema,
  dynamic_listeners: ListenersConfigDump_DynamicListenerSchema,
  static_route_configs: RoutesConfigDump_StaticRouteConfigSchema,
  dynamic_route_configs: RoutesConfigDump_DynamicRouteConfigSchema,
};
const ENDPOINT_RESOURCES: Readonly<Record<string, string>> = {
  static_endpoint_configs: "envoy.admin.v3.EndpointsConfigDump.StaticEndpointConfig",
  dynamic_endpoint_configs: "envoy.admin.v3.EndpointsConfigDump.DynamicEndpointConfig",
};

function oneResource(dumps: readonly Dump[], resource: string): AdminResponse {
  const isEndpoints = Object.hasOwn(ENDPOINT_RESOURCES, resource);
  const typeName = isEndpoints ? ENDPOINT_RESOURCES[resource] : RESOURCE_TYPES[resource]?.typeName;
  const hasEndpoints = dumps.some((dump) => String(dump["@type"]).includes("EndpointsConfigDump"));
  if (typeName === undefined || (isEndpoints && !hasEndpoints)) {
    return dumps.some((dump) => Object.hasOwn(dump, resource) && resource !== "@type")
      ? textResponse(`${resource} is not a repeated field. Use no resource to get it`, 400)
      : textResponse(`${resource} not found in config dump`, 404);
  }
  const found = dumps.map((dump) => dump[resource]).find(Array.isArray) ?? [];
  const configs = found.map((entry: Dump) => ({
    "@type": `type.googleapis.com/${typeName}`,
    ...entry,
  }));
  return jsonResponse(configs.length === 0 ? {} : { configs });
}
