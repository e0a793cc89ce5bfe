// Route configurations in /config_dump: those inline in listeners, and those of RDS.
import { create } from "@bufbuild/protobuf";
import {
  type RoutesConfigDump,
  RoutesConfigDump_DynamicRouteConfigSchema,
  RoutesConfigDump_StaticRouteConfigSchema,
  RoutesConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import type { ConfigGroup } from "../admin-state.ts";
import { nackedState, nackedStateOf, packState, strayRejections } from "./dump-state.ts";

export function dumpRoutes(
  group: ConfigGroup<RouteConfiguration>,
  isWanted: (name: string) => boolean,
): RoutesConfigDump {
  const dump = create(RoutesConfigDumpSchema);
  for (const resource of group.resources) {
    const { name } = resource.message;
    if (!isWanted(name)) continue;
    const { versionInfo, packed, lastUpdated } = packState(RouteConfigurationSchema, resource);
    if (resource.state === "static") {
      const entry = { routeConfig: packed, lastUpdated };
      dump.staticRouteConfigs.push(create(RoutesConfigDump_StaticRouteConfigSchema, entry));
      continue;
    }
    const error = nackedStateOf(RouteConfigurationSchema, group, name);
    const entry = { versionInfo, routeConfig: packed, lastUpdated, ...error };
    dump.dynamicRouteConfigs.push(create(RoutesConfigDump_DynamicRouteConfigSchema, entry));
  }
  for (const rejected of strayRejections(group, isWanted)) {
    const entry = nackedState(RouteConfigurationSchema, rejected);
    dump.dynamicRouteConfigs.push(create(RoutesConfigDump_DynamicRouteConfigSchema, entry));
  }
  return dump;
}
