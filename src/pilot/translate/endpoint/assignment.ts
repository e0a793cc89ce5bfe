// Endpoints of one cluster as Envoy groups them: filtered by subset and health, one group a locality, sorted, weighted.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpointsSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { type Labels, selects } from "../../model/labels.ts";
import type { Locality, ServiceEndpoint, ServicePort } from "../../model/service.ts";
import { address } from "../messages.ts";

/** Endpoints of one locality; `priority` and `weight` are filled in by what the policy says about localities. */
export interface LocalityGroup {
  readonly locality: Locality;
  readonly endpoints: readonly ServiceEndpoint[];
  /** Sum of the endpoints' weights, until a policy distributes. */
  readonly weight: number;
  readonly priority: number;
}

/** What a cluster holds, before it has a name. */
export class ClusterEndpoints {
  readonly #groups: readonly LocalityGroup[];
  readonly #port: ServicePort;

  constructor(groups: readonly LocalityGroup[], port: ServicePort) {
    this.#groups = groups;
    this.#port = port;
  }

  get isEmpty(): boolean {
    return this.#groups.every(({ endpoints }) => endpoints.length === 0);
  }

  assignment(clusterName: string): ClusterLoadAssignment {
    return create(ClusterLoadAssignmentSchema, {
      clusterName,
      endpoints: this.#groups
        .filter(({ endpoints }) => endpoints.length > 0)
        .map((group) => localityEndpoints(group, this.#port)),
    });
  }
}

/**
 * Healthy endpoints with every label of the subset. An unhealthy one is left out rather than sent as such, as Istio does with
 * a WorkloadEntry whose Healthy condition is false: below half of healthy hosts a proxy would panic and send to it all the same.
 */
export function eligible(
  endpoints: readonly ServiceEndpoint[],
  subsetLabels: Labels | undefined,
): readonly ServiceEndpoint[] {
  return endpoints.filter(
    ({ health, labels }) =>
      health === "healthy" && (subsetLabels === undefined || selects(subsetLabels, labels)),
  );
}

/** One group a locality, in the order of "region/zone/subzone"; endpoints keep their order. */
export function byLocality(endpoints: readonly ServiceEndpoint[]): readonly LocalityGroup[] {
  const groups = new Map<string, ServiceEndpoint[]>();
  for (const endpoint of endpoints) {
    const key = localityText(endpoint.locality);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [endpoint]);
    else group.push(endpoint);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, members]) => {
      const [first] = members;
      return first === undefined ? [] : [group(first.locality, members, 0)];
    });
}

export function group(
  locality: Locality,
  endpoints: readonly ServiceEndpoint[],
  priority: number,
): LocalityGroup {
  const weight = endpoints.reduce((sum, endpoint) => sum + weightOf(endpoint), 0);
  return { locality, endpoints, weight: Math.min(weight, MAX_WEIGHT), priority };
}

/** Envoy refuses sums beyond 32 bits. */
const MAX_WEIGHT = 4_294_967_295;

function weightOf(endpoint: ServiceEndpoint): number {
  return endpoint.weight === 0 ? 1 : endpoint.weight;
}

export function localityText({ region, zone, subZone }: Locality): string {
  return `${region}/${zone}/${subZone}`;
}

function localityEndpoints(
  { locality, endpoints, weight, priority }: LocalityGroup,
  port: ServicePort,
): MessageInitShape<typeof LocalityLbEndpointsSchema> {
  return {
    locality: { ...locality },
    lbEndpoints: endpoints.map((endpoint) => lbEndpoint(endpoint, port)),
    loadBalancingWeight: weight,
    priority,
  };
}

function lbEndpoint(endpoint: ServiceEndpoint, port: ServicePort): LbEndpoint {
  return create(LbEndpointSchema, {
    hostIdentifier: {
      case: "endpoint",
      value: { address: address(endpoint.address, endpoint.portOf(port)) },
    },
    metadata: { filterMetadata: { istio: { workload: workloadText(endpoint) } } },
    loadBalancingWeight: weightOf(endpoint),
  });
}

/** `name;namespace;canonical service;canonical revision;kubeCluster`, as Istio's telemetry reads it; there is no kubeCluster. */
function workloadText({ workload, labels }: ServiceEndpoint): string {
  const service =
    labels["service.istio.io/canonical-name"] ??
    labels["app.kubernetes.io/name"] ??
    labels["app"] ??
    workload.name;
  const revision =
    labels["service.istio.io/canonical-revision"] ??
    labels["app.kubernetes.io/version"] ??
    labels["version"] ??
    "";
  return `${workload.name};${workload.namespace};${service};${revision};`;
}
