// Services that a folder speaks of and does not declare, as if they were there: a folder of VirtualServices alone is all that many
// teams keep in their repository, the services are Kubernetes'.
import type { Destination } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { parseObjects } from "#pilot/config/parse-objects.ts";
import type { ConfigObject } from "#pilot/model/object.ts";
import type { Snapshot } from "#pilot/model/snapshot.ts";
import { MESH_GATEWAY } from "#pilot/translate/names.ts";

const DEFAULT_PORT = 80;

/** What is said of one host that no object declares. */
interface Spoken {
  readonly ports: Set<number>;
  readonly subsets: Set<string>;
}

/**
 * A ServiceEntry, with a DestinationRule where subsets are named, for each host that is a destination or is called and that no object
 * of the folder declares. Every subset has an endpoint, at an address of loopback that nobody listens on.
 */
export function assumedServices(
  snapshot: Snapshot,
  namespaces: Iterable<string>,
): readonly ConfigObject[] {
  const spoken = new Map<string, Spoken>();
  for (const namespace of namespaces) {
    const say = (host: string, port: number | undefined, subset: string): void => {
      if (host === "" || host.startsWith("*")) return;
      if (snapshot.service(host, namespace) !== undefined) return;
      const known = spoken.get(host) ?? { ports: new Set(), subsets: new Set() };
      if (port !== undefined) known.ports.add(port);
      if (subset !== "") known.subsets.add(subset);
      spoken.set(host, known);
    };
    for (const { spec } of snapshot.virtualServicesFor(namespace)) {
      const isMesh = spec.gateways.length === 0 || spec.gateways.includes(MESH_GATEWAY);
      for (const host of isMesh ? spec.hosts : []) say(host, undefined, "");
      for (const { host, port, subset } of destinationsOf(spec.http))
        say(host, port?.number, subset);
    }
  }
  const documents = [...spoken].flatMap(([host, what], index) => declare(host, what, index + 1));
  return parseObjects(
    documents.map((one) => JSON.stringify(one)).join("\n---\n"),
    "assumed services",
  ).objects;
}

type HttpRoutes = ConfigObject<"VirtualService">["spec"]["http"];

function destinationsOf(routes: HttpRoutes): Destination[] {
  return routes
    .flatMap(({ route, mirror, mirrors }) => [
      ...route.map(({ destination }) => destination),
      mirror,
      ...mirrors.map(({ destination }) => destination),
    ])
    .filter((destination) => destination !== undefined);
}

function declare(host: string, { ports, subsets }: Spoken, number: number): object[] {
  const metadata = { name: `assumed-${number}` };
  const apiVersion = "networking.istio.io/v1";
  const versions = subsets.size === 0 ? [""] : [...subsets];
  const endpoints = versions.map((version, index) => ({
    address: `127.255.${number % 256}.${(index % 254) + 1}`,
    ...(version === "" ? {} : { labels: { version } }),
  }));
  const numbers = ports.size === 0 ? [DEFAULT_PORT] : [...ports];
  const entry = {
    ...{ apiVersion, kind: "ServiceEntry", metadata },
    spec: {
      hosts: [host],
      location: "MESH_INTERNAL",
      resolution: "STATIC",
      ports: numbers.map((port) => ({ number: port, name: `http-${port}`, protocol: "HTTP" })),
      endpoints,
    },
  };
  if (subsets.size === 0) return [entry];
  const rule = {
    ...{ apiVersion, kind: "DestinationRule", metadata },
    spec: { host, subsets: [...subsets].map((name) => ({ name, labels: { version: name } })) },
  };
  return [entry, rule];
}
