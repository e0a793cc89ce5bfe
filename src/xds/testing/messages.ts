// Short ways to write xDS messages and resources in tests.
import { create } from "@bufbuild/protobuf";
import { type Node, NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { StatusSchema } from "#api/google/rpc/status_pb.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { Resource, ResourceSource } from "#xds/server/resource.ts";
import type { XdsResponse } from "#xds/transport.ts";

export const NODE: Node = create(NodeSchema, { id: "sidecar~127.0.1.1~web.default~local" });

export interface SotwRequest {
  readonly type: string;
  readonly names?: readonly string[];
  readonly nonce?: string;
  readonly version?: string;
  readonly error?: string;
  readonly node?: Node | undefined;
}

export function sotwRequest(request: SotwRequest): DiscoveryRequest {
  return create(DiscoveryRequestSchema, {
    typeUrl: request.type,
    resourceNames: [...(request.names ?? [])],
    responseNonce: request.nonce ?? "",
    versionInfo: request.version ?? "",
    ...("node" in request ? optional("node", request.node) : { node: NODE }),
    ...optional("errorDetail", errorDetail(request.error)),
  });
}

export interface DeltaRequest {
  readonly type: string;
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly versions?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  readonly error?: string;
}

export function deltaRequest(request: DeltaRequest): DeltaDiscoveryRequest {
  return create(DeltaDiscoveryRequestSchema, {
    typeUrl: request.type,
    resourceNamesSubscribe: [...(request.subscribe ?? [])],
    resourceNamesUnsubscribe: [...(request.unsubscribe ?? [])],
    initialResourceVersions: { ...request.versions },
    responseNonce: request.nonce ?? "",
    node: NODE,
    ...optional("errorDetail", errorDetail(request.error)),
  });
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function errorDetail(message: string | undefined) {
  return message === undefined ? undefined : create(StatusSchema, { code: 13, message });
}

/** What a test's resource says, as JSON in place of an encoded message: its name, some content, and what it refers to. */
export interface Content {
  readonly name: string;
  readonly content: string;
  readonly endpointsName?: string | undefined;
  readonly clusterNames?: readonly string[] | undefined;
  readonly routeNames?: readonly string[] | undefined;
}

export function resource(typeUrl: string, content: Content, saysReferences = true): Resource {
  const body = new TextEncoder().encode(JSON.stringify(content));
  return {
    typeUrl,
    name: content.name,
    version: contentVersion(body),
    body,
    endpointsName: content.endpointsName,
    clusterNames: saysReferences ? content.clusterNames : undefined,
  };
}

export function contentOf(body: Uint8Array): Content {
  return JSON.parse(new TextDecoder().decode(body)) as Content;
}

export function sourceOf(resources: readonly Resource[]): ResourceSource {
  return {
    list: (typeUrl) => resources.filter((r) => r.typeUrl === typeUrl),
    get: (typeUrl, name) => resources.find((r) => r.typeUrl === typeUrl && r.name === name),
  };
}

/** The same, for a source that knows what changed since any other of its kind. */
export function knowingSourceOf(resources: readonly Resource[]): ResourceSource {
  const plain = sourceOf(resources);
  return {
    ...plain,
    changedSince: (typeUrl, earlier) => {
      const names = new Set([...plain.list(typeUrl), ...earlier.list(typeUrl)].map((r) => r.name));
      const versionIn = (source: ResourceSource, name: string): string | undefined =>
        source.get(typeUrl, name)?.version;
      return [...names].filter((name) => versionIn(plain, name) !== versionIn(earlier, name));
    },
  };
}

/** "name=content" of each resource, then "-name" of each removed one, sorted: what a test compares. */
export function saysOf(response: XdsResponse | undefined): string[] | undefined {
  if (response === undefined) return undefined;
  const bodies = bodiesOf(response);
  const removed =
    response.$typeName === "envoy.service.discovery.v3.DeltaDiscoveryResponse"
      ? response.removedResources
      : [];
  return [
    ...bodies.map((body) => {
      const { name, content } = contentOf(body);
      return `${name}=${content}`;
    }),
    ...removed.map((name) => `-${name}`),
  ].sort();
}

function bodiesOf(response: DiscoveryResponse | DeltaDiscoveryResponse): Uint8Array[] {
  if (response.$typeName === "envoy.service.discovery.v3.DiscoveryResponse") {
    return response.resources.map((any) => any.value);
  }
  return response.resources.map((r) => r.resource?.value ?? new Uint8Array(0));
}
