// A little mesh in Envoy's own messages: clusters with endpoints, one listener, one route configuration; changed by tests.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ApiVersion, type ConfigSourceSchema } from "#api/envoy/config/core/v3/config_source_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { RouterSchema } from "#api/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { Resource, ResourceSource } from "#xds/server/resource.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "#xds/type-url.ts";

const ADS: MessageInitShape<typeof ConfigSourceSchema> = {
  configSourceSpecifier: { case: "ads", value: {} },
  resourceApiVersion: ApiVersion.V3,
};

const address = (host: string, port: number) => ({
  address: {
    case: "socketAddress" as const,
    value: { address: host, portSpecifier: { case: "portValue" as const, value: port } },
  },
});

const made = (
  typeUrl: string,
  name: string,
  body: Uint8Array,
  more: Partial<Resource> = {},
): Resource => ({ typeUrl, name, body, version: contentVersion(body), ...more });

/** An EDS cluster; `change` may make it differ, or make it bad. */
export function cluster(name: string, change: (message: Cluster) => void = () => {}): Resource {
  const message = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ADS },
  });
  change(message);
  return made(CLUSTER, name, toBinary(ClusterSchema, message), { endpointsName: name });
}

export function endpoints(
  clusterName: string,
  host: string,
  ports: readonly number[],
  hostname = "",
): Resource {
  const message = create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: [
      {
        lbEndpoints: ports.map((port) => ({
          hostIdentifier: {
            case: "endpoint" as const,
            value: { address: address(host, port), hostname },
          },
        })),
      },
    ],
  });
  return made(ENDPOINT, clusterName, toBinary(ClusterLoadAssignmentSchema, message));
}

export function listener(name: string, host: string, port: number, routeName: string): Resource {
  const router = { name: "envoy.filters.http.router", router: create(RouterSchema) };
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: name,
    routeSpecifier: {
      case: "rds",
      value: { routeConfigName: routeName, configSource: ADS },
    },
    httpFilters: [
      {
        name: router.name,
        configType: { case: "typedConfig", value: anyPack(RouterSchema, router.router) },
      },
    ],
  });
  const message = create(ListenerSchema, {
    name,
    address: address(host, port),
    filterChains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            configType: {
              case: "typedConfig",
              value: anyPack(HttpConnectionManagerSchema, manager),
            },
          },
        ],
      },
    ],
  });
  return made(LISTENER, name, toBinary(ListenerSchema, message), { clusterNames: [] });
}

/** Path prefix -> cluster, in one virtual host for all domains. */
export function routes(name: string, to: Readonly<Record<string, string>>): Resource {
  const message = create(RouteConfigurationSchema, {
    name,
    virtualHosts: [
      {
        name: "all",
        domains: ["*"],
        routes: Object.entries(to).map(([prefix, clusterName]) => ({
          match: { pathSpecifier: { case: "prefix" as const, value: prefix } },
          action: {
            case: "route" as const,
            value: { clusterSpecifier: { case: "cluster" as const, value: clusterName } },
          },
        })),
      },
    ],
  });
  return made(ROUTE, name, toBinary(RouteConfigurationSchema, message), {
    clusterNames: Object.values(to),
  });
}

export function world(...resources: readonly Resource[]): ResourceSource {
  return {
    list: (typeUrl) => resources.filter((r) => r.typeUrl === typeUrl),
    get: (typeUrl, name) => resources.find((r) => r.typeUrl === typeUrl && r.name === name),
  };
}
