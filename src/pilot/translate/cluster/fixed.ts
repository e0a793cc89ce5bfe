// The clusters that are always there: where traffic goes that no service claims, or nowhere.
import { create } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { type BindConfig, BindConfigSchema } from "#api/envoy/config/core/v3/address_pb.ts";
import { memoized } from "../../model/memo.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";
import { duration } from "../messages.ts";
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from "../names.ts";
import type { Translated } from "../translated.ts";
import { UNLIMITED_BREAKERS } from "./connection-pool.ts";
import { applyPassthroughProtocol } from "./upstream-protocol.ts";

/** Source address of connections to the workload behind the proxy: Istio's iptables rules let it pass uncaptured. */
export const INBOUND_BIND: BindConfig = create(BindConfigSchema, {
  sourceAddress: { address: "127.0.0.6", portSpecifier: { case: "portValue", value: 0 } },
});

export const fixedClusters: (mesh: MeshSettings) => {
  readonly blackHole: Translated<Cluster>;
  readonly passthrough: Translated<Cluster>;
  readonly inboundPassthrough: Translated<Cluster>;
} = memoized((mesh) => {
  const inbound = passthrough(INBOUND_PASSTHROUGH_CLUSTER, mesh);
  inbound.upstreamBindConfig = INBOUND_BIND;
  return {
    blackHole: withoutSources(
      create(ClusterSchema, {
        name: BLACK_HOLE_CLUSTER,
        clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
        connectTimeout: duration(mesh.connectTimeoutMs),
      }),
    ),
    passthrough: withoutSources(passthrough(PASSTHROUGH_CLUSTER, mesh)),
    inboundPassthrough: withoutSources(inbound),
  };
});

function passthrough(name: string, mesh: MeshSettings): Cluster {
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.ORIGINAL_DST },
    connectTimeout: duration(mesh.connectTimeoutMs),
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    circuitBreakers: UNLIMITED_BREAKERS,
  });
  applyPassthroughProtocol(cluster);
  return cluster;
}

function withoutSources(message: Cluster): Translated<Cluster> {
  return { name: message.name, message, sources: [] };
}
