// `host:port` on a command line.
import type { SocketAddress } from "#base/net.ts";

/** "127.0.0.1:15010", "[::1]:80"; undefined when `text` is no such thing. A name is kept as it is. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port >= 0 && port <= 65_535)) return undefined;
  return { host, port };
}

export function formatSocketAddress({ host, port }: SocketAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
