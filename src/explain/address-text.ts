// An address as everybody writes it.
import type { SocketAddress } from "#base/net.ts";

/** "127.0.1.5:9080", "[::1]:80", "reviews:9080". */
export function addressText({ host, port }: SocketAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
