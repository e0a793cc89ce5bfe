// Which part of a DestinationRule holds for one port and subset (istio.md section 3): a port-level entry replaces the
// whole policy, a subset's policy overrides block by block.
import type {
  ClientTLSSettings,
  ConnectionPoolSettings,
  LoadBalancerSettings,
  OutlierDetection,
  Subset,
  TrafficPolicy,
  TrafficPolicy_PortTrafficPolicy,
  TrafficPolicy_RetryBudget,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MergedDestinationRule } from "../../model/snapshot.ts";

/** The blocks that are translated; each undefined where nobody says anything. */
export interface EffectivePolicy {
  readonly connectionPool: ConnectionPoolSettings | undefined;
  readonly outlierDetection: OutlierDetection | undefined;
  readonly loadBalancer: LoadBalancerSettings | undefined;
  readonly tls: ClientTLSSettings | undefined;
  readonly retryBudget: TrafficPolicy_RetryBudget | undefined;
}

const NO_POLICY: EffectivePolicy = {
  connectionPool: undefined,
  outlierDetection: undefined,
  loadBalancer: undefined,
  tls: undefined,
  retryBudget: undefined,
};

/** The policy for `port`, and for `subset` of it when one is given. */
export function effectivePolicy(
  rule: MergedDestinationRule | undefined,
  port: number,
  subset?: Subset,
): EffectivePolicy {
  const top = forPort(rule?.spec.trafficPolicy, port);
  if (subset?.trafficPolicy === undefined) return top;
  const atPort = portLevel(subset.trafficPolicy, port);
  if (atPort !== undefined) return blocks(atPort, top.retryBudget);
  const over = forPort(subset.trafficPolicy, port);
  return {
    connectionPool: over.connectionPool ?? top.connectionPool,
    outlierDetection: over.outlierDetection ?? top.outlierDetection,
    loadBalancer: over.loadBalancer ?? top.loadBalancer,
    tls: over.tls ?? top.tls,
    retryBudget: over.retryBudget ?? top.retryBudget,
  };
}

export function subsetNamed(
  rule: MergedDestinationRule | undefined,
  name: string,
): Subset | undefined {
  return rule?.spec.subsets.find((subset) => subset.name === name);
}

function forPort(policy: TrafficPolicy | undefined, port: number): EffectivePolicy {
  if (policy === undefined) return NO_POLICY;
  const atPort = portLevel(policy, port);
  // Port-level settings do not inherit: what they leave out gets defaults, not the policy around them.
  if (atPort !== undefined) return blocks(atPort, undefined);
  return blocks(policy, policy.retryBudget);
}

export function portLevel(
  policy: TrafficPolicy | undefined,
  port: number,
): TrafficPolicy_PortTrafficPolicy | undefined {
  return policy?.portLevelSettings.find((settings) => settings.port?.number === port);
}

function blocks(
  policy: TrafficPolicy | TrafficPolicy_PortTrafficPolicy,
  retryBudget: TrafficPolicy_RetryBudget | undefined,
): EffectivePolicy {
  const { connectionPool, outlierDetection, loadBalancer, tls } = policy;
  return { connectionPool, outlierDetection, loadBalancer, tls, retryBudget };
}
