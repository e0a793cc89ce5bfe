// PUT /v1/namespaces/NS/workloads/NAME/health: what a supervisor finds out about an instance.
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import { notAllowed } from "./guard.ts";

export interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
  /** Which of several instances of that name; undefined: all of them. */
  readonly address: string | undefined;
}

/** False: no such workload. */
export type SetHealth = (workload: WorkloadName, isHealthy: boolean) => boolean;

const WORKLOAD_HEALTH = /^\/v1\/namespaces\/([^/]{1,253})\/workloads\/([^/]{1,253})\/health$/;

/** undefined: the path is another page's. */
export function workloadHealth(
  setHealth: SetHealth,
  request: HttpServiceRequest,
): HttpServiceResponse | undefined {
  const [, namespace, name] = WORKLOAD_HEALTH.exec(request.path) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  if (request.method !== "PUT") return notAllowed(request.method, ["PUT"]);
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    return wrong('the body must be JSON: {"healthy": true} or {"healthy": false}');
  }
  const { healthy, address } = (body ?? {}) as { healthy?: unknown; address?: unknown };
  if (typeof healthy !== "boolean") {
    return wrong(`healthy must be true or false: current value is ${JSON.stringify(healthy)}`);
  }
  if (address !== undefined && typeof address !== "string") {
    return wrong(`address must be an IP address: current value is ${JSON.stringify(address)}`);
  }
  if (!setHealth({ namespace, name, address }, healthy)) {
    return jsonResponse({ error: `no workload ${namespace}/${name} is registered` }, 404);
  }
  return jsonResponse({ namespace, name, healthy });
}

const wrong = (error: string): HttpServiceResponse => jsonResponse({ error }, 400);
