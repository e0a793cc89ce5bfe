// Who each proxy of a mesh says it is: what `up` starts it with, and what a look at a folder without a mesh takes it for.
import type { SocketAddress } from "#base/net.ts";
import {
  ADMIN_PORT,
  GATEWAY_ADDRESS,
  HOST_SIDECAR_ADDRESS,
  type InstanceAddress,
} from "./addresses.ts";
import type { ProxyIdentity } from "./bootstrap.ts";
import type { GatewayPlan, InstancePlan } from "./plan.ts";

export function identityOfInstance(plan: InstancePlan, address: InstanceAddress): ProxyIdentity {
  const { group } = plan;
  const labels = { ...group.spec.template?.labels, ...group.spec.metadata?.labels };
  return {
    type: "sidecar",
    address: address.host,
    admin: { host: address.host, port: ADMIN_PORT },
    name: plan.workload,
    namespace: group.namespace,
    cluster: labels["app"] ?? group.name,
    labels,
    locality: group.spec.template?.locality ?? "",
    metadata: {
      AUTO_REGISTER_GROUP: group.name,
      SAMPAN_WORKLOAD_PORTS: address.ports,
      SAMPAN_REPORTS_HEALTH: "true",
    },
  };
}

export function identityOfGateway(plan: GatewayPlan, admin: SocketAddress): ProxyIdentity {
  return {
    type: "router",
    address: GATEWAY_ADDRESS,
    admin,
    name: plan.name,
    namespace: plan.namespace,
    cluster: plan.labels["istio"] ?? plan.name,
    labels: plan.labels,
    locality: "",
    metadata: {},
  };
}

/** The sidecar that serves programs without one. */
export const HOST_SIDECAR: ProxyIdentity = {
  type: "sidecar",
  address: HOST_SIDECAR_ADDRESS,
  admin: { host: HOST_SIDECAR_ADDRESS, port: ADMIN_PORT },
  name: "host",
  namespace: "default",
  cluster: "host",
  labels: { app: "host" },
  locality: "",
  metadata: { SAMPAN_HOST_SIDECAR: "true" },
};
