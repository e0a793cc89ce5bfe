// Name resolution by the operating system, /etc/hosts included.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Dns, Resolution } from "#base/dns.ts";

async function resolve(hostname: string): Promise<Resolution> {
  if (isIP(hostname) !== 0) return { kind: "resolved", addresses: [hostname], ttlMs: undefined };
  try {
    const found = await lookup(hostname, { all: true, order: "ipv4first" });
    // getaddrinfo tells no time to live.
    return { kind: "resolved", addresses: found.map((entry) => entry.address), ttlMs: undefined };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

export const systemDns: Dns = { resolve };
