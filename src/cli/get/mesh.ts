// What the pilot knows besides configuration, as rows: services, endpoints, proxies, problems.

import { formatAge } from "#base/age.ts";
import type {
  DescribedEndpoint,
  DescribedProblem,
  DescribedService,
} from "#pilot/api/debug-pages.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { shortServiceName } from "../client/mesh-names.ts";
import type { PilotClient } from "../client/pilot-client.ts";
import { plain } from "../shell/plain.ts";
import type { ListedItem, LoadedListing } from "./listing.ts";

export interface MeshQuery {
  /** Empty: all. */
  readonly names: readonly string[];
  /** undefined: of all namespaces. */
  readonly namespace: string | undefined;
}

type Load = (pilot: PilotClient, query: MeshQuery, nowMs: number) => Promise<LoadedListing>;

/** By every name that they are asked for under. */
export const MESH_LISTINGS: Readonly<Record<string, Load>> = {
  services: listServices,
  service: listServices,
  svc: listServices,
  endpoints: listEndpoints,
  endpoint: listEndpoints,
  ep: listEndpoints,
  proxies: listProxies,
  proxy: listProxies,
  problems: listProblems,
  problem: listProblems,
};

/** For hints. */
export const MESH_NAMES: readonly string[] = ["services", "endpoints", "proxies", "problems"];

/** "reviews", "reviews.default" and the whole host name mean the same. */
export function isService({ hostname, namespace }: DescribedService, name: string): boolean {
  const short = shortServiceName(hostname);
  return [hostname, short, short.replace(`.${namespace}`, "")].includes(name.toLowerCase());
}

async function loadServices(
  pilot: PilotClient,
  { names, namespace }: MeshQuery,
): Promise<{ readonly services: readonly DescribedService[] } | { readonly message: string }> {
  const answer = await pilot.get<readonly DescribedService[]>("/debug/registryz");
  if (answer.kind !== "answered") return { message: answer.message };
  const inNamespace = answer.value.filter(
    (each) => namespace === undefined || each.namespace === namespace,
  );
  const missing = names.find((name) => !inNamespace.some((each) => isService(each, name)));
  if (missing !== undefined) {
    const known = inNamespace.map(({ hostname }) => shortServiceName(hostname)).slice(0, 10);
    return { message: `no service ${JSON.stringify(missing)}: there are ${known.join(", ")}` };
  }
  const services = inNamespace.filter(
    (each) => names.length === 0 || names.some((name) => isService(each, name)),
  );
  return { services };
}

const healthy = (endpoints: readonly DescribedEndpoint[]): number =>
  endpoints.filter(({ health }) => health === "healthy").length;

async function listServices(pilot: PilotClient, query: MeshQuery): Promise<LoadedListing> {
  const found = await loadServices(pilot, query);
  if ("message" in found) return { kind: "failed", message: found.message };
  return {
    kind: "loaded",
    columns: ["NAME", "PORTS", "ENDPOINTS", "ADDRESS"],
    wideColumns: ["HOST", "RESOLUTION", "LOCATION", "FILE"],
    items: found.services.map((service): ListedItem => {
      const { hostname, ports, addresses, autoAddress, resolution, location, source } = service;
      const all = [
        ...new Map(
          ports
            .flatMap((port) => port.endpoints)
            .map((each) => [`${each.address}:${each.port}`, each]),
        ).values(),
      ];
      return {
        key: hostname,
        name: `service/${shortServiceName(hostname)}`,
        cells: [
          shortServiceName(hostname),
          ports.map(({ number, protocol }) => `${number}/${protocol}`).join(","),
          `${healthy(all)}/${all.length}`,
          [...addresses, ...(autoAddress === undefined ? [] : [autoAddress])].join(",") || "-",
        ].map((cell) => plain(cell)),
        wideCells: [hostname, resolution, location, `${source.file}:${source.line}`].map((cell) =>
          plain(cell),
        ),
        value: service,
      };
    }),
  };
}

async function listEndpoints(pilot: PilotClient, query: MeshQuery): Promise<LoadedListing> {
  const found = await loadServices(pilot, query);
  if ("message" in found) return { kind: "failed", message: found.message };
  const items: ListedItem[] = [];
  for (const { hostname, ports } of found.services) {
    for (const port of ports) {
      for (const endpoint of port.endpoints)
        items.push(endpointItem(hostname, port.name, endpoint));
    }
  }
  return {
    kind: "loaded",
    columns: ["SERVICE", "PORT", "ENDPOINT", "HEALTH", "WORKLOAD"],
    wideColumns: ["WEIGHT", "LOCALITY", "LABELS"],
    items,
  };
}

function endpointItem(hostname: string, port: string, endpoint: DescribedEndpoint): ListedItem {
  const { address, health, weight, locality, labels, workload } = endpoint;
  const where = `${address}:${endpoint.port}`;
  const place = [locality.region, locality.zone, locality.subZone].filter((part) => part !== "");
  const { name, namespace } = workload;
  const wideCells = [
    String(weight || 1),
    place.join("/") || "-",
    Object.entries(labels)
      .map(([label, value]) => `${label}=${value}`)
      .join(",") || "-",
  ];
  return {
    key: `${hostname} ${port} ${where}`,
    name: `endpoint/${where}`,
    cells: [
      shortServiceName(hostname),
      port,
      where,
      health,
      name === "" ? "-" : `${name}.${namespace}`,
    ].map((cell) => plain(cell)),
    wideCells: wideCells.map((cell) => plain(cell)),
    value: { service: hostname, servicePort: port, ...endpoint },
  };
}

async function listProxies(
  pilot: PilotClient,
  query: MeshQuery,
  nowMs: number,
): Promise<LoadedListing> {
  const answer = await pilot.get<readonly ProxyReport[]>("/debug/syncz");
  if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
  const { names, namespace } = query;
  const wanted = answer.value.filter(
    (each) =>
      (namespace === undefined || each.namespace === namespace) &&
      (names.length === 0 ||
        names.includes(each.name) ||
        names.includes(`${each.name}.${each.namespace}`)),
  );
  if (names.length > 0 && wanted.length === 0) {
    const known = answer.value.map(({ name }) => name).join(", ");
    return {
      kind: "failed",
      message: `no proxy ${JSON.stringify(names[0])} is connected: connected are ${known || "none"}`,
    };
  }
  return {
    kind: "loaded",
    columns: ["NAME", "TYPE", "STATE", "AGE"],
    wideColumns: ["ADDRESS", "VERSION", "XDS"],
    items: wanted.map(
      (report): ListedItem => ({
        key: report.proxy,
        name: `proxy/${report.name}.${report.namespace}`,
        cells: [
          `${report.name}.${report.namespace}`,
          report.type,
          report.state,
          formatAge(nowMs - report.connectedAtMs),
        ].map((cell) => plain(cell)),
        wideCells: [report.ipAddress, report.version, report.variant].map((cell) => plain(cell)),
        value: report,
      }),
    ),
  };
}

async function listProblems(pilot: PilotClient): Promise<LoadedListing> {
  const answer = await pilot.get<readonly DescribedProblem[]>("/debug/problemz");
  if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
  return {
    kind: "loaded",
    columns: ["SEVERITY", "FILE", "OBJECT", "PROBLEM"],
    wideColumns: [],
    items: answer.value.map((problem): ListedItem => {
      const { severity, source, object = "-", field, message } = problem;
      const { file, line } = source;
      const text = field === "" ? message : `${field}: ${message}`;
      return {
        key: problem.text,
        name: `problem/${file}:${line}`,
        cells: [severity, plain(`${file}:${line}`), plain(object), plain(text, MAX_MESSAGE)],
        wideCells: [],
        value: problem,
      };
    }),
  };
}

/** Problems say what would be right, which takes room. */
const MAX_MESSAGE = 600;
