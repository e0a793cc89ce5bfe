// CDS: the clusters a proxy holds.
import type { Cluster } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Translated } from "./translated.ts";

/** Every cluster of `proxy`, in a stable order; names are unique. */
export function clusters(_proxy: Proxy, _snapshot: Snapshot): readonly Translated<Cluster>[] {
  return [];
}
