// STRICT_DNS: every address of every name is a host, looked up again and again. What cannot be looked up stays as it was.

import { unreachable } from "#base/assert.ts";
import type { Dns, Resolution } from "#base/dns.ts";
import { below } from "#base/random.ts";
import type {
  Discovery as DiscoveryConfig,
  DnsLookupFamily,
  EndpointConfig,
  LocalityConfig,
} from "../../config/cluster-config.ts";
import { CLUSTER } from "../../stats/schema/cluster.ts";
import { type TimeoutOwner, WheelTimer } from "../../timer-wheel.ts";
import type { Discovery, DiscoveryOwner } from "./discovery.ts";

type StrictDnsConfig = DiscoveryConfig & { kind: "strictDns" };

/** A name server that answers with a huge list shall not make us as many hosts: more than one name ever needs. */
const MAX_ADDRESSES_PER_NAME = 1024;

export class StrictDnsDiscovery implements Discovery {
  readonly #owner: DiscoveryOwner;
  readonly #config: StrictDnsConfig;
  readonly #targets: ReadonlyMap<EndpointConfig, DnsTarget>;

  constructor(owner: DiscoveryOwner, config: StrictDnsConfig, dns: Dns) {
    this.#owner = owner;
    this.#config = config;
    const endpoints = config.endpoints.localities.flatMap((locality) => locality.endpoints);
    const report = (isChanged: boolean): void => this.#onResolved(isChanged);
    this.#targets = new Map(
      endpoints.map((endpoint) => [endpoint, new DnsTarget(owner, config, endpoint, dns, report)]),
    );
  }

  start(): void {
    if (this.#targets.size === 0) this.#owner.becomeWarm();
    for (const target of this.#targets.values()) target.resolve();
  }

  close(): void {
    for (const target of this.#targets.values()) target.close();
  }

  #onResolved(isChanged: boolean): void {
    if (isChanged) {
      const { localities, overprovisioningFactor } = this.#config.endpoints;
      this.#owner.applyEndpoints(
        localities.map((locality) => this.#expand(locality)),
        overprovisioningFactor,
      );
    }
    // With the first name that was looked up, as Envoy does: one dead name must not hold up the cluster.
    this.#owner.becomeWarm();
  }

  #expand(locality: LocalityConfig): LocalityConfig {
    return {
      ...locality,
      endpoints: locality.endpoints.flatMap((endpoint) => {
        const { host, port } = endpoint.address;
        const addresses = this.#targets.get(endpoint)?.addresses ?? [];
        return addresses.map((address) => ({
          ...endpoint,
          address: { host: address, port },
          hostname: endpoint.hostname === "" ? host : endpoint.hostname,
        }));
      }),
    };
  }
}

/** One name, and what it was last resolved to. */
class DnsTarget implements TimeoutOwner {
  addresses: readonly string[] = [];
  readonly #owner: DiscoveryOwner;
  readonly #config: StrictDnsConfig;
  readonly #hostname: string;
  readonly #dns: Dns;
  readonly #report: (isChanged: boolean) => void;
  readonly #timer: WheelTimer = new WheelTimer(this, 0);
  #isClosed = false;

  constructor(
    owner: DiscoveryOwner,
    config: StrictDnsConfig,
    endpoint: EndpointConfig,
    dns: Dns,
    report: (isChanged: boolean) => void,
  ) {
    this.#owner = owner;
    this.#config = config;
    this.#hostname = endpoint.address.host;
    this.#dns = dns;
    this.#report = report;
  }

  resolve(): void {
    this.#owner.info.stats.inc(CLUSTER.update_attempt);
    void this.#dns.resolve(this.#hostname).then((resolution) => {
      this.#owner.info.loop.run(() => this.#onResolution(resolution));
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#owner.info.loop.wheel.disarm(this.#timer);
  }

  onTimeout(): void {
    if (!this.#isClosed) this.resolve();
  }

  #onResolution(resolution: Resolution): void {
    if (this.#isClosed) return;
    const { loop, stats } = this.#owner.info;
    loop.wheel.arm(this.#timer, loop.nowMs, this.#refreshMs(resolution));
    if (resolution.kind === "failed") {
      stats.inc(CLUSTER.update_failure);
      this.#report(false);
      return;
    }
    stats.inc(CLUSTER.update_success);
    const wanted = ofFamily(resolution.addresses, this.#config.lookupFamily ?? "auto");
    const addresses = [...new Set(wanted)].slice(0, MAX_ADDRESSES_PER_NAME);
    // Name servers turn their lists from answer to answer: another order is not another set of hosts.
    const isChanged = !sameSet(addresses, this.addresses);
    if (isChanged) this.addresses = addresses;
    else stats.inc(CLUSTER.update_no_rebuild);
    this.#report(isChanged);
  }

  #refreshMs(resolution: Resolution): number {
    const { refreshMs, jitterMs, respectTtl } = this.#config;
    if (resolution.kind === "failed") return refreshMs;
    const ttlMs = respectTtl ? (resolution.ttlMs ?? 0) : 0;
    const jitter = jitterMs > 0 ? below(this.#owner.info.loop.random, jitterMs) : 0;
    return (ttlMs > 0 ? ttlMs : refreshMs) + jitter;
  }
}

function ofFamily(addresses: readonly string[], family: DnsLookupFamily): readonly string[] {
  const v6 = addresses.filter((address) => address.includes(":"));
  const v4 = addresses.filter((address) => !address.includes(":"));
  switch (family) {
    case "all":
      return addresses;
    case "v4Only":
      return v4;
    case "v6Only":
      return v6;
    case "v4Preferred":
      return v4.length > 0 ? v4 : v6;
    case "auto":
      return v6.length > 0 ? v6 : v4;
  }
  return unreachable(family);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  const known = new Set(b);
  return a.every((address) => known.has(address));
}
