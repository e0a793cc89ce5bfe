// Random: every host with the same chance. Weights are not looked at, as in Envoy.
import { below, type Random } from "#base/random.ts";
import type { Host } from "../host.ts";
import type { LoadBalancer } from "./load-balancer.ts";

export class RandomChoice implements LoadBalancer {
  readonly #random: Random;
  #hosts: readonly Host[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  update(hosts: readonly Host[]): void {
    this.#hosts = hosts;
  }

  pick(): Host | undefined {
    const count = this.#hosts.length;
    return count === 0 ? undefined : this.#hosts[below(this.#random, count)];
  }
}
