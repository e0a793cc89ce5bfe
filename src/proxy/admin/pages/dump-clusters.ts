// Clusters in /config_dump.
import { create } from "@bufbuild/protobuf";
import {
  type ClustersConfigDump,
  ClustersConfigDump_DynamicClusterSchema,
  ClustersConfigDump_StaticClusterSchema,
  ClustersConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import { type Cluster, ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { ConfigGroup } from "../admin-state.ts";
import { nackedState, nackedStateOf, packState, strayRejections } from "./dump-state.ts";

export function dumpClusters(
  group: ConfigGroup<Cluster>,
  isWanted: (name: string) => boolean,
): ClustersConfigDump {
  const dump = create(ClustersConfigDumpSchema, { versionInfo: group.versionInfo });
  for (const resource of group.resources) {
    const { name } = resource.message;
    if (!isWanted(name)) continue;
    const { versionInfo, packed: cluster, lastUpdated } = packState(ClusterSchema, resource);
    if (resource.state === "static") {
      dump.staticClusters.push(
        create(ClustersConfigDump_StaticClusterSchema, { cluster, lastUpdated }),
      );
      continue;
    }
    const error = nackedStateOf(ClusterSchema, group, name);
    const entry = { versionInfo, cluster, lastUpdated, ...error };
    const list =
      resource.state === "warming" ? dump.dynamicWarmingClusters : dump.dynamicActiveClusters;
    list.push(create(ClustersConfigDump_DynamicClusterSchema, entry));
  }
  for (const rejected of strayRejections(group, isWanted)) {
    const entry = nackedState(ClusterSchema, rejected);
    dump.dynamicWarmingClusters.push(create(ClustersConfigDump_DynamicClusterSchema, entry));
  }
  return dump;
}
