// The contract of load balancers: whose turn is it among these hosts. Health, priority, locality and retries are not their concern.
import type { Random } from "#base/random.ts";
import type { Host } from "../host.ts";

export interface LoadBalancer {
  /**
   * The hosts to pick from now on; called again when they, their order or their weights change. The list does not change
   * between two calls. What a balancer remembers (whose turn it is) survives.
   */
  update(hosts: readonly Host[]): void;
  /** undefined only when there is no host. Hot path: makes no object. */
  pick(): Host | undefined;
}

/** What balancers are made of: an LB policy's constructor with its settings filled in. */
export type CreateLoadBalancer = (random: Random) => LoadBalancer;

/** Whether a scheduler is needed: with equal weights, or one host, turns are simple. */
export function haveUnequalWeights(hosts: readonly Host[]): boolean {
  const first = hosts[0];
  return first !== undefined && hosts.some((host) => host.weight !== first.weight);
}
