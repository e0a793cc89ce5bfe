// What is shared between proxies, and that nothing is shared which must not be: a cache key that forgets an input would give one
// proxy another's configuration.
import { describe, expect, test } from "bun:test";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { parseObjects } from "../config/parse-objects.ts";
import { buildSnapshot } from "../model/build-snapshot.ts";
import { parseProxy } from "../model/parse-proxy.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { WorkloadInstance } from "../registry/workload-instance.ts";
import { clusters } from "./cluster.ts";
import { endpoints } from "./endpoint.ts";
import { listeners } from "./listener/listener.ts";
import { routes } from "./route/route.ts";

const SERVICE = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: reviews}
spec:
  hosts: [reviews.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 9080, name: http, protocol: HTTP}]
  endpoints:
  - {address: 10.0.0.1, locality: eu/a/1}
  - {address: 10.0.0.2, locality: us/a/1}
`;
const NAME = "outbound|9080||reviews.default.svc.cluster.local";

function snapshotOf(yaml: string, previous?: Snapshot): Snapshot {
  const { objects, problems } = parseObjects(yaml, "test.yaml");
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return buildSnapshot(objects, [], previous).snapshot;
}

function proxy(address: string, metadata: JsonObject = {}, region = "eu"): Proxy {
  const id = `sidecar~${address}~client.default~default.svc.cluster.local`;
  const node = create(NodeSchema, {
    id,
    metadata: { NAMESPACE: "default", INTERCEPTION_MODE: "NONE", ...metadata },
    locality: { region, zone: "a", subZone: "1" },
  });
  return parseProxy(node).proxy;
}

function instance(address: string): WorkloadInstance {
  return {
    namespace: "default",
    name: address,
    address,
    ports: {},
    labels: { app: "reviews" },
    locality: { region: "", zone: "", subZone: "" },
    weight: 0,
    network: "",
    serviceAccount: "",
    health: "healthy",
  };
}

describe("shared", () => {
  const snapshot = snapshotOf(SERVICE);
  const one = proxy("127.0.1.1", { LABELS: { app: "one" } });
  const two = proxy("127.0.1.2", { LABELS: { app: "two" } }, "us");

  test("clusters, endpoints and routes of two proxies of a namespace are the same objects", () => {
    expect(clusters(one, snapshot)[0]).toBe(clusters(two, snapshot)[0]);
    expect(endpoints(one, snapshot, NAME)).toBe(endpoints(two, snapshot, NAME));
    expect(routes(one, snapshot, "9080")).toBe(routes(two, snapshot, "9080"));
  });

  test("a service that did not change keeps its clusters from one snapshot to the next", () => {
    const reviews = parseObjects(SERVICE, "reviews.yaml").objects;
    const ratings = parseObjects(SERVICE.replaceAll("reviews", "ratings"), "ratings.yaml").objects;
    const before = buildSnapshot(reviews, []).snapshot;
    const after = buildSnapshot([...reviews, ...ratings], [], before).snapshot;
    const [kept] = clusters(one, before);
    expect(kept?.name).toBe(NAME);
    expect(clusters(one, after)).toHaveLength(clusters(one, before).length + 1);
    expect(clusters(one, after)).toContain(kept as NonNullable<typeof kept>);
  });

  test("an instance that comes changes its endpoints, and nothing else is made again", () => {
    const yaml = SERVICE.slice(0, SERVICE.indexOf("  endpoints:"));
    const selecting = `${yaml}  workloadSelector: {labels: {app: reviews}}\n`;
    const { objects } = parseObjects(selecting, "test.yaml");
    const before = buildSnapshot(objects, []).snapshot;
    const after = buildSnapshot(objects, [instance("10.0.0.7")], before).snapshot;
    const [known] = endpoints(one, before, NAME).message.endpoints;
    const [fresh] = endpoints(one, after, NAME).message.endpoints;
    expect([known?.lbEndpoints.length ?? 0, fresh?.lbEndpoints.length]).toEqual([0, 1]);
    expect(routes(one, after, "9080")).toBe(routes(one, before, "9080"));
    expect(clusters(one, after)[0]).toBe(clusters(one, before)[0]);
  });
});

describe("not shared", () => {
  test("listeners are bound to each proxy's own address", () => {
    const snapshot = snapshotOf(SERVICE);
    const bound = ["127.0.1.1", "127.0.1.2"].map((address) => {
      const [listener] = listeners(proxy(address), snapshot);
      const where = listener?.message.address?.address;
      return where?.case === "socketAddress" ? where.value.address : undefined;
    });
    expect(bound).toEqual(["127.0.1.1", "127.0.1.2"]);
  });

  test("endpoints whose priorities hang on the proxy's place", () => {
    const snapshot = snapshotOf(`${SERVICE}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}}}
`);
    const nearest = (region: string): unknown => {
      const { message } = endpoints(proxy("127.0.1.1", {}, region), snapshot, NAME);
      return message.endpoints.find(({ priority }) => priority === 0)?.locality?.region;
    };
    expect(nearest("eu")).toBe("eu");
    expect(nearest("us")).toBe("us");
  });

  test("a DNS cluster, which carries its endpoints, after an instance came", () => {
    const yaml = SERVICE.replace("STATIC", "DNS").slice(0, SERVICE.indexOf("  endpoints:") - 3);
    const { objects } = parseObjects(
      `${yaml}  workloadSelector: {labels: {app: reviews}}\n`,
      "test.yaml",
    );
    const one = buildSnapshot(objects, [instance("one.example.com")]).snapshot;
    const two = buildSnapshot(
      objects,
      [instance("one.example.com"), instance("two.example.com")],
      one,
    ).snapshot;
    const count = (snapshot: Snapshot): number | undefined => {
      const found = clusters(proxy("127.0.1.1"), snapshot).find(({ name }) => name === NAME);
      return found?.message.loadAssignment?.endpoints[0]?.lbEndpoints.length;
    };
    expect([count(one), count(two)]).toEqual([1, 2]);
  });

  test("a DestinationRule that is for some workloads only", () => {
    const snapshot = snapshotOf(`${SERVICE}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  workloadSelector: {matchLabels: {app: one}}
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}
`);
    const limit = (app: string): number | undefined => {
      const all = clusters(proxy("127.0.1.1", { LABELS: { app } }), snapshot);
      const found = all.find(({ name }) => name === NAME)?.message;
      return found?.circuitBreakers?.thresholds[0]?.maxConnections;
    };
    expect([limit("two"), limit("one"), limit("two")]).toEqual([4_294_967_295, 1, 4_294_967_295]);
  });

  test("routes that look at the caller's labels", () => {
    const snapshot = snapshotOf(`${SERVICE}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - {match: [{sourceLabels: {app: one}}], route: [{destination: {host: reviews, subset: one}}]}
  - {route: [{destination: {host: reviews}}]}
`);
    const cluster = (app: string): unknown => {
      const { message } = routes(proxy("127.0.1.1", { LABELS: { app } }), snapshot, "9080");
      const action = message.virtualHosts[0]?.routes[0]?.action;
      return action?.case === "route" ? action.value.clusterSpecifier.value : undefined;
    };
    expect(cluster("one")).toBe("outbound|9080|one|reviews.default.svc.cluster.local");
    expect(cluster("two")).toBe(NAME);
  });

  test("names relative to the proxy's own DNS domain", () => {
    const snapshot = snapshotOf(SERVICE);
    const elsewhere = { ...proxy("127.0.1.1"), dnsDomain: "other.svc.cluster.local" };
    const domains = (of: Proxy): readonly string[] | undefined =>
      routes(of, snapshot, "9080").message.virtualHosts[0]?.domains;
    expect(domains(proxy("127.0.1.1"))).toContain("reviews");
    expect(domains(elsewhere)).not.toContain("reviews");
  });
});
