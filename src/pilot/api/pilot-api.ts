// The pilot's HTTP side: health, metrics, debug pages, and what a supervisor tells about its instances.
import {
  type HttpService,
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
  textResponse,
} from "#base/http-service.ts";
import type { ConfigObject, Problem } from "../model/object.ts";
import { formatProblem, objectName } from "../model/object.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { reportProxies } from "../push/status.ts";
import type { XdsServer } from "../push/xds-server.ts";
import type { WorkloadRegistry } from "../registry/workload-registry.ts";
import { renderMetrics } from "./metrics.ts";

export interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
  /** Which of several instances of that name; undefined: all of them. */
  readonly address: string | undefined;
}

/** What the pages read and the few things they may do. */
export interface PilotApiState {
  readonly snapshot: () => Snapshot;
  readonly objects: () => readonly ConfigObject[];
  readonly problems: () => readonly Problem[];
  readonly server: XdsServer;
  readonly registry: WorkloadRegistry;
  /** False: no such workload. */
  readonly setHealth: (workload: WorkloadName, isHealthy: boolean) => boolean;
}

const HELP = `sampan pilot
  GET /ready             200 when it serves
  GET /metrics           Prometheus metrics, with Istio's names where it has one
  GET /debug/syncz       every connected proxy: what is live, behind, rejected
  GET /debug/registryz   services with their endpoints
  GET /debug/configz     configuration objects with file and line
  GET /debug/problemz    what is wrong with the configuration
  PUT /v1/namespaces/NS/workloads/NAME/health   {"healthy": true|false, "address": IP (optional)}
`;

const WORKLOAD_HEALTH = /^\/v1\/namespaces\/([^/]{1,253})\/workloads\/([^/]{1,253})\/health$/;

export function createPilotApi(state: PilotApiState): HttpService {
  const pages: Readonly<Record<string, () => HttpServiceResponse>> = {
    "/": () => textResponse(HELP),
    "/ready": () => textResponse("ok\n"),
    "/metrics": () => textResponse(renderMetrics(state)),
    "/debug/syncz": () => jsonResponse(reportProxies(state.server.connections)),
    "/debug/registryz": () => jsonResponse(registry(state.snapshot())),
    "/debug/configz": () => jsonResponse(state.objects().map(describeObject)),
    "/debug/problemz": () =>
      jsonResponse(
        state.problems().map((problem) => ({ ...problem, text: formatProblem(problem) })),
      ),
  };
  return (request) => {
    const workload = WORKLOAD_HEALTH.exec(request.path);
    if (workload !== null) return putHealth(state, request, workload[1] ?? "", workload[2] ?? "");
    const page = pages[request.path];
    if (page === undefined) return jsonResponse({ error: `no page ${request.path}` }, 404);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return jsonResponse({ error: `method ${request.method} not allowed, GET required` }, 405);
    }
    return page();
  };
}

function putHealth(
  state: PilotApiState,
  request: HttpServiceRequest,
  namespace: string,
  name: string,
): HttpServiceResponse {
  if (request.method !== "PUT") {
    return jsonResponse({ error: `method ${request.method} not allowed, PUT required` }, 405);
  }
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    return jsonResponse(
      { error: 'the body must be JSON: {"healthy": true} or {"healthy": false}' },
      400,
    );
  }
  const { healthy, address } = (body ?? {}) as { healthy?: unknown; address?: unknown };
  if (typeof healthy !== "boolean") {
    return jsonResponse(
      { error: `healthy must be true or false: current value is ${JSON.stringify(healthy)}` },
      400,
    );
  }
  if (address !== undefined && typeof address !== "string") {
    return jsonResponse(
      { error: `address must be an IP address: current value is ${JSON.stringify(address)}` },
      400,
    );
  }
  if (!state.setHealth({ namespace, name, address }, healthy)) {
    return jsonResponse({ error: `no workload ${namespace}/${name} is registered` }, 404);
  }
  return jsonResponse({ namespace, name, healthy });
}

function describeObject(object: ConfigObject): object {
  return {
    object: objectName(object),
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    source: object.source,
  };
}

function registry(snapshot: Snapshot): readonly object[] {
  return snapshot.services.map((service) => ({
    hostname: service.hostname,
    namespace: service.namespace,
    addresses: service.addresses,
    autoAddress: service.autoAddress,
    resolution: service.resolution,
    location: service.location,
    source: service.owner.source,
    ports: service.ports.map((port) => ({
      ...port,
      endpoints: snapshot.endpoints(service, port).map((endpoint) => ({
        address: endpoint.address,
        port: endpoint.portOf(port),
        labels: endpoint.labels,
        locality: endpoint.locality,
        weight: endpoint.weight,
        health: endpoint.health,
        workload: endpoint.workload,
      })),
    })),
  }));
}
