// Every resource is encoded and hashed once, however many proxies it goes to: translation hands out the same message object
// as long as what it was made from is the same, and the cache is keyed by that object.
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { Resource } from "#xds/server/resource.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "#xds/type-url.ts";
import type { ObjectKey } from "../model/object.ts";
import type { Translated } from "../translate/translated.ts";
import { clusterNamesOfListener, clusterNamesOfRoutes } from "./cluster-names.ts";

/** A resource as it is served, with the configuration objects that it was made from. */
export interface ServedResource extends Resource {
  readonly sources: readonly ObjectKey[];
}

type References = Pick<Resource, "endpointsName" | "clusterNames">;

/** How resources of one type are encoded, and which other resources they name. */
interface Encoding<D extends DescMessage> {
  readonly typeUrl: string;
  readonly schema: D;
  readonly references: (message: MessageShape<D>) => References;
}

function endpointsNameOf(cluster: Cluster): string | undefined {
  const discovery = cluster.clusterDiscoveryType;
  if (discovery.case !== "type" || discovery.value !== Cluster_DiscoveryType.EDS) return undefined;
  const serviceName = cluster.edsClusterConfig?.serviceName ?? "";
  return serviceName === "" ? cluster.name : serviceName;
}

const NO_REFERENCES: References = {};

export const ENCODINGS = {
  cluster: {
    typeUrl: CLUSTER,
    schema: ClusterSchema,
    references: (cluster) => ({ endpointsName: endpointsNameOf(cluster) }),
  } as Encoding<typeof ClusterSchema>,
  endpoint: {
    typeUrl: ENDPOINT,
    schema: ClusterLoadAssignmentSchema,
    references: () => NO_REFERENCES,
  } as Encoding<typeof ClusterLoadAssignmentSchema>,
  listener: {
    typeUrl: LISTENER,
    schema: ListenerSchema,
    references: (listener) => ({ clusterNames: clusterNamesOfListener(listener) }),
  } as Encoding<typeof ListenerSchema>,
  route: {
    typeUrl: ROUTE,
    schema: RouteConfigurationSchema,
    references: (config) => ({ clusterNames: clusterNamesOfRoutes(config) }),
  } as Encoding<typeof RouteConfigurationSchema>,
};

export class EncodedCache {
  readonly #resources = new WeakMap<object, ServedResource>();

  encode<D extends DescMessage>(
    encoding: Encoding<D>,
    translated: Translated<MessageShape<D>>,
  ): ServedResource {
    const found = this.#resources.get(translated.message);
    if (found !== undefined) return found;
    const body = toBinary(encoding.schema, translated.message);
    const resource: ServedResource = {
      typeUrl: encoding.typeUrl,
      name: translated.name,
      version: contentVersion(body),
      body,
      sources: translated.sources,
      ...encoding.references(translated.message),
    };
    this.#resources.set(translated.message, resource);
    return resource;
  }
}
