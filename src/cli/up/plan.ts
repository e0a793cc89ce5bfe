// What has to run for a configuration: instances, sidecars, gateway, host sidecar; decided without starting anything.
import { toJsonString } from "@bufbuild/protobuf";
import { WorkloadGroupSchema } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { formatFieldPath } from "#base/field-path.ts";
import { type ConfigObject, formatProblem, objectName } from "#pilot/model/object.ts";

/** The command of an instance, and how many of it run. Annotations of a WorkloadGroup. */
export const RUN_ANNOTATION = "sampan.dev/run";
export const REPLICAS_ANNOTATION = "sampan.dev/replicas";

/** More than this on one machine is a slip of the keyboard. */
const MAX_REPLICAS = 64;

export interface InstancePlan {
  /** "reviews-v2-1": group and number; the workload's name in its namespace. */
  readonly workload: string;
  /** The same, with the namespace unless it is the default: one of a kind in the mesh, and what people read. */
  readonly name: string;
  readonly group: ConfigObject<"WorkloadGroup">;
  readonly command: string;
  /** Everything that a running instance depends on: when it changes, the instance is replaced. */
  readonly fingerprint: string;
  /** Service port names, sorted; the first is PORT, each is PORT_<NAME>. */
  readonly portNames: readonly string[];
}

export interface GatewayPlan {
  readonly name: string;
  readonly namespace: string;
  /** The selector of its Gateways: what the gateway proxy is labelled with. */
  readonly labels: Readonly<Record<string, string>>;
  /** Ports of its servers, sorted. */
  readonly ports: readonly number[];
}

export interface MeshPlan {
  readonly instances: readonly InstancePlan[];
  readonly gateways: readonly GatewayPlan[];
  /** Mistakes in annotations: `up` says them and goes on without the group. */
  readonly problems: readonly string[];
}

function replicasOf(group: ConfigObject<"WorkloadGroup">): number | undefined {
  const text = group.annotations[REPLICAS_ANNOTATION] ?? "1";
  if (!/^\d{1,4}$/.test(text) || Number(text) > MAX_REPLICAS) return undefined;
  return Number(text);
}

function instancesOf(group: ConfigObject<"WorkloadGroup">, problems: string[]): InstancePlan[] {
  const command = group.annotations[RUN_ANNOTATION];
  if (command === undefined) return [];
  const replicas = replicasOf(group);
  if (replicas === undefined) {
    const path = ["metadata", "annotations", REPLICAS_ANNOTATION];
    const problem = formatProblem({
      severity: "error",
      source: group.positionOf(path),
      object: objectName(group),
      field: formatFieldPath(path),
      message: `must be a number from 0 to ${MAX_REPLICAS}: current value is ${JSON.stringify(group.annotations[REPLICAS_ANNOTATION])}`,
    });
    problems.push(problem);
    return [];
  }
  const portNames = Object.keys(group.spec.template?.ports ?? {}).sort();
  const fingerprint = [
    group.namespace,
    command,
    toJsonString(WorkloadGroupSchema, group.spec),
  ].join(" ");
  return Array.from({ length: replicas }, (_, index) => {
    const workload = `${group.name}-${index + 1}`;
    const name = group.namespace === "default" ? workload : `${workload}.${group.namespace}`;
    return { workload, name, group, command, fingerprint, portNames };
  });
}

function gatewaysOf(objects: readonly ConfigObject[]): GatewayPlan[] {
  const bySelector = new Map<
    string,
    { namespace: string; labels: Record<string, string>; ports: Set<number> }
  >();
  for (const object of objects) {
    if (object.kind !== "Gateway") continue;
    const { spec } = object as ConfigObject<"Gateway">;
    const labels = spec.selector;
    const key = JSON.stringify(Object.entries(labels).sort());
    const found = bySelector.get(key) ?? { namespace: object.namespace, labels, ports: new Set() };
    for (const server of spec.servers) found.ports.add(server.port?.number ?? 0);
    bySelector.set(key, found);
  }
  return [...bySelector.values()].map(({ namespace, labels, ports }, index) => ({
    name: index === 0 ? "gateway" : `gateway-${index + 1}`,
    namespace,
    labels,
    ports: [...ports].sort((a, b) => a - b),
  }));
}

export function planMesh(objects: readonly ConfigObject[]): MeshPlan {
  const problems: string[] = [];
  const instances = objects
    .filter((object): object is ConfigObject<"WorkloadGroup"> => object.kind === "WorkloadGroup")
    .flatMap((group) => instancesOf(group, problems))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { instances, gateways: gatewaysOf(objects), problems };
}
