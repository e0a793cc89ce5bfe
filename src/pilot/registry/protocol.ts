// Port protocols as ServiceEntry, Gateway and Sidecar write them (istio pkg/config/protocol): case does not matter.
import type { Protocol } from "../model/service.ts";

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map<string, Protocol>([
  ["http", "HTTP"],
  ["http_proxy", "HTTP"],
  ["http2", "HTTP2"],
  ["grpc", "GRPC"],
  ["grpc-web", "GRPC-Web"],
  ["https", "HTTPS"],
  ["tls", "TLS"],
  ["tcp", "TCP"],
  ["mongo", "Mongo"],
  ["mysql", "MySQL"],
  ["redis", "Redis"],
  ["udp", "UDP"],
]);

/** "Unsupported" for an empty or unknown word: such a port is sniffed. */
export function parseProtocol(text: string): Protocol {
  return PROTOCOLS.get(text.toLowerCase()) ?? "Unsupported";
}
