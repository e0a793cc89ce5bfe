// Endpoints in /config_dump?include_eds, made from the hosts in use as Envoy does: what is, not what was received.
import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import {
  type EndpointsConfigDump,
  EndpointsConfigDump_DynamicEndpointConfigSchema,
  EndpointsConfigDump_StaticEndpointConfigSchema,
  EndpointsConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import type {
  LbEndpointSchema,
  LocalityLbEndpointsSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { sameLocality } from "../../upstream/host.ts";
import type { ClusterView, HostView } from "../admin-state.ts";
import { edsHealth, socketAddress } from "./host-health.ts";

export function dumpEndpoints(
  clusters: readonly ClusterView[],
  isWanted: (name: string) => boolean,
): EndpointsConfigDump {
  const dump = create(EndpointsConfigDumpSchema);
  for (const cluster of clusters) {
    if (!isWanted(cluster.name)) continue;
    const endpointConfig = anyPack(ClusterLoadAssignmentSchema, assignment(cluster));
    const entry = { endpointConfig };
    if (cluster.config.addedViaApi) {
      dump.dynamicEndpointConfigs.push(
        create(EndpointsConfigDump_DynamicEndpointConfigSchema, entry),
      );
    } else {
      dump.staticEndpointConfigs.push(
        create(EndpointsConfigDump_StaticEndpointConfigSchema, entry),
      );
    }
  }
  return dump;
}

function assignment(cluster: ClusterView): ClusterLoadAssignment {
  const { name, config, hosts, overprovisioningFactor } = cluster;
  const { discovery } = config;
  return create(ClusterLoadAssignmentSchema, {
    clusterName: discovery.kind === "eds" ? discovery.serviceName : name,
    endpoints: byLocality(hosts).map((group) => localityEndpoints(group, cluster)),
    policy: { overprovisioningFactor },
  });
}

/** Hosts of one locality and priority together, in the order they come. */
function byLocality(hosts: readonly HostView[]): readonly (readonly HostView[])[] {
  const groups = new Map<string, HostView[]>();
  for (const host of hosts) {
    const { region, zone, subZone } = host.locality;
    const key = JSON.stringify([host.priority, region, zone, subZone]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [host]);
    else group.push(host);
  }
  return [...groups.values()];
}

function localityEndpoints(
  hosts: readonly HostView[],
  cluster: ClusterView,
): MessageInitShape<typeof LocalityLbEndpointsSchema> {
  const [first] = hosts;
  const weight = first === undefined ? undefined : localityWeight(first, cluster);
  return {
    ...(weight === undefined ? {} : { loadBalancingWeight: weight }),
    locality: {
      region: first?.locality.region ?? "",
      zone: first?.locality.zone ?? "",
      subZone: first?.locality.subZone ?? "",
    },
    lbEndpoints: hosts.map(lbEndpoint),
    priority: first?.priority ?? 0,
  };
}

/** Only where it counts. */
function localityWeight(
  { priority, locality }: HostView,
  { config, priorities }: ClusterView,
): number | undefined {
  if (!config.localityWeighted) return undefined;
  return priorities[priority]?.localities.find((one) => sameLocality(one.locality, locality))
    ?.weight;
}

function lbEndpoint(host: HostView): MessageInitShape<typeof LbEndpointSchema> {
  return {
    hostIdentifier: {
      case: "endpoint",
      value: { address: socketAddress(host.address), hostname: host.hostname },
    },
    healthStatus: edsHealth(host.healthFlags),
    loadBalancingWeight: host.weight,
    ...(Object.keys(host.metadata).length === 0
      ? {}
      : { metadata: { filterMetadata: host.metadata as { [key: string]: JsonObject } } }),
  };
}
