// Locality weighted load balancing: localities take turns by weight, each with a load balancer of its own (Envoy: locality_wrr).
import type { Random } from "#base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { Host, Locality } from "./host.ts";
import type { LocalityHosts } from "./host-set.ts";
import type { LoadBalancer } from "./load-balancer/load-balancer.ts";
import { effectiveWeight } from "./locality-weight.ts";

interface Turn {
  readonly balancer: LoadBalancer;
  readonly weight: number;
}

export class LocalityScheduler {
  readonly #createBalancer: () => LoadBalancer;
  readonly #seed: number;
  /** By locality, so that a locality goes on where it was when others come or go. */
  #balancers = new Map<string, LoadBalancer>();
  #scheduler: EdfScheduler<Turn> | undefined;

  constructor(createBalancer: () => LoadBalancer, random: Random) {
    this.#createBalancer = createBalancer;
    this.#seed = random.u32();
  }

  /** `eligibleOf` names the list that is picked from, the healthy or the degraded hosts of a locality. */
  update(
    localities: readonly LocalityHosts[],
    eligibleOf: (locality: LocalityHosts) => readonly Host[],
    overprovisioningFactor: number,
  ): void {
    const balancers = new Map<string, LoadBalancer>();
    const turns: Turn[] = [];
    for (const locality of localities) {
      const eligible = eligibleOf(locality);
      const { weight: configured, all, excludedCount } = locality;
      const weight = effectiveWeight(
        { weight: configured, total: all.length, excluded: excludedCount },
        eligible.length,
        overprovisioningFactor,
      );
      if (weight <= 0) continue;
      const key = keyOf(locality.locality);
      const balancer = this.#balancers.get(key) ?? this.#createBalancer();
      balancer.update(eligible);
      balancers.set(key, balancer);
      turns.push({ balancer, weight });
    }
    this.#balancers = balancers;
    this.#scheduler =
      turns.length > 0 ? new EdfScheduler(turns, (turn) => turn.weight, this.#seed) : undefined;
  }

  /** undefined when no locality has weight and hosts: the whole priority is used then. Hot path. */
  pick(): LoadBalancer | undefined {
    return this.#scheduler?.pick()?.balancer;
  }
}

function keyOf({ region, zone, subZone }: Locality): string {
  return JSON.stringify([region, zone, subZone]);
}
