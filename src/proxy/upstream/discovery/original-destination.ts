// ORIGINAL_DST: the host is the address that the downstream connection was meant for; made when first asked for, and let go
// when nobody asked for it any more.
import type { SocketAddress } from "#base/net.ts";
import type { EndpointConfig, LocalityConfig } from "../../config/cluster-config.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Host } from "../host.ts";
import type { Discovery, DiscoveryOwner } from "./discovery.ts";

/** Envoy's default of `cleanup_interval`. */
const CLEANUP_INTERVAL_MS = 5_000;
/** Addresses come from the network: a port scan through the proxy must not make a host for each port it tries. */
const MAX_HOSTS = 10_000;

interface Owner extends DiscoveryOwner {
  readonly hosts: readonly Host[];
}

interface Entry {
  readonly host: Host;
  isUsed: boolean;
}

export class OriginalDestination implements Discovery, TimeoutOwner {
  readonly #owner: Owner;
  readonly #timer: WheelTimer = new WheelTimer(this, 0);
  /** By IP address, then by port: a lookup makes no key. */
  readonly #entries = new Map<string, Map<number, Entry>>();
  #endpoints: readonly EndpointConfig[] = [];

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  start(): void {
    const { loop } = this.#owner.info;
    loop.wheel.arm(this.#timer, loop.nowMs, CLEANUP_INTERVAL_MS);
    this.#owner.becomeWarm();
  }

  close(): void {
    this.#owner.info.loop.wheel.disarm(this.#timer);
  }

  /** The host at `address`; undefined when there is no address to go to. Hot path. */
  pick(address: SocketAddress | undefined): Host | undefined {
    if (address === undefined || address.port === 0) {
      this.#owner.info.stats.inc(CLUSTER.original_dst_host_invalid);
      return undefined;
    }
    const entry = this.#entries.get(address.host)?.get(address.port) ?? this.#add(address);
    if (entry === undefined) return undefined;
    entry.isUsed = true;
    return entry.host;
  }

  onTimeout(): void {
    const { loop } = this.#owner.info;
    loop.wheel.arm(this.#timer, loop.nowMs, CLEANUP_INTERVAL_MS);
    const unused = new Set<SocketAddress>();
    for (const [ip, ports] of this.#entries) {
      for (const [port, entry] of ports) {
        if (!entry.isUsed && entry.host.activeRequests === 0) {
          unused.add(entry.host.address);
          ports.delete(port);
        }
        entry.isUsed = false;
      }
      if (ports.size === 0) this.#entries.delete(ip);
    }
    if (unused.size === 0) return;
    this.#apply(this.#endpoints.filter(({ address }) => !unused.has(address)));
  }

  #add(address: SocketAddress): Entry | undefined {
    if (this.#endpoints.length >= MAX_HOSTS) return undefined;
    this.#apply([...this.#endpoints, toEndpoint(address)]);
    const host = this.#owner.hosts.at(-1);
    if (host === undefined) return undefined;
    const entry = { host, isUsed: true };
    let ports = this.#entries.get(address.host);
    if (ports === undefined) {
      ports = new Map();
      this.#entries.set(address.host, ports);
    }
    ports.set(address.port, entry);
    return entry;
  }

  #apply(endpoints: readonly EndpointConfig[]): void {
    this.#endpoints = endpoints;
    this.#owner.applyEndpoints([toLocality(endpoints)], 140);
  }
}

function toEndpoint(address: SocketAddress): EndpointConfig {
  const { host, port } = address;
  return { address: { host, port }, hostname: "", weight: 1, health: "unknown", metadata: {} };
}

function toLocality(endpoints: readonly EndpointConfig[]): LocalityConfig {
  return { region: "", zone: "", subZone: "", weight: undefined, priority: 0, endpoints };
}
