// The servers of all Gateways that select one router, merged by address and port (istio pilot/pkg/model/gateway.go):
// plain HTTP servers of a port share a listener and a route configuration, TLS servers are told apart by SNI.
import {
  type Server,
  ServerTLSSettings_TLSmode as TlsMode,
} from "#api/istio/networking/v1alpha3/gateway_pb.ts";
import type { ConfigObject } from "../model/object.ts";
import { isHttp, isTls, parseProtocol } from "../model/protocol.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Protocol } from "../model/service.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { SharedResults } from "./cache.ts";
import { configOf } from "./mesh.ts";

export interface GatewayServer {
  readonly gateway: ConfigObject<"Gateway">;
  /** "namespace/name": how VirtualServices refer to it. */
  readonly gatewayName: string;
  readonly server: Server;
  readonly port: number;
  readonly protocol: Protocol;
  readonly hosts: readonly ServerHost[];
  /** RDS name; undefined for servers that are not HTTP, or pass TLS on. */
  readonly routeName: string | undefined;
}

/** `ns/host`: which VirtualServices may serve it; namespace "*" is any. */
export interface ServerHost {
  readonly namespace: string;
  readonly host: string;
}

/** One listener. */
export interface GatewayListener {
  readonly port: number;
  /** "" unless the servers name an address. */
  readonly bind: string;
  readonly isPlainHttp: boolean;
  readonly servers: readonly GatewayServer[];
}

const MERGED = new SharedResults<readonly GatewayListener[]>();

export function gatewayListeners(proxy: Proxy, snapshot: Snapshot): readonly GatewayListener[] {
  const gateways = snapshot.gatewaysFor(proxy.namespace, proxy.labels);
  const names = gateways.map(({ namespace, name }) => `${namespace}/${name}`).join();
  return MERGED.get(configOf(snapshot), [], names, () => merge(gateways));
}

function merge(gateways: readonly ConfigObject<"Gateway">[]): readonly GatewayListener[] {
  const listeners = new Map<string, GatewayServer[]>();
  const sniHosts = new Set<string>();
  for (const gateway of gateways) {
    for (const server of gateway.spec.servers) {
      const parsed = parseServer(gateway, server);
      if (parsed === undefined) continue;
      const key = `${server.bind} ${parsed.port}`;
      const known = listeners.get(key) ?? [];
      if (!known.every((other) => canShare(other, parsed)) || !claimSni(parsed, sniHosts)) continue;
      known.push(parsed);
      listeners.set(key, known);
    }
  }
  return [...listeners.values()]
    .flatMap((servers): GatewayListener[] => {
      const [first] = servers;
      if (first === undefined) return [];
      const { port, protocol, server } = first;
      return [{ port, bind: server.bind, isPlainHttp: isHttp(protocol), servers }];
    })
    .sort((a, b) => a.port - b.port || (a.bind < b.bind ? -1 : 1));
}

/** Plain HTTP beside plain HTTP (told apart by Host), TLS beside TLS (by SNI); plain TCP takes its port alone. */
function canShare(a: GatewayServer, b: GatewayServer): boolean {
  if (isHttp(a.protocol) || isHttp(b.protocol)) return isHttp(a.protocol) && isHttp(b.protocol);
  return a.server.tls !== undefined && b.server.tls !== undefined;
}

/** Envoy refuses two filter chains with the same match: the first server keeps a host. */
function claimSni({ server, port, hosts, protocol }: GatewayServer, taken: Set<string>): boolean {
  if (server.tls === undefined || isHttp(protocol)) return true;
  const keys = hosts.map(({ host }) => `${server.bind} ${port} ${host}`);
  if (keys.some((key) => taken.has(key))) return false;
  for (const key of keys) taken.add(key);
  return true;
}

function parseServer(gateway: ConfigObject<"Gateway">, server: Server): GatewayServer | undefined {
  const port = server.port?.number ?? 0;
  if (port === 0) return undefined;
  const protocol = parseProtocol(server.port?.protocol ?? "");
  return {
    gateway,
    gatewayName: `${gateway.namespace}/${gateway.name}`,
    server,
    port,
    protocol,
    hosts: server.hosts.map((text) => parseHost(text, gateway.namespace)),
    routeName: routeName(gateway, server, port, protocol),
  };
}

function parseHost(text: string, ownNamespace: string): ServerHost {
  const slash = text.indexOf("/");
  if (slash === -1) return { namespace: "*", host: text.toLowerCase() };
  const namespace = text.slice(0, slash);
  return {
    namespace: namespace === "." ? ownNamespace : namespace,
    host: text.slice(slash + 1).toLowerCase(),
  };
}

function routeName(
  gateway: ConfigObject<"Gateway">,
  server: Server,
  port: number,
  protocol: Protocol,
): string | undefined {
  const bind = server.bind === "" ? "" : `.${server.bind}`;
  if (isHttp(protocol)) return `http.${port}${bind}`;
  if (protocol !== "HTTPS" || passesTlsOn(server)) return undefined;
  return `https.${port}.${server.port?.name ?? ""}.${gateway.name}.${gateway.namespace}${bind}`;
}

/** TLS is not ended here: connections are routed by SNI as they are. */
export function passesTlsOn({ tls }: Server): boolean {
  return tls?.mode === TlsMode.PASSTHROUGH || tls?.mode === TlsMode.AUTO_PASSTHROUGH;
}

/** Ends TLS with certificates that the translation can name: files. Others (secrets, the mesh's own) need an SDS server. */
export function endsTls({ server, protocol }: GatewayServer): boolean {
  const { tls } = server;
  if (tls === undefined || isHttp(protocol)) return false;
  const isKnownMode =
    tls.mode === TlsMode.SIMPLE ||
    tls.mode === TlsMode.MUTUAL ||
    tls.mode === TlsMode.OPTIONAL_MUTUAL;
  return isKnownMode && (tls.serverCertificate !== "" || tls.tlsCertificates.length > 0);
}

/** Whether anything can be served there at all. */
export function isServable(candidate: GatewayServer): boolean {
  const { server, protocol } = candidate;
  if (isHttp(protocol)) return true;
  if (server.tls === undefined) return !isTls(protocol);
  return server.tls.mode === TlsMode.PASSTHROUGH || endsTls(candidate);
}
