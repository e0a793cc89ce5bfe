// consistentHash of a DestinationRule shows on the route: what the ring is asked with.
import { create } from "@bufbuild/protobuf";
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicySchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type {
  LoadBalancerSettings_ConsistentHashLB,
  TrafficPolicy,
  TrafficPolicy_PortTrafficPolicy,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { MergedDestinationRule } from "../../model/snapshot.ts";
import { portLevel, subsetNamed } from "../cluster/traffic-policy.ts";

type ConsistentHash = LoadBalancerSettings_ConsistentHashLB;

/** The most special one wins: subset at the port, subset, rule at the port, rule. `port` is undefined when the destination names none. */
export function consistentHash(
  rule: MergedDestinationRule | undefined,
  subsetName: string,
  port: number | undefined,
): ConsistentHash | undefined {
  const top = rule?.spec.trafficPolicy;
  const subset = subsetName === "" ? undefined : subsetNamed(rule, subsetName)?.trafficPolicy;
  const atPort = (policy: TrafficPolicy | undefined): ConsistentHash | undefined =>
    port === undefined ? undefined : hashIn(portLevel(policy, port));
  return atPort(subset) ?? hashIn(subset) ?? atPort(top) ?? hashIn(top);
}

function hashIn(
  policy: TrafficPolicy | TrafficPolicy_PortTrafficPolicy | undefined,
): ConsistentHash | undefined {
  const lbPolicy = policy?.loadBalancer?.lbPolicy;
  return lbPolicy?.case === "consistentHash" ? lbPolicy.value : undefined;
}

export function hashPolicy(hash: ConsistentHash): RouteAction_HashPolicy | undefined {
  const specifier = policySpecifier(hash);
  if (specifier === undefined) return undefined;
  return create(RouteAction_HashPolicySchema, { policySpecifier: specifier });
}

type Specifier = NonNullable<
  Parameters<typeof create<typeof RouteAction_HashPolicySchema>>[1]
>["policySpecifier"];

function policySpecifier({ hashKey }: ConsistentHash): Specifier | undefined {
  switch (hashKey.case) {
    case "httpHeaderName":
      return { case: "header", value: { headerName: hashKey.value } };
    case "httpCookie": {
      const { name, path, ttl, attributes } = hashKey.value;
      const pairs = attributes.map((attribute) => ({
        name: attribute.name,
        value: attribute.value,
      }));
      return { case: "cookie", value: { name, path, ttl, attributes: pairs } };
    }
    case "useSourceIp":
      return { case: "connectionProperties", value: { sourceIp: hashKey.value } };
    case "httpQueryParameterName":
      return { case: "queryParameter", value: { name: hashKey.value } };
    case undefined:
      return undefined;
  }
}
