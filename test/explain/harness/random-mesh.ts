// A random mesh of Istio's objects and instances, and the one proxy of it that requests are sent through.
import { parseObjects } from "#pilot/config/parse-objects.ts";
import { buildSnapshot } from "#pilot/model/build-snapshot.ts";
import { DEFAULT_MESH_SETTINGS } from "#pilot/model/mesh-settings.ts";
import { formatProblem } from "#pilot/model/object.ts";
import type { Snapshot } from "#pilot/model/snapshot.ts";
import type { WorkloadInstance } from "#pilot/registry/workload-instance.ts";
import { Dice } from "./dice.ts";
import { httpRoutesOf, type Json, type Surroundings } from "./random-routes.ts";

/** Where things stand: made-up numbers in memory, ports that are free before a real proxy. */
export interface Places {
  readonly proxyHost: string;
  readonly httpProxyPort: number;
  /** Of the services, two of them. */
  readonly servicePorts: readonly [number, number];
  readonly gatewayPort: number;
  /** The n-th instance. */
  origin(index: number): { readonly host: string; readonly port: number };
  readonly accessLogFile: string;
  readonly isQuick: boolean;
}

export interface RandomMesh {
  readonly seed: number;
  readonly snapshot: Snapshot;
  readonly isGateway: boolean;
  /** The client's labels, for its node. */
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: string;
  /** Hosts that a client may write, with the port where something is. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly instances: readonly WorkloadInstance[];
  /** As text, to be read when something disagrees. */
  readonly yaml: string;
}

const VERSIONS = ["v1", "v2", "v3"] as const;
const NAMES = ["reviews", "ratings", "details", "cart"] as const;
const LOCALITIES = ["", "r1/a/", "r1/b/", "r2/a/"] as const;

const fullName = (name: string, namespace: string): string =>
  `${name}.${namespace}.svc.cluster.local`;

interface ServiceFacts {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

const object = (kind: string, metadata: Json, spec: Json): Json => ({
  apiVersion: "networking.istio.io/v1",
  kind,
  metadata,
  spec,
});

function serviceEntry(dice: Dice, { name, namespace, port }: ServiceFacts): Json {
  return object(
    "ServiceEntry",
    { name, namespace },
    {
      hosts: [fullName(name, namespace)],
      location: "MESH_INTERNAL",
      resolution: "STATIC",
      ports: [{ number: port, name: "http", protocol: "HTTP" }],
      workloadSelector: { labels: { app: name } },
      ...dice.maybe(0.08, () => ({ exportTo: ["."] })),
    },
  );
}

function destinationRule(dice: Dice, { name, namespace }: ServiceFacts): Json {
  const trafficPolicy = {
    ...dice.maybe(0.6, () => ({
      loadBalancer: { simple: dice.pick(["ROUND_ROBIN", "RANDOM", "LEAST_REQUEST"]) },
    })),
    ...dice.maybe(0.4, () => ({
      outlierDetection: {
        consecutive5xxErrors: 6,
        baseEjectionTime: "1h",
        maxEjectionPercent: dice.pick([30, 60, 100]),
        ...dice.maybe(0.6, () => ({ minHealthPercent: dice.pick([0, 40, 60]) })),
      },
    })),
  };
  return object(
    "DestinationRule",
    { name, namespace },
    {
      host: fullName(name, namespace),
      ...(Object.keys(trafficPolicy).length > 0 ? { trafficPolicy } : {}),
      subsets: [...VERSIONS, "v9"].map((version) => ({
        name: version,
        labels: { version },
        ...dice.maybe(0.1, () => ({ trafficPolicy: { loadBalancer: { simple: "RANDOM" } } })),
      })),
    },
  );
}

function instancesOf(
  dice: Dice,
  { name, namespace }: ServiceFacts,
  places: Places,
  nextIndex: () => number,
): WorkloadInstance[] {
  const hasLocalities = dice.chance(0.3);
  const hasWeights = dice.chance(0.5);
  const badOdds = dice.pick([0, 0, 0.25, 0.6]);
  return VERSIONS.flatMap((version) =>
    Array.from({ length: dice.pick([0, 1, 1, 2, 3]) }, (_, index) => {
      const { host, port } = places.origin(nextIndex());
      const [region = "", zone = ""] = (hasLocalities ? dice.pick(LOCALITIES) : "").split("/");
      return {
        namespace,
        name: `${name}-${version}-${index + 1}`,
        address: host,
        ports: { http: port },
        labels: { app: name, version },
        locality: { region, zone, subZone: "" },
        weight: hasWeights ? dice.between(1, 5) : 0,
        network: "",
        serviceAccount: "",
        health: dice.chance(badOdds) ? ("unhealthy" as const) : ("healthy" as const),
      };
    }),
  );
}

function virtualServices(
  dice: Dice,
  services: readonly ServiceFacts[],
  around: Surroundings,
  gateway: string | undefined,
): Json[] {
  const bound = gateway === undefined ? {} : { gateways: [gateway] };
  const ofServices = dice.some(services, 0.8).map(({ name, namespace }) =>
    object(
      "VirtualService",
      { name, namespace },
      {
        hosts: [dice.chance(0.5) ? name : fullName(name, namespace)],
        ...bound,
        http: httpRoutesOf(dice, around, true),
      },
    ),
  );
  const ofOthers = dice.chance(0.5)
    ? [
        object(
          "VirtualService",
          { name: "outside", namespace: "default" },
          {
            hosts: dice.chance(0.5) ? ["*.example.com"] : ["www.example.com", "example.com"],
            ...bound,
            http: httpRoutesOf(dice, around, true),
          },
        ),
      ]
    : [];
  return [...ofServices, ...ofOthers];
}

function delegatesOf(dice: Dice, around: Surroundings): { objects: Json[]; names: Json[] } {
  const objects = dice.some(["d1", "d2"], 0.5).map((name) =>
    object(
      "VirtualService",
      { name, namespace: "shop" },
      {
        http: httpRoutesOf(dice, around, false),
      },
    ),
  );
  const names = objects.map(({ metadata }) => metadata as Json);
  return { objects, names };
}

const gatewayObject = (port: number): Json =>
  object(
    "Gateway",
    { name: "gate", namespace: "default" },
    {
      selector: { istio: "ingressgateway" },
      servers: [{ port: { number: port, name: "http", protocol: "HTTP" }, hosts: ["*"] }],
    },
  );

export function randomMesh(seed: number, places: Places): RandomMesh {
  const dice = new Dice(seed);
  const isGateway = dice.chance(0.25);
  const services = dice.some(NAMES, 0.8).map((name) => ({
    name,
    namespace: dice.chance(0.8) ? "default" : "shop",
    port: dice.pick(places.servicePorts),
  }));
  if (services.length === 0)
    services.push({ name: "reviews", namespace: "default", port: places.servicePorts[0] });
  const destinations = services.map(({ name, namespace }) => ({
    host: fullName(name, namespace),
    subsets: dice.chance(0.95) ? [...VERSIONS, "v9"] : ["undeclared"],
  }));
  if (dice.chance(0.15))
    destinations.push({ host: "nobody.default.svc.cluster.local", subsets: ["v1"] });
  const bare: Surroundings = {
    destinations,
    ports: places.servicePorts,
    delegates: [],
    isQuick: places.isQuick,
  };
  const delegates = delegatesOf(dice, bare);
  const around = { ...bare, delegates: delegates.names };
  let count = 0;
  const instances = services.flatMap((service) =>
    instancesOf(dice, service, places, () => count++),
  );
  const objects = [
    ...services.map((service) => serviceEntry(dice, service)),
    ...dice.some(services, 0.85).map((service) => destinationRule(dice, service)),
    ...virtualServices(dice, services, around, isGateway ? "default/gate" : undefined),
    ...delegates.objects,
    ...(isGateway ? [gatewayObject(places.gatewayPort)] : []),
  ];
  const yaml = objects.map((one) => JSON.stringify(one, undefined, 1)).join("\n---\n");
  return {
    seed,
    snapshot: snapshotOf(dice, yaml, instances, places),
    isGateway,
    labels: isGateway ? { istio: "ingressgateway" } : { app: dice.pick(["client", "other"]) },
    locality: dice.chance(0.5) ? "r1/a" : "",
    hosts: [
      ...services.flatMap(({ name, namespace, port }) =>
        [name, `${name}.${namespace}`, fullName(name, namespace)].map((host) => ({ host, port })),
      ),
      { host: "www.example.com", port: places.servicePorts[0] },
      { host: "example.com", port: places.servicePorts[1] },
    ],
    instances,
    yaml,
  };
}

function snapshotOf(
  dice: Dice,
  yaml: string,
  instances: readonly WorkloadInstance[],
  places: Places,
): Snapshot {
  const parsed = parseObjects(yaml, "mesh.yaml");
  const errors = parsed.problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(`${errors.map(formatProblem).join("\n")}\n${yaml}`);
  const mesh = {
    ...DEFAULT_MESH_SETTINGS,
    proxyHttpPort: places.httpProxyPort,
    accessLogFile: places.accessLogFile,
    accessLogFormat: "%REQ(X-CASE)% %RESPONSE_FLAGS%\n",
    outboundTrafficPolicy: dice.chance(0.5) ? ("ALLOW_ANY" as const) : ("REGISTRY_ONLY" as const),
  };
  return buildSnapshot(parsed.objects, instances, undefined, { mesh }).snapshot;
}
