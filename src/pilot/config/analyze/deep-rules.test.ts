// What `sampan analyze` looks for besides what the pilot says: each rule where it speaks and where it is silent.
import { expect, test } from "bun:test";
import { buildSnapshot } from "../../model/build-snapshot.ts";
import { formatProblem } from "../../model/object.ts";
import { parseObjects } from "../parse-objects.ts";
import { analyze } from "./analyze.ts";
import { DEEP_RULES } from "./deep-rules.ts";

const object = (kind: string, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: "networking.istio.io/v1",
    kind,
    metadata: { name },
    spec,
  });

const HOST = "reviews.default.svc.cluster.local";
const port = (number: number): object => ({ number, name: `http-${number}`, protocol: "HTTP" });
const service = (...ports: readonly number[]): string =>
  object("ServiceEntry", "reviews", {
    hosts: [HOST],
    resolution: "STATIC",
    ports: ports.map(port),
    endpoints: [{ address: "127.77.92.1", labels: { version: "v1" } }],
  });
const rule = (spec: object): string =>
  object("DestinationRule", "reviews", { host: HOST, ...spec });
const subset = (version: string): string => rule({ subsets: [{ name: "s", labels: { version } }] });
const routes = (more: object, ...destinations: readonly object[]): string =>
  object("VirtualService", "reviews", { hosts: [HOST], http: [{ route: destinations }], ...more });
const to = (more: object = {}): object => ({ destination: { host: HOST, ...more } });
const gateway = (name: string, host: string, selector: object = { istio: "gw" }): string =>
  object("Gateway", name, {
    selector,
    servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [host] }],
  });
const tls = (settings: object): string => rule({ trafficPolicy: { tls: settings } });
const sidecar = (name: string, more: object = {}): string =>
  object("Sidecar", name, { egress: [{ hosts: ["*/*"] }], ...more });

test.each<[string, readonly string[], string | undefined]>([
  [
    "a destination without a port of a service with two",
    [service(80, 81), routes({}, to())],
    "spec.http[0].route[0].destination: reviews.default.svc.cluster.local has the ports 80, 81 and none is named",
  ],
  [
    "a destination with one",
    [service(80, 81), routes({}, to({ port: { number: 80 } }))],
    undefined,
  ],
  ["a destination of a service with one port", [service(80), routes({}, to())], undefined],
  [
    "a host that the gateway does not take",
    [
      service(80),
      gateway("g", "shop.example"),
      routes({ gateways: ["g"], hosts: ["other.example"] }, to()),
    ],
    "spec.hosts[0]: Gateway default/g has no server for other.example: it takes shop.example",
  ],
  [
    "a host under the gateway's wildcard",
    [
      service(80),
      gateway("g", "./*.example"),
      routes({ gateways: ["g"], hosts: ["other.example"] }, to()),
    ],
    undefined,
  ],
  [
    "a gateway that is not there",
    [service(80), routes({ gateways: ["g"], hosts: ["a.example"] }, to())],
    undefined,
  ],
  [
    "a subset of nobody",
    [service(80), subset("v9")],
    'spec.subsets[0]: no endpoint of reviews.default.svc.cluster.local has version=v9: requests to subset "s" fail (503 UH)',
  ],
  ["a subset of somebody", [service(80), subset("v1")], undefined],
  ["a subset of a service that nobody knows", [subset("v1")], undefined],
  ["TLS to anybody", [tls({ mode: "SIMPLE" })], "spec.trafficPolicy.tls: no caCertificates"],
  ["TLS to anybody, meant so", [tls({ mode: "SIMPLE", insecureSkipVerify: true })], undefined],
  ["TLS to somebody", [tls({ mode: "SIMPLE", caCertificates: "/ca.pem" })], undefined],
  ["the mesh's own TLS", [tls({ mode: "ISTIO_MUTUAL" })], undefined],
  [
    "TLS on a port",
    [
      rule({
        trafficPolicy: { portLevelSettings: [{ port: { number: 443 }, tls: { mode: "SIMPLE" } }] },
      }),
    ],
    "spec.trafficPolicy.portLevelSettings[0].tls: no caCertificates",
  ],
  [
    "two default Sidecars",
    [sidecar("a"), sidecar("b")],
    "Sidecar default/b: metadata.name: Sidecar default/a (f.yaml:1) is for all workloads",
  ],
  [
    "a Sidecar with a selector",
    [sidecar("a"), sidecar("b", { workloadSelector: { labels: { a: "b" } } })],
    undefined,
  ],
  [
    "two Gateways for one host",
    [gateway("a", "shop.example"), gateway("b", "*.example")],
    "Gateway default/b: spec.servers[0]: Gateway default/a (f.yaml:1) has a server for *.example on port 80",
  ],
  [
    "two Gateways of two routers",
    [gateway("a", "shop.example"), gateway("b", "shop.example", { istio: "other" })],
    undefined,
  ],
  ["two Gateways for two hosts", [gateway("a", "a.example"), gateway("b", "b.example")], undefined],
])("%s", (_case, documents, wanted) => {
  const { objects, problems } = parseObjects(documents.join("\n---\n"), "f.yaml");
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const { snapshot } = buildSnapshot(objects, []);
  const others = objects.filter(({ kind }) => kind !== "VirtualService");
  const merged = snapshot.virtualServicesFor("default");
  const lines = analyze([...others, ...merged], snapshot, DEEP_RULES).map(formatProblem);
  if (wanted === undefined) expect(lines).toEqual([]);
  else expect(lines).toEqual([expect.stringContaining(wanted)]);
});

test("every finding names its rule", () => {
  const { objects } = parseObjects([service(80), subset("v9")].join("\n---\n"), "f.yaml");
  const { snapshot } = buildSnapshot(objects, []);
  expect(analyze(objects, snapshot, DEEP_RULES).map(({ rule: name }) => name)).toEqual([
    "subset-without-endpoints",
  ]);
});
