// The same YAML through Istio's own control plane and through ours: the same clusters, listeners, routes, virtual hosts and
// domains, and field by field the same clusters and routes but for the differences that src/pilot/translate/README.md lists.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { type Node, NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageToJson } from "#api/json.ts";
import { parseObjects } from "#pilot/config/parse-objects.ts";
import { buildSnapshot } from "#pilot/model/build-snapshot.ts";
import { formatProblem } from "#pilot/model/object.ts";
import { parseProxy } from "#pilot/model/parse-proxy.ts";
import { clusters } from "#pilot/translate/cluster.ts";
import { listeners } from "#pilot/translate/listener/listener.ts";
import { routes } from "#pilot/translate/route/route.ts";
import { CLUSTER, LISTENER, ROUTE } from "#xds/type-url.ts";
import { AdsAsker, IstioPeer } from "../support/istio-peer.ts";
import { findPeer } from "../support/peers.ts";

const peer = findPeer("istio-peer");
// Built from Go sources in minutes, so not even CI has to have it: the golden files hold what was compared here.
if (peer.kind === "missing") console.warn(`skipped: ${peer.reason}`);

interface World {
  readonly clusters: ReadonlyMap<string, JsonObject>;
  readonly listeners: readonly string[];
  readonly routes: ReadonlyMap<string, JsonObject>;
}

const PROXIES: readonly (readonly [mesh: string, name: string, type: string, JsonObject])[] = [
  [
    "mesh",
    "a sidecar without interception",
    "sidecar",
    { LABELS: { app: "me", version: "v1" }, INTERCEPTION_MODE: "NONE" },
  ],
  [
    "mesh",
    "a sidecar with interception",
    "sidecar",
    { LABELS: { app: "foo" }, INTERCEPTION_MODE: "REDIRECT" },
  ],
  [
    "mesh",
    "a sidecar with an HTTP proxy",
    "sidecar",
    { INTERCEPTION_MODE: "NONE", HTTP_PROXY_PORT: "15001" },
  ],
  ["mesh", "a gateway", "router", { LABELS: { istio: "ingressgateway" } }],
  [
    "scopes",
    "a Sidecar of its own",
    "sidecar",
    { LABELS: { app: "side" }, INTERCEPTION_MODE: "NONE" },
  ],
  [
    "scopes",
    "a Sidecar of its own, intercepted",
    "sidecar",
    { LABELS: { app: "side" }, INTERCEPTION_MODE: "REDIRECT" },
  ],
  [
    "scopes",
    "the namespace's Sidecar",
    "sidecar",
    { LABELS: { app: "else" }, INTERCEPTION_MODE: "NONE" },
  ],
  ["scopes", "a gateway with TLS", "router", { LABELS: { istio: "g2" } }],
];

/** An address that no service has: Istio would take a proxy with a workload's address for that workload. */
const ADDRESS = "127.77.8.1";

function nodeOf(type: string, metadata: JsonObject): Node {
  return create(NodeSchema, {
    id: `${type}~${ADDRESS}~client-1.default~default.svc.cluster.local`,
    metadata: {
      CLUSTER_ID: "Kubernetes",
      NAMESPACE: "default",
      ISTIO_VERSION: "1.31.0",
      ...metadata,
    },
  });
}

/** Route configurations that the listeners ask for. */
function routeNames(all: readonly Listener[]): string[] {
  const names = new Set<string>();
  const visit = (value: JsonValue): void => {
    if (typeof value !== "object" || value === null) return;
    if (!Array.isArray(value) && typeof value["route_config_name"] === "string") {
      names.add(value["route_config_name"]);
    }
    for (const child of Object.values(value)) visit(child);
  };
  for (const listener of all) visit(messageToJson(ListenerSchema, listener, { names: "proto" }));
  return [...names].sort();
}

function named<T extends { readonly name: string }>(
  all: readonly T[],
  json: (one: T) => JsonValue,
): ReadonlyMap<string, JsonObject> {
  return new Map(all.map((one) => [one.name, json(one) as JsonObject]));
}

async function theirs(port: number, node: Node): Promise<World> {
  const asker = new AdsAsker(port, node);
  const allClusters = await asker.ask(ClusterSchema, CLUSTER);
  const allListeners = await asker.ask(ListenerSchema, LISTENER);
  const wanted = routeNames(allListeners);
  const allRoutes =
    wanted.length === 0 ? [] : await asker.ask(RouteConfigurationSchema, ROUTE, wanted);
  asker.close();
  return {
    clusters: named(allClusters, (one) => messageToJson(ClusterSchema, one, { names: "proto" })),
    listeners: allListeners.map(({ name }) => name).sort(),
    routes: named(allRoutes, (one) =>
      messageToJson(RouteConfigurationSchema, one, { names: "proto" }),
    ),
  };
}

function ours(yaml: string, node: Node): World {
  const { objects, problems } = parseObjects(yaml, "mesh.yaml");
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join("\n"));
  const { snapshot } = buildSnapshot(objects, []);
  const { proxy } = parseProxy(node);
  const allListeners = listeners(proxy, snapshot);
  const wanted = routeNames(allListeners.map(({ message }) => message));
  return {
    clusters: named(clusters(proxy, snapshot), ({ message }) =>
      messageToJson(ClusterSchema, message, { names: "proto" }),
    ),
    listeners: allListeners.map(({ name }) => name).sort(),
    routes: named(
      wanted.map((name) => routes(proxy, snapshot, name)),
      ({ message }) => messageToJson(RouteConfigurationSchema, message, { names: "proto" }),
    ),
  };
}

/** Fields that differ on purpose; the README says why. */
const DELIBERATE: ReadonlySet<string> = new Set([
  "alt_stat_name",
  "typed_dns_resolver_config",
  "upstream_bind_config",
  "workload",
  "sampan",
  "@type",
]);

/** Without deliberate differences, and with what both ways of writing mean the same. */
function normalized(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(normalized);
  if (typeof value !== "object" || value === null) return value;
  const kept: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    if (DELIBERATE.has(key)) continue;
    if (key === "common_http_protocol_options" && Object.keys(child as JsonObject).length === 0) {
      continue;
    }
    if (key === "type" && child === "LOGICAL_DNS") kept[key] = "STRICT_DNS";
    else if (key === "query_parameters") kept[key] = byName(child as JsonObject[]);
    else if (key === "domains") kept[key] = withoutAutomatic(child as string[]);
    else kept[key] = normalized(child);
  }
  return kept;
}

/** Istio lists them in any order. */
function byName(parameters: readonly JsonObject[]): JsonObject[] {
  return parameters.toSorted((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
}

/** The peer runs without automatic addresses; ours are in 127.240.0.0/16, those of the YAML in its first two /24. */
function withoutAutomatic(domains: readonly string[]): string[] {
  return domains.filter((domain) => !/^127\.240\.(?![13]\.)/.test(domain));
}

/**
 * Virtual hosts with a destination that names no port: Istio's sidecars then take the listener's port although the service has
 * only one, against its own documentation. And one whose routes a gateway sends twice, where the second can never match.
 */
const KNOWN_DIFFERENCES: ReadonlySet<string> = new Set([
  "bind.example.com:80",
  "bookinfo.example.com:80",
  "reviews.default.svc.cluster.local:80",
  "bookinfo.example.com:8080",
]);

function virtualHosts(route: JsonObject | undefined): JsonObject[] {
  return (normalized(route?.["virtual_hosts"] ?? []) as JsonObject[]) ?? [];
}

describe.skipIf(peer.kind === "missing")("Istio's control plane and ours", () => {
  const running = new Map<string, { readonly yaml: string; readonly peer: IstioPeer }>();

  beforeAll(async () => {
    if (peer.kind === "missing") return;
    for (const mesh of ["mesh", "scopes"]) {
      const yaml = await Bun.file(`${import.meta.dir}/istio-translate/${mesh}.yaml`).text();
      running.set(mesh, { yaml, peer: await IstioPeer.start(peer.path, yaml) });
    }
  }, 60_000);

  afterAll(async () => {
    for (const { peer: one } of running.values()) await one.stop();
  });

  test.each(PROXIES)(
    "%s: %s",
    async (mesh, _name, type, metadata) => {
      const world = running.get(mesh);
      if (world === undefined) throw new Error(`no mesh ${mesh}`);
      const node = nodeOf(type, metadata);
      const istio = await theirs(world.peer.port, node);
      const own = ours(world.yaml, node);

      expect([...own.clusters.keys()].sort()).toEqual([...istio.clusters.keys()].sort());
      expect(own.listeners).toEqual([...istio.listeners]);
      expect([...own.routes.keys()].sort()).toEqual([...istio.routes.keys()].sort());
      expect(own.clusters.size).toBeGreaterThan(3);
      for (const [name, cluster] of istio.clusters) {
        expect([name, normalized(own.clusters.get(name) ?? {})]).toEqual([
          name,
          normalized(cluster),
        ]);
      }
      for (const [name, route] of istio.routes) {
        const expected = virtualHosts(route);
        const actual = virtualHosts(own.routes.get(name));
        const summary = (hosts: readonly JsonObject[]): JsonValue[] =>
          hosts.map((host) => [host["name"] ?? "", host["domains"] ?? []]);
        expect([name, summary(actual)]).toEqual([name, summary(expected)]);
        for (const [i, host] of expected.entries()) {
          if (KNOWN_DIFFERENCES.has(String(host["name"]))) continue;
          expect([name, actual[i]]).toEqual([name, host]);
        }
      }
    },
    20_000,
  );
});
