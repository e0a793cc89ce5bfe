// The pilot's HTTP side: health, metrics, debug pages, Kubernetes' API for configuration, and what a supervisor tells of instances.
import type { Clock } from "#base/clock.ts";
import {
  type HttpService,
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
  textResponse,
} from "#base/http-service.ts";
import type { ConfigStore } from "../config/store.ts";
import { type ConfigObject, formatProblem, objectKey, type Problem } from "../model/object.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Liveness } from "../push/liveness.ts";
import { reportProxies } from "../push/status.ts";
import type { XdsServer } from "../push/xds-server.ts";
import type { WorkloadRegistry } from "../registry/workload-registry.ts";
import {
  type DescribedProblem,
  describeObject,
  describeRegistry,
  documentPage,
  livePage,
} from "./debug-pages.ts";
import { discoveryPages } from "./discovery.ts";
import { notAllowed, refuseForeign } from "./guard.ts";
import { renderMetrics } from "./metrics.ts";
import { objectApi } from "./object-api.ts";
import type { ObjectRecords } from "./object-records.ts";
import { openApiPages } from "./openapi.ts";
import { positionPage } from "./position-page.ts";
import { type SetHealth, workloadHealth } from "./workload-health.ts";

/** What the pages read and the few things they may do. */
export interface PilotApiState {
  /** "1.2.3": the pilot's own. */
  readonly version: string;
  readonly snapshot: () => Snapshot;
  readonly objects: () => readonly ConfigObject[];
  readonly problems: () => readonly Problem[];
  readonly server: XdsServer;
  readonly registry: WorkloadRegistry;
  readonly clock: Clock;
  readonly store: ConfigStore;
  readonly records: ObjectRecords;
  /** Of "VirtualService/default/reviews". */
  readonly liveness: (key: string, withResources?: boolean) => Liveness | undefined;
  readonly setHealth: SetHealth;
}

const HELP = `sampan pilot
  GET /ready             200 when it serves
  GET /metrics           Prometheus metrics, with Istio's names where it has one
  GET /version           the pilot's version
  GET /debug/syncz       every connected proxy: what is live, behind, rejected
  GET /debug/registryz   services with their endpoints
  GET /debug/configz     configuration objects with file and line
  GET /debug/problemz    what is wrong with the configuration
  GET /debug/livez?object=KIND/NS/NAME       where the newest version of an object is in force (&resources: of what)
  GET /debug/documentz?object=KIND/NS/NAME   an object as its author wrote it
  GET /debug/positionz?at=KIND NS/NAME%23FIELD   where fields stand, by file, line and column
  PUT /v1/namespaces/NS/workloads/NAME/health   {"healthy": true|false, "address": IP (optional)}
  /apis/networking.istio.io/v1[/namespaces/NS]/virtualservices[/NAME] and so on: Kubernetes' API
`;

type Page = (request: HttpServiceRequest) => HttpServiceResponse;

export function createPilotApi(state: PilotApiState): HttpService {
  const pages: Readonly<Record<string, Page>> = {
    "/": () => textResponse(HELP),
    "/ready": () => textResponse("ok\n"),
    "/metrics": () => textResponse(renderMetrics(state)),
    "/debug/syncz": () => jsonResponse(reportProxies(state.server.connections)),
    "/debug/registryz": () => jsonResponse(describeRegistry(state.snapshot())),
    "/debug/configz": () => jsonResponse(state.objects().map(describeObject)),
    "/debug/problemz": () => jsonResponse(state.problems().map(describeProblem)),
    "/debug/livez": (request) => livePage(state.liveness, request),
    "/debug/documentz": (request) => documentPage(state.store, request),
    "/debug/positionz": (request) => positionPage(state.objects(), request),
    ...discoveryPages(state.version),
    ...openApiPages(state.version),
  };
  const objects = {
    store: state.store,
    records: state.records,
    clock: state.clock,
    liveness: (object: ConfigObject) => state.liveness(objectKey(object)),
  };
  return (request) => {
    const refused = refuseForeign(request);
    if (refused !== undefined) return refused;
    const answer = workloadHealth(state.setHealth, request) ?? objectApi(objects, request);
    if (answer !== undefined) return answer;
    const page = Object.hasOwn(pages, request.path) ? pages[request.path] : undefined;
    if (page === undefined) return jsonResponse({ error: `no page ${request.path}` }, 404);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return notAllowed(request.method, ["GET", "HEAD"]);
    }
    return page(request);
  };
}

const describeProblem = (problem: Problem): DescribedProblem => ({
  ...problem,
  text: formatProblem(problem),
});
