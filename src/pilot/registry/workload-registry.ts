// Instances that register themselves: a sidecar that connects and names its WorkloadGroup is an endpoint until it goes.
// Holds no clock and no connection: the owner says who came and went, and when.

import { inboundPorts } from "../model/inbound-ports.ts";
import type { ConfigObject } from "../model/object.ts";
import type { Proxy } from "../model/proxy.ts";
import type { EndpointHealth, Locality } from "../model/service.ts";
import { localityOf, type WorkloadInstance } from "./workload-instance.ts";

/** How long an instance stays after its last connection closed: PILOT_WORKLOAD_ENTRY_GRACE_PERIOD, Istio's default. */
export const WORKLOAD_ENTRY_GRACE_PERIOD_MS = 10_000;

/**
 * How long an instance that an earlier process of the pilot knew has to come back: proxies wait up to half a minute between two
 * tries to connect (Envoy's back-off), and all of them must be back before anything is taken away from anybody.
 */
export const RESTORED_GRACE_PERIOD_MS = 60_000;

/** Instances at once, those in their grace period included: a hundred times the fleet one pilot is built for. */
const MAX_INSTANCES = 100_000;

type Group = ConfigObject<"WorkloadGroup">;

/** Finds a WorkloadGroup as the configuration has it now. */
export type GroupLookup = (namespace: string, name: string) => Group | undefined;

/** Why a connected proxy that names a group is not an instance of it. */
export interface UnregisteredProxy {
  readonly proxy: Proxy;
  readonly reason: string;
}

/** What of a registration outlives the pilot's process; plain JSON. */
export interface SavedRegistration {
  readonly proxy: Proxy;
  readonly health: EndpointHealth;
}

interface Registration {
  proxy: Proxy;
  group: Group | undefined;
  health: EndpointHealth;
  /** undefined while its group does not exist. */
  instance: WorkloadInstance | undefined;
  /** Streams of this proxy: one for each worker, and two for a moment when it reconnects. */
  connections: number;
  /** When the grace period ends; undefined while connected. */
  leavesAtMs: number | undefined;
}

export class WorkloadRegistry {
  readonly #groupOf: GroupLookup;
  readonly #registrations = new Map<string, Registration>();
  readonly #refused = new Map<string, UnregisteredProxy>();
  #instances: readonly WorkloadInstance[] | undefined;

  constructor(groupOf: GroupLookup) {
    this.#groupOf = groupOf;
  }

  /** By namespace, name, address; the same list, and the same objects in it, while nothing changes. */
  instances(): readonly WorkloadInstance[] {
    this.#instances ??= [...this.#registrations]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, registration]) => registration.instance)
      .filter((instance) => instance !== undefined);
    return this.#instances;
  }

  /** Everything that must be known after a restart; changes exactly when `instances` does, or a health does. */
  save(): readonly SavedRegistration[] {
    return [...this.#registrations.values()].map(({ proxy, health }) => ({ proxy, health }));
  }

  /**
   * Takes up what an earlier process saved: the instances are there at once, so that no proxy is told that they have gone, and
   * leave after RESTORED_GRACE_PERIOD_MS unless their proxies come back.
   */
  restore(saved: readonly SavedRegistration[], nowMs: number): void {
    for (const { proxy, health } of saved.slice(0, MAX_INSTANCES)) {
      if (this.#registrations.has(registrationKey(proxy))) continue;
      const registration: Registration = {
        proxy,
        group: undefined,
        health,
        instance: undefined,
        connections: 0,
        leavesAtMs: nowMs + RESTORED_GRACE_PERIOD_MS,
      };
      this.#registrations.set(registrationKey(proxy), registration);
      this.#refresh(registration);
    }
  }

  /** Connected proxies that name a group and yet are not in `instances`. */
  unregistered(): readonly UnregisteredProxy[] {
    const waiting = [...this.#registrations.values()]
      .filter(({ instance, connections }) => instance === undefined && connections > 0)
      .map(({ proxy }) => ({ proxy, reason: `WorkloadGroup ${groupName(proxy)} does not exist` }));
    return [...this.#refused.values(), ...waiting];
  }

  /** A proxy opened a stream. True when `instances` changed. */
  handleConnected(proxy: Proxy): boolean {
    if (proxy.autoRegisterGroup === undefined) return false;
    const key = registrationKey(proxy);
    let registration = this.#registrations.get(key);
    if (registration === undefined) {
      const reason = this.#whyRefused(proxy);
      if (reason !== undefined) {
        this.#refused.set(key, { proxy, reason });
        return false;
      }
      registration = {
        proxy,
        group: undefined,
        health: proxy.reportsHealth ? "unhealthy" : "healthy",
        instance: undefined,
        connections: 0,
        leavesAtMs: undefined,
      };
      this.#registrations.set(key, registration);
    }
    registration.proxy = proxy;
    registration.connections += 1;
    registration.leavesAtMs = undefined;
    return this.#refresh(registration);
  }

  #whyRefused(proxy: Proxy): string | undefined {
    if (proxy.ipAddresses[0] === undefined) return "its node names no address";
    if (this.#registrations.size >= MAX_INSTANCES) {
      return `there are ${MAX_INSTANCES} instances already`;
    }
    return undefined;
  }

  /** A stream closed. The instance stays until `handleTimeout` finds its grace period over. */
  handleDisconnected(proxy: Proxy, nowMs: number): void {
    const key = registrationKey(proxy);
    this.#refused.delete(key);
    const registration = this.#registrations.get(key);
    if (registration === undefined || registration.connections === 0) return;
    registration.connections -= 1;
    if (registration.connections === 0) {
      registration.leavesAtMs = nowMs + WORKLOAD_ENTRY_GRACE_PERIOD_MS;
    }
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const { leavesAtMs } of this.#registrations.values()) {
      if (leavesAtMs !== undefined && (next === undefined || leavesAtMs < next)) next = leavesAtMs;
    }
    return next;
  }

  /** Removes the instances whose grace period is over. True when `instances` changed. */
  handleTimeout(nowMs: number): boolean {
    let changed = false;
    for (const [key, { leavesAtMs, instance }] of this.#registrations) {
      if (leavesAtMs === undefined || leavesAtMs > nowMs) continue;
      this.#registrations.delete(key);
      changed ||= instance !== undefined;
    }
    if (changed) this.#instances = undefined;
    return changed;
  }

  /** WorkloadGroups may have come, changed or gone. True when `instances` changed. */
  handleGroupsChanged(): boolean {
    let changed = false;
    for (const registration of this.#registrations.values()) {
      const { namespace, autoRegisterGroup = "" } = registration.proxy;
      if (this.#groupOf(namespace, autoRegisterGroup) === registration.group) continue;
      if (this.#refresh(registration)) changed = true;
    }
    return changed;
  }

  /**
   * What a health check found out about an instance; "unknown" when there is none of that name. A new instance is healthy, but
   * for one whose health is reported (`Proxy.reportsHealth`): Istio does the same with groups that have a probe.
   * `address` tells the instances of one name apart: while one replaces another there are two.
   */
  setHealth(
    namespace: string,
    name: string,
    isHealthy: boolean,
    address?: string,
  ): "changed" | "unchanged" | "unknown" {
    const health = isHealthy ? "healthy" : "unhealthy";
    let outcome: "changed" | "unchanged" | "unknown" = "unknown";
    for (const registration of this.#registrations.values()) {
      const { proxy, instance } = registration;
      if (proxy.namespace !== namespace || proxy.name !== name || instance === undefined) continue;
      if (address !== undefined && instance.address !== address) continue;
      if (outcome === "unknown") outcome = "unchanged";
      if (registration.health === health) continue;
      registration.health = health;
      if (this.#refresh(registration)) outcome = "changed";
    }
    return outcome;
  }

  /** Makes the instance again; keeps the old object when it says the same. */
  #refresh(registration: Registration): boolean {
    const { proxy, health } = registration;
    const group = this.#groupOf(proxy.namespace, proxy.autoRegisterGroup ?? "");
    registration.group = group;
    const next = group === undefined ? undefined : instanceFrom(group, proxy, health);
    if (JSON.stringify(next) === JSON.stringify(registration.instance)) return false;
    registration.instance = next;
    this.#instances = undefined;
    return true;
  }
}

/** The address is part of it: two machines with one name are two instances. The order of `instances` comes from it too. */
function registrationKey(proxy: Proxy): string {
  return `${proxy.namespace} ${proxy.name} ${proxy.ipAddresses[0] ?? ""}`;
}

function groupName(proxy: Proxy): string {
  return `${proxy.namespace}/${proxy.autoRegisterGroup}`;
}

/** The group's template with what the proxy knows better. Labels: the proxy's over the group's metadata over the template's. */
function instanceFrom(group: Group, proxy: Proxy, health: EndpointHealth): WorkloadInstance {
  const { template, metadata } = group.spec;
  const labels = { ...template?.labels, ...metadata?.labels, ...proxy.labels };
  const listening = inboundPorts(proxy.workloadPorts).map(({ name, port }) => [name, port]);
  const network = proxy.metadata["NETWORK"];
  return {
    namespace: proxy.namespace,
    name: proxy.name,
    address: proxy.ipAddresses[0] ?? "",
    ports: listening.length > 0 ? Object.fromEntries(listening) : (template?.ports ?? {}),
    labels,
    locality: isKnown(proxy.locality)
      ? proxy.locality
      : localityOf(template?.locality ?? "", labels),
    weight: template?.weight ?? 0,
    network: typeof network === "string" && network !== "" ? network : (template?.network ?? ""),
    serviceAccount: template?.serviceAccount ?? "",
    health,
  };
}

function isKnown(locality: Locality): boolean {
  return locality.region !== "";
}
