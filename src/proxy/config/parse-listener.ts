// envoy.config.listener.v3.Listener -> ListenerConfig, or the field for which it is refused.
import { TrafficDirection } from "#api/envoy/config/core/v3/base_pb.ts";
import type { ListenerFilter } from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { HttpInspectorSchema } from "#api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { OriginalDstSchema } from "#api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { TlsInspectorSchema } from "#api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { quoted } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import { checkMessage } from "./check/check-message.ts";
import { Field } from "./field.ts";
import type { FilterChainConfig, ListenerConfig, ListenerFilters } from "./listener-config.ts";
import { readAccessLogs } from "./parse-access-log.ts";
import { parseAddress } from "./parse-address.ts";
import { readBufferLimit } from "./parse-cluster.ts";
import { matchKey, readFilterChain } from "./parse-filter-chain.ts";
import type { Parsed } from "./parsed.ts";
import { hashOf, timeoutMs } from "./values.ts";

export interface ListenerOptions {
  /** From LDS, not from the bootstrap file. */
  readonly addedViaApi: boolean;
}

const DEFAULT_LISTENER_FILTERS_TIMEOUT_MS = 15_000;

/** Parses one LDS resource, or a static listener (`at` says where it stands in the bootstrap). */
export function parseListener(
  message: Listener,
  options: ListenerOptions,
  at: Field = Field.root(),
): Parsed<ListenerConfig> {
  checkMessage(ListenerSchema, message, at);
  if (at.isRejected) return at.refusal();
  return at.outcome(readListener(at, message, options));
}

/** Reads a listener that `checkMessage` has passed; for explanations also one of Envoy's that this proxy would refuse. */
export function readListener(
  at: Field,
  message: Listener,
  options: ListenerOptions,
): ListenerConfig {
  refuseOddities(at, message);
  const address = parseAddress(at.child("address"), message.address, "ip");
  const statAddress = formatAddress(address);
  const defaultChain = message.defaultFilterChain;
  return {
    name: message.name === "" ? statAddress : message.name,
    address,
    statName: (message.statPrefix === "" ? statAddress : message.statPrefix).replaceAll(":", "_"),
    trafficDirection: direction(message.trafficDirection),
    bindToPort: message.bindToPort ?? message.deprecatedV1?.bindToPort ?? true,
    reusePort: message.enableReusePort ?? true,
    bufferLimitBytes: readBufferLimit(at, message.perConnectionBufferLimitBytes),
    maxConnections: undefined,
    listenerFilters: readListenerFilters(at.child("listener_filters"), message.listenerFilters),
    listenerFiltersTimeoutMs: timeoutMs(
      at.child("listener_filters_timeout"),
      message.listenerFiltersTimeout,
      DEFAULT_LISTENER_FILTERS_TIMEOUT_MS,
    ),
    continueOnListenerFiltersTimeout: message.continueOnListenerFiltersTimeout,
    filterChains: readFilterChains(at, message),
    defaultFilterChain:
      defaultChain && readFilterChain(at.child("default_filter_chain"), defaultChain),
    accessLogs: readAccessLogs(at.child("access_log"), message.accessLog),
    message,
    hash: hashOf(ListenerSchema, message),
    addedViaApi: options.addedViaApi,
  };
}

function formatAddress({ host, port }: SocketAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function direction(value: TrafficDirection): ListenerConfig["trafficDirection"] {
  switch (value) {
    case TrafficDirection.INBOUND:
      return "inbound";
    case TrafficDirection.OUTBOUND:
      return "outbound";
    default:
      return "unspecified";
  }
}

function refuseOddities(at: Field, message: Listener): void {
  if (message.useOriginalDst === true) {
    at.child("use_original_dst").reject("not supported: transparent interception");
  }
  if (message.transparent === true) {
    at.child("transparent").reject("not supported: transparent interception");
  }
  if (message.freebind === true) at.child("freebind").reject("not supported");
}

function readFilterChains(at: Field, message: Listener): FilterChainConfig[] {
  const list = at.child("filter_chains");
  if (message.filterChains.length === 0 && message.defaultFilterChain === undefined) {
    list.reject("no filter chains specified");
  }
  const seen = new Map<string, number>();
  return message.filterChains.map((chain, i) => {
    const config = readFilterChain(list.item(i), chain);
    const key = matchKey(config.match);
    const before = seen.get(key);
    if (before !== undefined) {
      const same = `has the same matching rules defined as filter_chains[${before}]`;
      list.item(i).child("filter_chain_match").reject(same);
    }
    seen.set(key, i);
    return config;
  });
}

function readListenerFilters(at: Field, list: readonly ListenerFilter[]): ListenerFilters {
  const found = { httpInspector: false, tlsInspector: false, originalDst: false };
  for (const [i, message] of list.entries()) {
    const any = message.configType.case === "typedConfig" ? message.configType.value : undefined;
    if (unpackAs(HttpInspectorSchema, any) !== undefined) found.httpInspector = true;
    else if (unpackAs(TlsInspectorSchema, any) !== undefined) found.tlsInspector = true;
    else if (unpackAs(OriginalDstSchema, any) !== undefined) found.originalDst = true;
    else {
      const what = any === undefined ? message.name : typeNameOf(any);
      at.item(i)
        .child("typed_config")
        .reject(`not supported: listener filter ${quoted(what)}`);
    }
  }
  return found;
}
