// A golden case: one YAML file with a header document (who asks, and what to show), Istio objects, and as its last document
// what the translation makes of them. The test compares, `npm run golden` writes.
import type { DescMessage, JsonObject, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageFromJson, messageToJson } from "#api/json.ts";
import { parseYamlDocuments } from "#api/yaml.ts";
import { parseObjects } from "../../config/parse-objects.ts";
import { buildSnapshot } from "../../model/build-snapshot.ts";
import { DEFAULT_MESH_SETTINGS, type MeshSettings } from "../../model/mesh-settings.ts";
import { formatProblem } from "../../model/object.ts";
import { parseProxy } from "../../model/parse-proxy.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { clusters } from "../cluster.ts";
import { endpoints } from "../endpoint.ts";
import { listeners } from "../listener/listener.ts";
import { routes } from "../route/route.ts";
import type { Translated } from "../translated.ts";

/** Name patterns, `*` for anything; the kinds of resources that a case does not name are not shown. */
export interface Show {
  readonly clusters?: readonly string[];
  readonly listeners?: readonly string[];
  /** Cluster names and route names in full: they are asked for by name. */
  readonly endpoints?: readonly string[];
  readonly routes?: readonly string[];
  /** `<route name>/<virtual host name>`: parts of a route configuration. */
  readonly virtual_hosts?: readonly string[];
  /** Only the names of what there is. */
  readonly names?: readonly ("clusters" | "listeners")[];
  /** Resources whose sources are shown, by name. */
  readonly sources?: readonly string[];
}

/** A request, and where the generated configuration must send it. */
export interface Call {
  /** Route configuration. */
  readonly route: string;
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Clusters that may serve it, by weight; or the answer given without one: "301", "418"; or "none". */
  readonly expect: string;
}

interface Header {
  /** Node, as a proxy's first request has it. */
  readonly proxy: JsonObject;
  readonly show: Show;
  readonly mesh?: Partial<MeshSettings>;
  readonly calls?: readonly Call[];
}

export interface GoldenCase {
  readonly proxy: Proxy;
  readonly snapshot: Snapshot;
  readonly show: Show;
  readonly calls: readonly Call[];
  /** What the file says; undefined before the first `npm run golden`. */
  readonly expected: unknown;
  /** The file without its last document. */
  readonly input: string;
}

const SEPARATOR = "\n---\nexpected:";

/** Throws on a file that is no case: cases are ours. */
export function parseGoldenCase(text: string, file: string): GoldenCase {
  const at = text.lastIndexOf(SEPARATOR);
  const input = at === -1 ? text.trimEnd() : text.slice(0, at);
  const [first = "", ...objects] = input.split(/^---$/m);
  const header = parseDocument(first, file) as unknown as Header;
  // Empty lines keep the line numbers of what is left.
  const blanks = "\n".repeat(first.split("\n").length);
  const parsed = parseObjects(blanks + objects.join("---"), file);
  // Warnings are about input that a case may be about.
  const errors = parsed.problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join("\n"));
  const node = messageFromJson(NodeSchema, header.proxy);
  if (node.kind === "rejected") throw new Error(`${file}: proxy: ${JSON.stringify(node.problems)}`);
  const mesh = { ...DEFAULT_MESH_SETTINGS, ...header.mesh };
  return {
    proxy: parseProxy(node.value).proxy,
    snapshot: buildSnapshot(parsed.objects, [], undefined, { mesh }).snapshot,
    show: header.show,
    calls: header.calls ?? [],
    expected:
      at === -1 ? undefined : parseDocument(text.slice(at + "\n---\n".length), file)["expected"],
    input,
  };
}

function parseDocument(text: string, file: string): JsonObject {
  const { documents, problems } = parseYamlDocuments(text, file);
  const [document] = documents;
  if (document === undefined || problems.length > 0) {
    throw new Error(`${file}: ${JSON.stringify(problems)}`);
  }
  return document.value as JsonObject;
}

/** What the case shows, as plain JSON with Envoy's field names. */
export function translateCase({ proxy, snapshot, show }: GoldenCase): JsonObject {
  const result: JsonObject = {};
  const allClusters = clusters(proxy, snapshot);
  const allListeners = listeners(proxy, snapshot);
  const names = (all: readonly { readonly name: string }[]): string[] =>
    all.map(({ name }) => name);
  for (const kind of show.names ?? []) {
    result[`${kind}_names`] = names(kind === "clusters" ? allClusters : allListeners);
  }
  const add = (key: string, resources: JsonValue[]): void => {
    if (resources.length > 0) result[key] = resources;
  };
  const chosen = <M>(
    all: readonly Translated<M>[],
    patterns: readonly string[] = [],
  ): Translated<M>[] => all.filter(({ name }) => patterns.some((pattern) => fits(pattern, name)));
  add(
    "clusters",
    chosen(allClusters, show.clusters).map((one) => json(ClusterSchema, one)),
  );
  add(
    "endpoints",
    (show.endpoints ?? []).map((name) =>
      json(ClusterLoadAssignmentSchema, endpoints(proxy, snapshot, name)),
    ),
  );
  add(
    "listeners",
    chosen(allListeners, show.listeners).map((one) => json(ListenerSchema, one)),
  );
  add(
    "routes",
    (show.routes ?? []).map((name) =>
      json(RouteConfigurationSchema, routes(proxy, snapshot, name)),
    ),
  );
  add(
    "virtual_hosts",
    (show.virtual_hosts ?? []).flatMap((path) => virtualHosts(path, proxy, snapshot)),
  );
  const sources = chosen<unknown>([...allClusters, ...allListeners], show.sources);
  if (sources.length > 0) {
    result["sources"] = Object.fromEntries(sources.map((one) => [one.name, [...one.sources]]));
  }
  return result;
}

function virtualHosts(path: string, proxy: Proxy, snapshot: Snapshot): JsonValue[] {
  const slash = path.indexOf("/");
  const translated = json(
    RouteConfigurationSchema,
    routes(proxy, snapshot, path.slice(0, slash)),
  ) as JsonObject;
  const hosts = (translated["virtual_hosts"] ?? []) as JsonObject[];
  return hosts.filter((host) => fits(path.slice(slash + 1), String(host["name"])));
}

function json<D extends DescMessage>(schema: D, one: Translated<MessageShape<D>>): JsonValue {
  return messageToJson(schema, one.message, { names: "proto" });
}

/** `*` for any text; no other pattern. */
function fits(pattern: string, name: string): boolean {
  const [start = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === name;
  const end = rest.pop() ?? "";
  let at = start.length;
  if (!name.startsWith(start)) return false;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - end.length >= at && name.endsWith(end);
}
