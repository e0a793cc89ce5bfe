// ServiceEntry -> services and their endpoints (istio.md section 4). Knows one entry at a time; `service-index` puts them together.
import {
  type ServiceEntry,
  ServiceEntry_Location,
  ServiceEntry_Resolution,
} from "#api/istio/networking/v1alpha3/service_entry_pb.ts";
import { isWildcard } from "../model/hostname.ts";
import { type Labels, selects } from "../model/labels.ts";
import { memoized } from "../model/memo.ts";
import type { ConfigObject } from "../model/object.ts";
import { parseProtocol } from "../model/protocol.ts";
import type { Resolution, Service, ServiceEndpoint, ServicePort } from "../model/service.ts";
import { parseLocality } from "../model/service.ts";
import { visibilityOf } from "../model/visibility.ts";
import type { WorkloadInstance } from "./workload-instance.ts";
import { localityOf } from "./workload-instance.ts";

export type ServiceEntryObject = ConfigObject<"ServiceEntry">;

/** A service as one entry declares it; its automatic address is chosen when all services are known. */
export type DeclaredService = Omit<Service, "autoAddress">;

const RESOLUTIONS: Readonly<Record<number, Resolution>> = {
  [ServiceEntry_Resolution.NONE]: "none",
  [ServiceEntry_Resolution.STATIC]: "static",
  [ServiceEntry_Resolution.DNS]: "dns",
  [ServiceEntry_Resolution.DNS_ROUND_ROBIN]: "dnsRoundRobin",
  [ServiceEntry_Resolution.DYNAMIC_DNS]: "dynamicDns",
};

/** One service for each host. Hosts of a ServiceEntry are always full names: "reviews" is a host of one label. */
export const declaredServices: (entry: ServiceEntryObject) => readonly DeclaredService[] = memoized(
  (entry) => {
    const { spec } = entry;
    const shared = {
      namespace: entry.namespace,
      addresses: spec.addresses.map(withoutFullMask),
      ports: portsOf(spec),
      resolution: RESOLUTIONS[spec.resolution] ?? "none",
      location: spec.location === ServiceEntry_Location.MESH_INTERNAL ? "internal" : "external",
      exportTo: visibilityOf(spec.exportTo, entry.namespace),
      subjectAltNames: spec.subjectAltNames,
      owner: entry,
    } as const;
    return spec.hosts.map((host) => ({ ...shared, hostname: host.toLowerCase() }));
  },
);

/** "10.0.0.1/32" is the address 10.0.0.1. */
function withoutFullMask(address: string): string {
  const isFull = address.includes(":") ? address.endsWith("/128") : address.endsWith("/32");
  return isFull ? address.slice(0, address.indexOf("/")) : address;
}

function portsOf(spec: ServiceEntry): ServicePort[] {
  return spec.ports.map((port) => ({
    name: port.name,
    number: port.number,
    protocol: parseProtocol(port.protocol),
    targetPort: port.targetPort === 0 ? port.number : port.targetPort,
  }));
}

/** The labels that choose the entry's workloads; undefined when its endpoints stand in it. */
export function workloadSelector(entry: ServiceEntryObject): Labels | undefined {
  return entry.spec.workloadSelector?.labels;
}

/**
 * Whether `instance` is an endpoint of `entry`: same namespace, labels that fit, and an address that the resolution can use
 * (host names and Unix sockets are only for DNS, as in Istio).
 */
export function selectsInstance(entry: ServiceEntryObject, instance: WorkloadInstance): boolean {
  const selector = workloadSelector(entry);
  if (selector === undefined || instance.namespace !== entry.namespace) return false;
  return selects(selector, instance.labels) && (isDns(entry) || isIpAddress(instance.address));
}

function isDns({ spec }: ServiceEntryObject): boolean {
  return (
    spec.resolution === ServiceEntry_Resolution.DNS ||
    spec.resolution === ServiceEntry_Resolution.DNS_ROUND_ROBIN
  );
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function isIpAddress(address: string): boolean {
  return IPV4.test(address) || (address.includes(":") && !address.startsWith("unix:"));
}

/** The endpoint that `instance` is, for any service that selects it; one object for each instance. */
export const endpointOf: (instance: WorkloadInstance) => ServiceEndpoint = memoized((instance) => ({
  address: instance.address,
  portOf: (port) => portAt(instance.address, instance.ports, port),
  labels: instance.labels,
  locality: instance.locality,
  weight: instance.weight,
  network: instance.network,
  serviceAccount: instance.serviceAccount,
  health: instance.health,
  workload: { namespace: instance.namespace, name: instance.name },
}));

/** Endpoints that stand in the entry itself. */
const inlineEndpoints: (entry: ServiceEntryObject) => readonly ServiceEndpoint[] = memoized(
  (entry) =>
    entry.spec.endpoints.map((endpoint, i) => ({
      address: endpoint.address,
      portOf: (port) => portAt(endpoint.address, endpoint.ports, port),
      labels: endpoint.labels,
      locality: localityOf(endpoint.locality, endpoint.labels),
      weight: endpoint.weight,
      network: endpoint.network,
      serviceAccount: endpoint.serviceAccount,
      health: "healthy",
      workload: { namespace: entry.namespace, name: `${entry.name}-${i}` },
    })),
);

/** Port at an address, by Istio's priority: Unix socket (none), the port named there, the service's target port. */
function portAt(
  address: string,
  ports: Readonly<Record<string, number>>,
  port: ServicePort,
): number {
  if (address.startsWith("unix://")) return 0;
  const named = Object.hasOwn(ports, port.name) ? ports[port.name] : undefined;
  return named === undefined || named === 0 ? port.targetPort : named;
}

/** A DNS service that names neither endpoints nor a selector is resolved by its own host name: hostname -> endpoint. */
const hostEndpoints: (entry: ServiceEntryObject) => ReadonlyMap<string, ServiceEndpoint> = memoized(
  (entry) =>
    new Map(
      entry.spec.hosts
        .map((host) => host.toLowerCase())
        .filter((host) => !isWildcard(host))
        .map((host) => [host, hostEndpoint(entry, host)]),
    ),
);

function hostEndpoint(entry: ServiceEntryObject, hostname: string): ServiceEndpoint {
  return {
    address: hostname,
    portOf: (port) => port.targetPort,
    labels: {},
    locality: parseLocality(""),
    weight: 0,
    network: "",
    serviceAccount: "",
    health: "healthy",
    workload: { namespace: entry.namespace, name: entry.name },
  };
}

const NO_ENDPOINTS: readonly ServiceEndpoint[] = [];
const singleEndpoint: (endpoint: ServiceEndpoint) => readonly ServiceEndpoint[] = memoized(
  (endpoint) => [endpoint],
);

/** Endpoints of an entry without a selector for one of its hosts; the same list each time. */
export function endpointsWithin(
  entry: ServiceEntryObject,
  hostname: string,
): readonly ServiceEndpoint[] {
  if (entry.spec.endpoints.length > 0 || !isDns(entry)) return inlineEndpoints(entry);
  const endpoint = hostEndpoints(entry).get(hostname);
  return endpoint === undefined ? NO_ENDPOINTS : singleEndpoint(endpoint);
}
