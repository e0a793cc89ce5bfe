// A response taken apart, in either variant: the same update for the owner, or why it is refused.
import { fromBinary } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  type DeltaDiscoveryResponse,
  type DiscoveryResponse,
  type Resource,
  ResourceSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import type { XdsResponse } from "#xds/transport.ts";
import { isFullState, WRAPPER } from "#xds/type-url.ts";
import type { ReceivedResource, ResourceUpdate } from "./owner.ts";

export type Reading =
  | { readonly kind: "read"; readonly update: ResourceUpdate }
  | { readonly kind: "rejected"; readonly message: string };

export function readResponse(response: XdsResponse): Reading {
  return response.$typeName === "envoy.service.discovery.v3.DiscoveryResponse"
    ? readSotw(response)
    : readDelta(response);
}

function readSotw(response: DiscoveryResponse): Reading {
  const { typeUrl, versionInfo } = response;
  const resources: ReceivedResource[] = [];
  for (const any of response.resources) {
    const wrapper = unwrap(any);
    if (wrapper === "malformed") return rejected(`malformed ${WRAPPER}`);
    const inner = wrapper === undefined ? any : wrapper.resource;
    // A wrapper without content is a heartbeat for a time to live (xds_protocol, "TTL").
    if (inner === undefined) continue;
    if (inner.typeUrl !== typeUrl) return wrongType(inner.typeUrl, typeUrl);
    resources.push({ name: wrapper?.name ?? "", version: versionInfo, body: inner.value });
  }
  const update = {
    typeUrl,
    version: versionInfo,
    resources,
    removed: [],
    isFullState: isFullState(typeUrl),
  };
  return { kind: "read", update };
}

function readDelta(response: DeltaDiscoveryResponse): Reading {
  const { typeUrl } = response;
  const resources: ReceivedResource[] = [];
  const names = new Set<string>();
  for (const { name, version, resource } of response.resources) {
    if (names.has(name)) return rejected(`${name}: duplicate resource name`);
    names.add(name);
    if (resource === undefined) continue;
    if (resource.typeUrl !== typeUrl) return wrongType(resource.typeUrl, typeUrl);
    resources.push({ name, version, body: resource.value });
  }
  const update = {
    typeUrl,
    version: response.systemVersionInfo,
    resources,
    removed: response.removedResources,
    isFullState: false,
  };
  return { kind: "read", update };
}

function unwrap(any: Any): Resource | "malformed" | undefined {
  if (any.typeUrl !== WRAPPER) return undefined;
  try {
    return fromBinary(ResourceSchema, any.value);
  } catch {
    return "malformed";
  }
}

function wrongType(got: string, wanted: string): Reading {
  return rejected(`type URL ${got} embedded in an update of type ${wanted}`);
}

function rejected(message: string): Reading {
  return { kind: "rejected", message };
}
