// Extensions that are accepted with nothing behind them.
import type { Any } from "@bufbuild/protobuf/wkt";
import { extensionTypeOf } from "../any.ts";

/** They only count, mark or describe traffic, or act on TLS connections, of which there are none. Type -> what it does. */
const IGNORED_EXTENSIONS: Readonly<Record<string, string>> = {
  "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig": "counts gRPC messages",
  "stats.PluginConfig": "Istio's telemetry: counts requests",
  "io.istio.http.peer_metadata.Config": "Istio's telemetry: exchanges the peers' names",
  "envoy.tcp.metadataexchange.config.MetadataExchange":
    "Istio's telemetry: exchanges the peers' names over mTLS",
  "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig":
    "chooses ALPN for TLS upstreams, which are refused",
  "istio.envoy.config.filter.network.metadata_exchange.MetadataExchange":
    "Istio's telemetry: exchanges the peers' names over mTLS",
};

/** Whether a filter of this type may stand anywhere a filter may, and do nothing. */
export function isIgnoredExtension(any: Any): boolean {
  return Object.hasOwn(IGNORED_EXTENSIONS, extensionTypeOf(any));
}
