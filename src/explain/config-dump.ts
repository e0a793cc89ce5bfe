// Reads what a proxy's admin pages say of its configuration: /config_dump?include_eds of ours or of any Envoy, and /clusters?format=json.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageFromDumpedJson } from "#api/json-unknown-any.ts";
import { type DumpedObject, listField, objectField, textField } from "./dumped-object.ts";
import { parseHosts } from "./host-status.ts";
import type {
  HostStatus,
  ProxyConfiguration,
  RejectedResource,
  ResourceKind,
  ResourceName,
  UnreadableResource,
} from "./proxy-configuration.ts";
import { summarizeSecret } from "./secret-summary.ts";

export type ParsedConfigDump =
  | { readonly kind: "parsed"; readonly configuration: ProxyConfiguration }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * `text`: a configuration dump with names in snake_case (Envoy's admin page) or camelCase (istioctl, istiod). A resource that cannot
 * be read is left out and listed as such; an Any of an unknown type keeps its name. `clustersText`: the page /clusters?format=json.
 */
export function parseConfigDump(text: string, clustersText?: string): ParsedConfigDump {
  const dump = parseObject(text);
  if (dump === undefined) return { kind: "failed", reason: "it is no JSON object" };
  const sections = listField(dump, "configs");
  if (sections.length === 0) {
    return {
      kind: "failed",
      reason: 'it has no "configs", so it is no configuration dump of Envoy',
    };
  }
  let hosts: ReadonlyMap<string, readonly HostStatus[]> = new Map();
  if (clustersText !== undefined) {
    const clusters = parseObject(clustersText);
    if (clusters === undefined)
      return { kind: "failed", reason: "its /clusters are no JSON object" };
    hosts = parseHosts(clusters);
  }
  return { kind: "parsed", configuration: new DumpReader(sections).read(hosts) };
}

function parseObject(text: string): DumpedObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as DumpedObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Where resources of one kind stand: section, list, and the object in each entry of the list that holds it. */
interface Place {
  readonly section: string;
  readonly list: string;
  readonly inside?: string;
  readonly field: string;
}

const CLUSTERS: readonly Place[] = [
  { section: "ClustersConfigDump", list: "dynamic_active_clusters", field: "cluster" },
  { section: "ClustersConfigDump", list: "static_clusters", field: "cluster" },
];
const LISTENERS: readonly Place[] = [
  {
    section: "ListenersConfigDump",
    list: "dynamic_listeners",
    inside: "active_state",
    field: "listener",
  },
  { section: "ListenersConfigDump", list: "static_listeners", field: "listener" },
];
const ROUTES: readonly Place[] = [
  { section: "RoutesConfigDump", list: "dynamic_route_configs", field: "route_config" },
  { section: "RoutesConfigDump", list: "static_route_configs", field: "route_config" },
];
const ENDPOINTS: readonly Place[] = [
  { section: "EndpointsConfigDump", list: "dynamic_endpoint_configs", field: "endpoint_config" },
  { section: "EndpointsConfigDump", list: "static_endpoint_configs", field: "endpoint_config" },
];
const WARMING: readonly (Place & { readonly kind: ResourceKind })[] = [
  {
    kind: "cluster",
    section: "ClustersConfigDump",
    list: "dynamic_warming_clusters",
    field: "cluster",
  },
  {
    kind: "listener",
    section: "ListenersConfigDump",
    list: "dynamic_listeners",
    inside: "warming_state",
    field: "listener",
  },
];
/** Every list whose entries may carry an error_state: the last refusal of that resource. */
const REFUSABLE: readonly (readonly [ResourceKind, string, string])[] = [
  ["cluster", "ClustersConfigDump", "dynamic_active_clusters"],
  ["cluster", "ClustersConfigDump", "dynamic_warming_clusters"],
  ["listener", "ListenersConfigDump", "dynamic_listeners"],
  ["route", "RoutesConfigDump", "dynamic_route_configs"],
];

class DumpReader {
  readonly #sections: readonly DumpedObject[];
  readonly #unreadable: UnreadableResource[] = [];

  constructor(sections: readonly DumpedObject[]) {
    this.#sections = sections;
  }

  read(hosts: ReadonlyMap<string, readonly HostStatus[]>): ProxyConfiguration {
    const bootstrap = this.#entries("BootstrapConfigDump", undefined)
      .map((section) =>
        this.#message("bootstrap", BootstrapSchema, objectField(section, "bootstrap")),
      )
      .find((message) => message !== undefined);
    return {
      bootstrap,
      listeners: this.#all("listener", ListenerSchema, LISTENERS),
      routes: this.#all("route", RouteConfigurationSchema, ROUTES),
      clusters: this.#all("cluster", ClusterSchema, CLUSTERS),
      endpoints: this.#all("endpoint", ClusterLoadAssignmentSchema, ENDPOINTS),
      secrets: [
        ...this.#entries("SecretsConfigDump", "dynamic_warming_secrets").map((entry) =>
          summarizeSecret(entry, "WARMING"),
        ),
        ...this.#entries("SecretsConfigDump", "dynamic_active_secrets").map((entry) =>
          summarizeSecret(entry, "ACTIVE"),
        ),
        ...this.#entries("SecretsConfigDump", "static_secrets").map((entry) =>
          summarizeSecret(entry, "ACTIVE"),
        ),
      ],
      hosts,
      warming: this.#warming(),
      rejected: this.#rejected(),
      unreadable: this.#unreadable,
    };
  }

  /** Of every section of that type (a dump of some tools has more than one): the section itself, or the entries of its list. */
  #entries(section: string, list: string | undefined): readonly DumpedObject[] {
    const found = this.#sections.filter(({ "@type": type }) =>
      String(type).endsWith(`.${section}`),
    );
    return list === undefined ? found : found.flatMap((dump) => listField(dump, list));
  }

  #at({ section, list, inside, field }: Place): readonly DumpedObject[] {
    return this.#entries(section, list)
      .map((entry) => (inside === undefined ? entry : objectField(entry, inside)))
      .map((entry) => entry && objectField(entry, field))
      .filter((entry) => entry !== undefined);
  }

  #all<Desc extends DescMessage>(
    kind: ResourceKind,
    schema: Desc,
    places: readonly Place[],
  ): readonly MessageShape<Desc>[] {
    return places
      .flatMap((place) => this.#at(place))
      .map((json) => this.#message(kind, schema, json))
      .filter((message) => message !== undefined);
  }

  #message<Desc extends DescMessage>(
    kind: ResourceKind,
    schema: Desc,
    json: DumpedObject | undefined,
  ): MessageShape<Desc> | undefined {
    if (json === undefined) return undefined;
    // A resource is an Any, whose type is known by where it stands: also a version of it that is named otherwise.
    const { "@type": _, ...fields } = json;
    const read = messageFromDumpedJson(schema, fields);
    if (read.kind === "parsed") return read.value;
    this.#unreadable.push({ kind, name: nameOf(json), reason: read.reason });
    return undefined;
  }

  #warming(): readonly ResourceName[] {
    return WARMING.flatMap((place) =>
      this.#at(place).map((json) => ({ kind: place.kind, name: nameOf(json) })),
    );
  }

  #rejected(): readonly RejectedResource[] {
    return REFUSABLE.flatMap(([kind, section, list]) =>
      this.#entries(section, list).flatMap((entry) => {
        const error = objectField(entry, "error_state");
        if (error === undefined) return [];
        const failed = objectField(error, "failed_configuration");
        const name = textField(entry, "name") || nameOf(failed ?? {}) || nameOf(inUse(entry));
        return [{ kind, name, details: textField(error, "details") }];
      }),
    );
  }
}

/** The resource that an entry is about, wherever it holds it. */
function inUse(entry: DumpedObject): DumpedObject {
  return objectField(entry, "cluster") ?? objectField(entry, "route_config") ?? {};
}

function nameOf(json: DumpedObject): string {
  return textField(json, "name") || textField(json, "cluster_name");
}
