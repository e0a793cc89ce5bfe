// Clusters as a whole.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  active_clusters: "gauge",
  cluster_added: "counter",
  cluster_modified: "counter",
  cluster_removed: "counter",
  cluster_updated: "counter",
  cluster_updated_via_merge: "counter",
  update_merge_cancelled: "counter",
  update_out_of_merge_window: "counter",
  warming_clusters: "gauge",
} as const;

/** `cluster_manager.*` */
export const CLUSTER_MANAGER: StatsSchema<"clusterManager", keyof typeof STATS> = defineStats(
  "clusterManager",
  STATS,
);
