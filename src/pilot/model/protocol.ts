// The protocol of a port: how configuration writes it, and what it means for listeners and clusters.
import type { Protocol } from "./service.ts";

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map<string, Protocol>([
  ["http", "HTTP"],
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

/** As ServiceEntry, Gateway and Sidecar write it (istio pkg/config/protocol): "Unsupported", which is sniffed, for any other word. */
export function parseProtocol(text: string): Protocol {
  const word = text.toLowerCase();
  return word === "http_proxy" ? "HTTP" : (PROTOCOLS.get(word) ?? "Unsupported");
}

/** Istio's convention for port names: `http`, `http-web`, `grpc-api`; anything else is sniffed. */
export function protocolOfPortName(name: string): Protocol {
  const lower = name.toLowerCase();
  if (lower.startsWith("grpc-web")) return "GRPC-Web";
  const word = lower.split("-", 1)[0] ?? "";
  return PROTOCOLS.get(word) ?? "Unsupported";
}

export function isHttp(protocol: Protocol): boolean {
  return protocol === "HTTP" || isHttp2(protocol);
}

export function isHttp2(protocol: Protocol): boolean {
  return protocol === "HTTP2" || protocol === "GRPC" || protocol === "GRPC-Web";
}

export function isGrpc(protocol: Protocol): boolean {
  return protocol === "GRPC" || protocol === "GRPC-Web";
}

/** TLS that is passed on as it is, told apart by SNI. */
export function isTls(protocol: Protocol): boolean {
  return protocol === "HTTPS" || protocol === "TLS";
}

/** No protocol was named: the HTTP inspector finds out. */
export function isSniffed(protocol: Protocol): boolean {
  return protocol === "Unsupported";
}

export function isHttpOrSniffed(protocol: Protocol): boolean {
  return isHttp(protocol) || isSniffed(protocol);
}

export type ListenerProtocol = "http" | "tcp" | "auto" | "none";

export function listenerProtocol(protocol: Protocol): ListenerProtocol {
  if (isHttp(protocol)) return "http";
  if (isSniffed(protocol)) return "auto";
  return protocol === "UDP" ? "none" : "tcp";
}
