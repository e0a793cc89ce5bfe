// What the preflight of each command is about, made from its flags and from what its configuration says.
import type { SocketAddress } from "#base/net.ts";
import type { PreflightSettings, WantedPort } from "#preflight/settings.ts";
import type { BootstrapConfig } from "#proxy/config/bootstrap-config.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { ADMIN_PORT, GATEWAY_ADDRESS, HOST_SIDECAR_ADDRESS } from "../up/addresses.ts";
import type { MeshPlan } from "../up/plan.ts";

/** Resident memory of each as it serves a small mesh, measured, less what processes share; larger meshes need more. */
const PILOT_BYTES = 128 * 1024 * 1024;
const PROXY_BYTES = 80 * 1024 * 1024;

/** Sockets, logs and libraries of a process that serves nothing yet. */
const BASE_FILES = 128;
/** A stream from each proxy, and files that are read: for the thousand that one pilot is made for. */
const PILOT_FILES = 2_048;
/** Clusters come later, by xDS: room for two thousand requests at once, two sockets each. */
const DYNAMIC_FILES = 4_096;
/** Above this a threshold says "no limit", as Istio's 4294967295 does. */
const MAX_THRESHOLD = 1_000_000;

/** Services are given 127.240.0.1 and up. */
const FIRST_SERVICE_ADDRESS = "127.240.0.1";

/** Of a command without ports, folders and configuration. */
export const NOTHING: PreflightSettings = {
  version: packageJson.version,
  wantedRuntime: packageJson.dependencies.bun,
  ports: [],
  openFiles: { needed: BASE_FILES, why: "" },
  memory: { neededBytes: 0, why: "" },
  workerCount: 1,
  folders: [],
  certificates: [],
  hostnames: [],
  dataPlane: undefined,
  loopback: [],
  pilot: undefined,
  interception: false,
  readConfiguration: undefined,
};

const port = (
  address: SocketAddress,
  purpose: string,
  alternative: string | undefined,
  isShared = false,
): WantedPort => ({ address, purpose, alternative, isShared });

export interface PilotPlaces {
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  /** Where registered instances are kept. */
  readonly stateDirectory: string;
}

const pilotPorts = ({ xdsAddress, httpAddress }: PilotPlaces): WantedPort[] => [
  port(xdsAddress, "the pilot's xDS", "choose another one with --xds-address"),
  port(httpAddress, "the pilot's HTTP", "choose another one with --http-address"),
];

export function pilotSettings(places: PilotPlaces): PreflightSettings {
  return {
    ...NOTHING,
    ports: pilotPorts(places),
    openFiles: {
      needed: PILOT_FILES,
      why: "a pilot holds a stream from each proxy, and reads every file of its folder",
    },
    memory: { neededBytes: PILOT_BYTES, why: "the pilot" },
    folders: [
      { path: places.stateDirectory, purpose: "registered instances", changedBy: "--state-dir" },
    ],
  };
}

/** Two sockets for each connection that the circuit breakers of a static configuration allow. */
function filesOf(config: BootstrapConfig): PreflightSettings["openFiles"] {
  if (config.dynamicClusters) {
    return {
      needed: DYNAMIC_FILES,
      why: "two sockets for each request, and the clusters come by xDS",
    };
  }
  const limits = config.clusters.map(({ thresholds }) => thresholds.default.maxConnections);
  const connections = limits
    .filter((limit) => limit <= MAX_THRESHOLD)
    .reduce((sum, limit) => sum + limit, 0);
  return {
    needed: BASE_FILES + 2 * connections,
    why: `the circuit breakers of its clusters allow ${connections} connections, each with one from downstream`,
  };
}

export interface ProxyPlaces {
  readonly config: BootstrapConfig;
  /** Worker threads on the same ports. */
  readonly concurrency: number;
  readonly configPath: string;
}

function hostnamesOf({ clusters, ads }: BootstrapConfig): string[] {
  const names = (ads?.servers ?? []).map(({ host }) => host);
  for (const { discovery } of clusters) {
    if (discovery.kind !== "strictDns") continue;
    for (const locality of discovery.endpoints.localities) {
      for (const endpoint of locality.endpoints) names.push(endpoint.address.host);
    }
  }
  return names;
}

export function proxySettings({ config, concurrency, configPath }: ProxyPlaces): PreflightSettings {
  const isShared = concurrency > 1;
  const admin = config.admin?.address;
  return {
    ...NOTHING,
    ports: [
      ...(admin === undefined
        ? []
        : [port(admin, "admin", `change admin.address in ${configPath}`)]),
      ...config.listeners
        .filter(({ bindToPort }) => bindToPort)
        .map(({ name, address }) =>
          port(
            address,
            `listener ${name}`,
            `change the listener's address in ${configPath}`,
            isShared,
          ),
        ),
    ],
    openFiles: filesOf(config),
    memory: {
      neededBytes: PROXY_BYTES * concurrency,
      why: concurrency === 1 ? "a proxy" : `a proxy with ${concurrency} workers`,
    },
    workerCount: concurrency,
    hostnames: hostnamesOf(config),
    dataPlane: "sampan",
  };
}

export interface UpPlaces extends PilotPlaces {
  readonly dataPlane: "sampan" | "envoy";
  readonly hostSidecar: boolean;
  /** What the configuration wants to run. */
  readonly plan: MeshPlan;
}

function upPorts({ plan, hostSidecar, ...places }: UpPlaces): WantedPort[] {
  const gateways = plan.gateways.flatMap(({ ports }) => ports);
  return [
    ...pilotPorts(places),
    ...(gateways.length === 0
      ? []
      : [port({ host: GATEWAY_ADDRESS, port: ADMIN_PORT }, "the gateway's admin", undefined)]),
    ...(hostSidecar
      ? [
          port(
            { host: HOST_SIDECAR_ADDRESS, port: ADMIN_PORT },
            "the host sidecar's admin",
            undefined,
          ),
        ]
      : []),
    ...gateways.map((number) =>
      port(
        { host: GATEWAY_ADDRESS, port: number },
        "the gateway",
        "change the port in its Gateway",
      ),
    ),
  ];
}

export function upSettings(places: UpPlaces): PreflightSettings {
  const { plan, hostSidecar } = places;
  const proxyCount = plan.instances.length + plan.gateways.length + (hostSidecar ? 1 : 0);
  return {
    ...NOTHING,
    ports: upPorts(places),
    openFiles: {
      needed: DYNAMIC_FILES,
      why: "a proxy holds two sockets for each request",
    },
    memory: {
      neededBytes: PILOT_BYTES + proxyCount * PROXY_BYTES,
      why: `a pilot and ${proxyCount} ${proxyCount === 1 ? "proxy" : "proxies"}, not counting the programs beside them`,
    },
    folders: [
      {
        path: places.stateDirectory,
        purpose: "state and logs",
        changedBy: "the variable XDG_STATE_HOME",
      },
    ],
    dataPlane: places.dataPlane,
    loopback: ["127.0.0.1", HOST_SIDECAR_ADDRESS, FIRST_SERVICE_ADDRESS],
  };
}
