// Where listeners open their sockets, which is not always what their names say: names stay Istio's, but nothing listens
// beyond loopback unless it is told to, and many sidecars of one machine must not meet on 127.0.0.1.

import { inboundPorts } from "../../model/inbound-ports.ts";
import type { Proxy } from "../../model/proxy.ts";
import { LOCALHOST, parsePort, WILDCARD_ADDRESS } from "../names.ts";

/** The address to bind for one that Istio would bind: a proxy with a loopback address of its own keeps to it. */
export function bindAddress(proxy: Proxy, named: string): string {
  const own = proxy.ipAddresses[0];
  const isImplied = named === WILDCARD_ADDRESS || named === LOCALHOST;
  return isImplied && own !== undefined && isLoopback(own) ? own : named;
}

export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** The port of the listener that serves as an HTTP proxy; 0 is none. */
export function httpProxyPort(proxy: Proxy, meshPort: number): number {
  const asked = proxy.metadata["HTTP_PROXY_PORT"];
  if (asked !== undefined) return parsePort(String(asked)) ?? 0;
  // Sampan's own sidecars: the program behind it is given HTTP_PROXY.
  const isOwn =
    proxy.autoRegisterGroup !== undefined || Object.keys(proxy.workloadPorts).length > 0;
  if (isOwn && proxy.interceptionMode === "NONE" && meshPort === 0) return SAMPAN_HTTP_PROXY_PORT;
  return meshPort;
}

const SAMPAN_HTTP_PROXY_PORT = 15001;

/** Admin, health and statistics of a sidecar (Istio's numbers): static listeners of its bootstrap. */
const OWN_PORTS: ReadonlySet<number> = new Set([15000, 15020, 15021, 15090]);

/** Ports below this need rights that most proxies do not have (Linux, ip_unprivileged_port_start). */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** Whether a service's listener could open `port` at the proxy's address; if not it is left out, so that the others stand. */
export function canBind(proxy: Proxy, port: number, meshHttpProxyPort: number): boolean {
  const isUnprivileged = String(proxy.metadata["UNPRIVILEGED_POD"] ?? "") === "true";
  if (isUnprivileged && port < FIRST_UNPRIVILEGED_PORT) return false;
  if (OWN_PORTS.has(port) || port === httpProxyPort(proxy, meshHttpProxyPort)) return false;
  return !inboundPorts(proxy.workloadPorts).some(
    (own) => own.port === port || own.workloadPort === port,
  );
}
