// Round robin: each host in turn; with unequal weights, in proportion to them.
import type { Random } from "#base/random.ts";
import { EdfScheduler } from "../edf-scheduler.ts";
import type { Host } from "../host.ts";
import { haveUnequalWeights, type LoadBalancer } from "./load-balancer.ts";

export class RoundRobin implements LoadBalancer {
  /** Where the turns begin is random, and the same after each update, so that proxies do not march in step. */
  readonly #seed: number;
  #hosts: readonly Host[] = [];
  #next: number;
  #scheduler: EdfScheduler<Host> | undefined;

  constructor(random: Random) {
    this.#seed = random.u32();
    this.#next = this.#seed;
  }

  update(hosts: readonly Host[]): void {
    this.#hosts = hosts;
    this.#scheduler = haveUnequalWeights(hosts)
      ? new EdfScheduler(hosts, weightOf, this.#seed)
      : undefined;
  }

  pick(): Host | undefined {
    if (this.#scheduler !== undefined) return this.#scheduler.pick();
    if (this.#hosts.length === 0) return undefined;
    const host = this.#hosts[this.#next % this.#hosts.length];
    // The count itself goes on over updates: a shorter or longer list only changes where it points.
    this.#next = (this.#next + 1) % Number.MAX_SAFE_INTEGER;
    return host;
  }
}

function weightOf(host: Host): number {
  return host.weight;
}
