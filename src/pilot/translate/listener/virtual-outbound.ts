// `virtualOutbound`: takes every intercepted connection and hands it to the listener of its original destination.
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { meshOf } from "../mesh.ts";
import { address } from "../messages.ts";
import { BLACK_HOLE_CLUSTER, VIRTUAL_OUTBOUND, WILDCARD_ADDRESS } from "../names.ts";
import type { Scope } from "../scope.ts";
import { Sources, type Translated } from "../translated.ts";
import { accessLogs } from "./access-log.ts";
import { bindAddress } from "./bind.ts";
import { chain, filterChain } from "./chain.ts";
import { tcpProxyTo } from "./tcp-proxy.ts";

export function virtualOutbound(
  scope: Scope,
  proxy: Proxy,
  snapshot: Snapshot,
): Translated<Listener> {
  const mesh = meshOf(snapshot);
  const logs = accessLogs(proxy, mesh);
  const chains = [
    // A connection made to this very port would be passed through to itself.
    chain(tcpProxyTo(BLACK_HOLE_CLUSTER, logs), {
      name: `${VIRTUAL_OUTBOUND}-blackhole`,
      destinationPort: mesh.proxyListenPort,
    }),
    chain(tcpProxyTo(scope.unknownCluster ?? BLACK_HOLE_CLUSTER, logs), {
      name: `${VIRTUAL_OUTBOUND}-catchall-tcp`,
    }),
  ];
  const message = create(ListenerSchema, {
    name: VIRTUAL_OUTBOUND,
    address: address(bindAddress(proxy, WILDCARD_ADDRESS), mesh.proxyListenPort),
    transparent: proxy.interceptionMode === "TPROXY" ? true : undefined,
    useOriginalDst: true,
    filterChains: chains.map(filterChain),
    trafficDirection: TrafficDirection.OUTBOUND,
    maxConnectionsToAcceptPerSocketEvent: 1,
  });
  const sources = new Sources();
  if (scope.sidecar !== undefined) sources.object(scope.sidecar);
  return { name: VIRTUAL_OUTBOUND, message, sources: sources.list() };
}
