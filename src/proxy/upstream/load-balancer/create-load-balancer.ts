// From a cluster's configured policy to how its balancers are made.
import { unreachable } from "#base/assert.ts";
import type { LoadBalancerConfig } from "../../config/cluster-config.ts";
import { LeastRequest } from "./least-request.ts";
import type { CreateLoadBalancer } from "./load-balancer.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";

export function loadBalancerFactory(config: LoadBalancerConfig): CreateLoadBalancer {
  switch (config.kind) {
    case "roundRobin":
      return (random) => new RoundRobin(random);
    case "random":
      return (random) => new RandomChoice(random);
    case "leastRequest":
      return (random) => new LeastRequest(random, config);
    case "clusterProvided":
      // ORIGINAL_DST finds its host by address and asks no balancer; one must exist all the same.
      return (random) => new RoundRobin(random);
  }
  return unreachable(config);
}
