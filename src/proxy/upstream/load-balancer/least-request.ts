// Least request: of a few random hosts, the one with the fewest active requests (power of two choices); with unequal weights,
// in turns by weight over load.
import { below, type Random } from "#base/random.ts";
import { EdfScheduler } from "../edf-scheduler.ts";
import type { Host } from "../host.ts";
import { haveUnequalWeights, type LoadBalancer } from "./load-balancer.ts";

export interface LeastRequestSettings {
  /** At least 2, which is the default. */
  readonly choiceCount: number;
  /** Exponent of the load; 0 makes it plain weighted round robin. Default 1. */
  readonly activeRequestBias: number;
}

export class LeastRequest implements LoadBalancer {
  readonly #random: Random;
  readonly #seed: number;
  readonly #choiceCount: number;
  readonly #weightOf: (host: Host) => number;
  #hosts: readonly Host[] = [];
  #scheduler: EdfScheduler<Host> | undefined;

  constructor(random: Random, settings: LeastRequestSettings) {
    this.#random = random;
    this.#seed = random.u32();
    this.#choiceCount = settings.choiceCount;
    const bias = settings.activeRequestBias;
    // 1 is added so that the first request on an idle host already makes a difference.
    this.#weightOf = (host) =>
      bias === 1
        ? host.weight / (host.activeRequests + 1)
        : host.weight / (host.activeRequests + 1) ** bias;
  }

  update(hosts: readonly Host[]): void {
    this.#hosts = hosts;
    this.#scheduler = haveUnequalWeights(hosts)
      ? new EdfScheduler(hosts, this.#weightOf, this.#seed)
      : undefined;
  }

  pick(): Host | undefined {
    if (this.#scheduler !== undefined) return this.#scheduler.pick();
    const hosts = this.#hosts;
    if (hosts.length === 0) return undefined;
    let best: Host | undefined;
    // Choices may repeat: with replacement, so that two choices of two hosts still let the busier one have some.
    for (let choice = 0; choice < this.#choiceCount; choice += 1) {
      const host = hosts[below(this.#random, hosts.length)] as Host;
      if (best === undefined || host.activeRequests < best.activeRequests) best = host;
    }
    return best;
  }
}
