// The pages under /debug: what the pilot knows, for people and for our own commands.
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import { textOf } from "../config/edit-file.ts";
import { versionOf } from "../config/object-document.ts";
import { PlacedObject } from "../config/placed-object.ts";
import type { ConfigStore } from "../config/store.ts";
import {
  type ConfigObject,
  objectKey,
  objectName,
  type Problem,
  type SourcePosition,
} from "../model/object.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Liveness } from "../push/liveness.ts";

/** /debug/configz: one of every object. */
export interface DescribedObject {
  /** "VirtualService default/reviews" */
  readonly object: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly source: SourcePosition;
}

export function describeObject(object: ConfigObject): DescribedObject {
  const { kind, namespace, name, source } = object;
  return { object: objectName(object), kind, namespace, name, source };
}

/** /debug/documentz?object=VirtualService/default/reviews: the object as its author wrote it. */
export interface ObjectDocument {
  readonly object: string;
  readonly source: SourcePosition;
  readonly resourceVersion: string;
  /** YAML, comments and all; without comments that stand for themselves around it. */
  readonly text: string;
}

export function documentPage(
  store: ConfigStore,
  { query }: HttpServiceRequest,
): HttpServiceResponse {
  const key = query.get("object") ?? "";
  const object = store.list().find((each) => objectKey(each) === key);
  if (!(object instanceof PlacedObject)) return unknownObject(key);
  const document: ObjectDocument = {
    object: objectName(object),
    source: object.source,
    resourceVersion: versionOf(object),
    text: textOf(object),
  };
  return jsonResponse(document);
}

/** /debug/livez?object=VirtualService/default/reviews: on which proxies the newest version of the object is in force. */
export function livePage(
  liveness: (key: string, withResources: boolean) => Liveness | undefined,
  { query }: HttpServiceRequest,
): HttpServiceResponse {
  const key = query.get("object") ?? "";
  const found = liveness(key, query.has("resources"));
  return found === undefined ? unknownObject(key) : jsonResponse(found);
}

function unknownObject(key: string): HttpServiceResponse {
  const error = `no object ${JSON.stringify(key)}: name it as ?object=VirtualService/default/reviews`;
  return jsonResponse({ error }, 404);
}

/** /debug/problemz: one of what is wrong. */
export interface DescribedProblem extends Problem {
  /** All of it in a line. */
  readonly text: string;
}

/** /debug/registryz: one service, and what serves it. */
export interface DescribedService {
  readonly hostname: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  readonly autoAddress: string | undefined;
  readonly resolution: string;
  readonly location: string;
  readonly source: SourcePosition;
  readonly ports: readonly DescribedPort[];
}

export interface DescribedPort {
  readonly number: number;
  readonly name: string;
  readonly protocol: string;
  readonly endpoints: readonly DescribedEndpoint[];
}

export interface DescribedEndpoint {
  readonly address: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly weight: number;
  readonly health: string;
  /** The instance that it is; empty names when unknown. */
  readonly workload: { readonly namespace: string; readonly name: string };
}

export function describeRegistry(snapshot: Snapshot): readonly DescribedService[] {
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
