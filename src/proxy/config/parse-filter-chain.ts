// envoy.config.listener.v3.FilterChain -> FilterChainConfig: when it is chosen, and the one network filter that does the work.
import type { Any } from "@bufbuild/protobuf/wkt";
import type {
  Filter,
  FilterChainMatch as FilterChainMatchMessage,
  FilterChain as FilterChainMessage,
} from "#api/envoy/config/listener/v3/listener_components_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "#api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { parseIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import { extensionTypeOf, unpackAs } from "./any.ts";
import { isIgnoredExtension } from "./check/ignored-extensions.ts";
import type { Field } from "./field.ts";
import type {
  FilterChainConfig,
  FilterChainMatch,
  NetworkFilterConfig,
} from "./listener-config.ts";
import { readHttpConnectionManager } from "./parse-http-connection-manager.ts";
import { readTcpProxy } from "./parse-tcp-proxy.ts";
import { checkPlainText } from "./parse-transport-socket.ts";

export function readFilterChain(at: Field, message: FilterChainMessage): FilterChainConfig {
  checkPlainText(at, message.transportSocket);
  if (message.useProxyProto === true)
    at.child("use_proxy_proto").reject("not supported: the PROXY protocol");
  return {
    name: message.name,
    match: readMatch(at.child("filter_chain_match"), message.filterChainMatch),
    filter: readFilters(at.child("filters"), message.filters),
  };
}

/** Chains that would catch the same connections cannot be told apart: Envoy refuses them, too. */
export function matchKey(match: FilterChainMatch): string {
  return JSON.stringify(match);
}

function readMatch(at: Field, message: FilterChainMatchMessage | undefined): FilterChainMatch {
  const names = at.child("server_names");
  for (const [i, name] of (message?.serverNames ?? []).entries()) {
    if (name.includes("*") && !/^\*\.[^*]+$/.test(name)) {
      names.item(i).reject(`partial wildcards are not supported: got ${quoted(name)}`);
    }
  }
  return {
    destinationPort: message?.destinationPort,
    prefixRanges: readRanges(at.child("prefix_ranges"), message),
    serverNames: message?.serverNames.map((name) => name.toLowerCase()) ?? [],
    transportProtocol: readTransport(at.child("transport_protocol"), message),
    applicationProtocols: message?.applicationProtocols ?? [],
  };
}

function readRanges(
  at: Field,
  message: FilterChainMatchMessage | undefined,
): FilterChainMatch["prefixRanges"] {
  const ranges = message?.prefixRanges ?? [];
  return ranges.map(({ addressPrefix, prefixLen }, i) => {
    const bytes = parseIp(addressPrefix);
    if (bytes === undefined)
      at.item(i)
        .child("address_prefix")
        .reject(`malformed IP address: ${quoted(addressPrefix)}`);
    // As Envoy: a longer prefix than the address has bits is cut to the whole address.
    const length = Math.min(prefixLen ?? 0, (bytes?.length ?? 0) * 8);
    return { address: addressPrefix, length };
  });
}

function readTransport(
  at: Field,
  message: FilterChainMatchMessage | undefined,
): FilterChainMatch["transportProtocol"] {
  const protocol = message?.transportProtocol ?? "";
  if (protocol === "" || protocol === "raw_buffer" || protocol === "tls") return protocol;
  at.reject(`must be raw_buffer or tls: got ${quoted(protocol)}`);
  return "";
}

/** Stands in for a chain that was rejected. */
const NOTHING: NetworkFilterConfig = {
  kind: "tcpProxy",
  config: {
    statPrefix: "",
    clusters: [],
    idleTimeoutMs: undefined,
    maxDownstreamConnectionDurationMs: undefined,
    maxConnectAttempts: 1,
    accessLogs: [],
  },
};

function readFilters(at: Field, list: readonly Filter[]): NetworkFilterConfig {
  let found: NetworkFilterConfig | undefined;
  for (const [i, message] of list.entries()) {
    const any = message.configType.case === "typedConfig" ? message.configType.value : undefined;
    if (any !== undefined && isIgnoredExtension(any)) continue;
    if (found !== undefined) {
      const order = "must be the last filter in a network filter chain";
      at.item(i).reject(`a filter before ${quoted(message.name)} is terminal and ${order}`);
    }
    const typed = at.item(i).child("typed_config");
    found = any === undefined ? undefined : readFilter(typed, any);
    if (found === undefined) {
      const what = any === undefined ? message.name : extensionTypeOf(any);
      typed.reject(`not supported: network filter ${quoted(what)}`);
      found = NOTHING;
    }
  }
  if (found === undefined) at.reject("a TcpProxy or HttpConnectionManager is required");
  return found ?? NOTHING;
}

function readFilter(at: Field, any: Any): NetworkFilterConfig | undefined {
  const manager = unpackAs(HttpConnectionManagerSchema, any);
  if (manager !== undefined) {
    return { kind: "httpConnectionManager", config: readHttpConnectionManager(at, manager) };
  }
  const tcpProxy = unpackAs(TcpProxySchema, any);
  return tcpProxy && { kind: "tcpProxy", config: readTcpProxy(at, tcpProxy) };
}
