// Chains -> Envoy's Listener: inspectors where a chain needs them, the chain that takes everything as the default.
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type Filter,
  type ListenerFilter,
  ListenerFilterSchema,
} from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { HttpInspectorSchema } from "#api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { OriginalDstSchema } from "#api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { TlsInspectorSchema } from "#api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { address, NO_TIMEOUT, packed } from "../messages.ts";
import { FILTER } from "../names.ts";
import { type Chain, chain, filterChain, matchesEverything } from "./chain.ts";

export interface ListenerSpec {
  readonly name: string;
  readonly bind: string;
  readonly port: number;
  readonly direction: "inbound" | "outbound";
  /** false: no socket; connections come from the listener that intercepts them. */
  readonly bindsPort: boolean;
  readonly chains: readonly Chain[];
  /** Where connections go that no chain matches, when no chain takes everything. */
  readonly fallthrough: Filter | undefined;
}

function inspector(name: string, value: ReturnType<typeof packed>): ListenerFilter {
  return create(ListenerFilterSchema, { name, configType: { case: "typedConfig", value } });
}

export const TLS_INSPECTOR: ListenerFilter = inspector(
  FILTER.tlsInspector,
  packed(TlsInspectorSchema),
);
export const HTTP_INSPECTOR: ListenerFilter = inspector(
  FILTER.httpInspector,
  packed(HttpInspectorSchema),
);
export const ORIGINAL_DST: ListenerFilter = inspector(
  FILTER.originalDst,
  packed(OriginalDstSchema),
);

export function buildListener(spec: ListenerSpec): Listener {
  const { chains } = spec;
  const anything = chains.find(matchesEverything);
  const others = chains.filter((candidate) => candidate !== anything);
  const listener = create(ListenerSchema, {
    name: spec.name,
    address: address(spec.bind, spec.port),
    listenerFilters: inspectors(chains),
    // An inspector waits for the first bytes, which server-first protocols never send: never give up on them (Istio).
    listenerFiltersTimeout: NO_TIMEOUT,
    continueOnListenerFiltersTimeout: true,
    trafficDirection:
      spec.direction === "inbound" ? TrafficDirection.INBOUND : TrafficDirection.OUTBOUND,
    bindToPort: spec.bindsPort ? undefined : false,
    // One at a time spreads connections over Envoy's workers.
    maxConnectionsToAcceptPerSocketEvent: spec.bindsPort ? 1 : undefined,
  });
  if (others.length === 0) {
    listener.filterChains = anything === undefined ? [] : [filterChain(anything)];
    return listener;
  }
  listener.filterChains = others.map(filterChain);
  if (anything !== undefined) listener.defaultFilterChain = filterChain(anything);
  else if (spec.fallthrough !== undefined) {
    listener.defaultFilterChain = filterChain(
      chain(spec.fallthrough, { name: "PassthroughFilterChain" }),
    );
  }
  return listener;
}

function inspectors(chains: readonly Chain[]): ListenerFilter[] {
  const filters: ListenerFilter[] = [];
  const readsTls = chains.some(
    ({ sniHosts, transportSocket }) => sniHosts.length > 0 || transportSocket !== undefined,
  );
  if (readsTls) filters.push(TLS_INSPECTOR);
  if (chains.some(({ onlyHttp }) => onlyHttp)) filters.push(HTTP_INSPECTOR);
  return filters;
}
