// envoy.config.endpoint.v3.ClusterLoadAssignment (EDS, or inline in a cluster) -> EndpointsConfig.
import { HealthStatus as HealthStatusMessage } from "#api/envoy/config/core/v3/health_check_pb.ts";
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from "#api/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { checkMessage } from "./check/check-message.ts";
import type {
  EndpointConfig,
  EndpointsConfig,
  HealthStatus,
  LocalityConfig,
} from "./cluster-config.ts";
import { Field } from "./field.ts";
import { type AddressKind, parseAddress } from "./parse-address.ts";
import type { Parsed } from "./parsed.ts";
import { filterMetadata } from "./values.ts";

/** Envoy adds the weights of a locality, and of a priority, in 32 bits. */
const MAX_WEIGHT_SUM = 0xffff_ffff;

const DEFAULT_OVERPROVISIONING_PERCENT = 140;

/** Parses one EDS resource. Paths start at the ClusterLoadAssignment. */
export function parseEndpoints(message: ClusterLoadAssignment): Parsed<EndpointsConfig> {
  const at = Field.root();
  checkMessage(ClusterLoadAssignmentSchema, message, at);
  if (at.isRejected) return at.refusal();
  const endpoints = readEndpoints(at, message, "ip");
  checkWeights(at, endpoints);
  return at.outcome(endpoints);
}

export function emptyEndpoints(clusterName: string): EndpointsConfig {
  return { clusterName, localities: [], overprovisioningFactor: DEFAULT_OVERPROVISIONING_PERCENT };
}

/** Reads an assignment that `checkMessage` has passed. "name": host names are allowed (STRICT_DNS). */
export function readEndpoints(
  at: Field,
  message: ClusterLoadAssignment,
  addresses: AddressKind,
): EndpointsConfig {
  const list = at.child("endpoints");
  return {
    clusterName: message.clusterName,
    localities: message.endpoints.map((locality, i) =>
      readLocality(list.item(i), locality, addresses),
    ),
    overprovisioningFactor:
      message.policy?.overprovisioningFactor ?? DEFAULT_OVERPROVISIONING_PERCENT,
  };
}

function readLocality(
  at: Field,
  message: LocalityLbEndpoints,
  addresses: AddressKind,
): LocalityConfig {
  const list = at.child("lb_endpoints");
  return {
    region: message.locality?.region ?? "",
    zone: message.locality?.zone ?? "",
    subZone: message.locality?.subZone ?? "",
    weight: message.loadBalancingWeight,
    priority: message.priority,
    endpoints: message.lbEndpoints.map((endpoint, i) =>
      readEndpoint(list.item(i), endpoint, addresses),
    ),
  };
}

function readEndpoint(at: Field, message: LbEndpoint, addresses: AddressKind): EndpointConfig {
  const endpoint =
    message.hostIdentifier.case === "endpoint" ? message.hostIdentifier.value : undefined;
  return {
    address: parseAddress(at.child("endpoint").child("address"), endpoint?.address, addresses),
    hostname: endpoint?.hostname ?? "",
    weight: message.loadBalancingWeight ?? 1,
    health: healthStatus(message.healthStatus),
    metadata: filterMetadata(message.metadata),
  };
}

function healthStatus(status: HealthStatusMessage): HealthStatus {
  switch (status) {
    case HealthStatusMessage.HEALTHY:
      return "healthy";
    case HealthStatusMessage.UNHEALTHY:
      return "unhealthy";
    case HealthStatusMessage.DRAINING:
      return "draining";
    case HealthStatusMessage.TIMEOUT:
      return "timeout";
    case HealthStatusMessage.DEGRADED:
      return "degraded";
    default:
      return "unknown";
  }
}

function checkWeights(at: Field, { localities }: EndpointsConfig): void {
  const list = at.child("endpoints");
  const perPriority = new Map<number, number>();
  for (const [i, locality] of localities.entries()) {
    const sum = locality.endpoints.reduce((total, endpoint) => total + endpoint.weight, 0);
    if (sum > MAX_WEIGHT_SUM) {
      const message = `The sum of weights of all endpoints in the same locality exceeds ${MAX_WEIGHT_SUM}`;
      list.item(i).child("lb_endpoints").reject(`${message}: got ${sum}`);
    }
    const total = (perPriority.get(locality.priority) ?? 0) + (locality.weight ?? 0);
    perPriority.set(locality.priority, total);
    if (total > MAX_WEIGHT_SUM) {
      const message = `The sum of weights of all localities at the same priority exceeds ${MAX_WEIGHT_SUM}`;
      list.item(i).child("load_balancing_weight").reject(`${message}: got ${total}`);
    }
  }
}
