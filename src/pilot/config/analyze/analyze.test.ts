// Objects that are valid alone and wrong together: what the author is told.
import { expect, test } from "bun:test";
import { buildSnapshot } from "../../model/build-snapshot.ts";
import { formatProblem } from "../../model/object.ts";
import { parseObjects } from "../parse-objects.ts";

const SERVICES = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: reviews } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: wild }
spec:
  hosts: ["*.example.com"]
  resolution: NONE
  ports: [{ number: 80, name: http, protocol: HTTP }, { number: 443, name: tls, protocol: TLS }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: door }
spec:
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
`;

function virtual(name: string, spec: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

/** What is said of `text` beside the services above: "field: message". */
function analyze(...documents: readonly string[]): string[] {
  const services = parseObjects(SERVICES, "services.yaml");
  const rest = parseObjects(documents.join("---\n"), "mesh.yaml");
  expect([...services.problems, ...rest.problems].map(formatProblem)).toEqual([]);
  const { problems } = buildSnapshot([...services.objects, ...rest.objects], []);
  expect(problems.every(({ severity }) => severity === "warning")).toBe(true);
  return problems.map(({ field, message }) => `${field}: ${message}`);
}

const route = (destination: string): string =>
  `{ hosts: [reviews], http: [{ route: [{ destination: ${destination} }] }] }`;

test.each([
  ["a subset that is there", "{ host: reviews, subset: v1 }", []],
  [
    "a subset that is near one",
    "{ host: reviews, subset: v11 }",
    [
      'spec.http[0].route[0].destination.subset: subset "v11" of reviews.default.svc.cluster.local is not defined and its requests fail (503): did you mean "v1"?',
    ],
  ],
  [
    "a subset far from any",
    "{ host: reviews, subset: canary }",
    [
      'spec.http[0].route[0].destination.subset: subset "canary" of reviews.default.svc.cluster.local is not defined and its requests fail (503): define it in a DestinationRule for the host (known: v1, v2)',
    ],
  ],
  [
    "a host that is misspelt",
    "{ host: revews }",
    [
      "spec.http[0].route[0].destination.host: no service has the host revews.default.svc.cluster.local and its requests fail (503): did you mean reviews.default.svc.cluster.local?",
    ],
  ],
  ["a host under a wildcard", "{ host: api.example.com }", []],
  [
    "a port that the service has not",
    "{ host: reviews, port: { number: 80 } }",
    [
      "spec.http[0].route[0].destination.port.number: reviews.default.svc.cluster.local has no port 80 and its requests fail (503): it has 9080",
    ],
  ],
])("a route to %s", (_name, destination, lines) => {
  expect(analyze(virtual("v", route(destination)))).toEqual(lines);
});

test("mirrors are destinations too", () => {
  const spec =
    "{ hosts: [reviews], http: [{ route: [{ destination: { host: reviews } }], mirrors: [{ destination: { host: reviews, subset: v9x } }] }] }";
  expect(analyze(virtual("v", spec))).toHaveLength(1);
});

test("routes for a host that nobody serves count on port 80 only, unless they are for a gateway", () => {
  const spec = "{ hosts: [shop.test], http: [{ route: [{ destination: { host: reviews } }] }] }";
  expect(analyze(virtual("v", spec))).toEqual([
    "spec.hosts[0]: no service has the host shop.test: sidecars use this on port 80 only; declare it in a ServiceEntry that is exported to this namespace",
  ]);
  expect(analyze(virtual("v", spec.replace("{ hosts", "{ gateways: [door], hosts")))).toEqual([]);
});

test("a gateway that does not exist", () => {
  expect(
    analyze(
      virtual("v", route("{ host: reviews }").replace("{ hosts", "{ gateways: [dor, mesh], hosts")),
    ),
  ).toEqual([
    'spec.gateways[0]: Gateway default/dor does not exist: no router gets these routes; create it, or write "namespace/name" of one that does',
  ]);
});

test("of two VirtualServices for one host the younger is told that sidecars do not use it", () => {
  expect(
    analyze(
      virtual("first", route("{ host: reviews }")),
      virtual("second", route("{ host: reviews, subset: v2 }")),
    ),
  ).toEqual([
    "spec.hosts[0]: reviews.default.svc.cluster.local is routed by VirtualService default/first (mesh.yaml:1), which is older: sidecars do not use this one; put the routes together",
  ]);
});

test("a DestinationRule for nobody", () => {
  const rule =
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: x }\nspec: { host: rviews }\n";
  expect(analyze(rule)).toEqual([
    "spec.host: no service has the host rviews.default.svc.cluster.local: this rule is not used; did you mean reviews.default.svc.cluster.local?",
  ]);
});

test("what a delegate names wrongly is told at the delegate", () => {
  const root = virtual("root", "{ hosts: [reviews], http: [{ delegate: { name: part } }] }");
  const part = virtual(
    "part",
    "{ http: [{ route: [{ destination: { host: reviews, subset: nope } }] }] }",
  );
  const rest = parseObjects(`${root}---\n${part}`, "mesh.yaml");
  const { problems } = buildSnapshot([...parseObjects(SERVICES, "s").objects, ...rest.objects], []);
  expect(problems.map((problem) => problem.source.line)).toEqual([9]);
});
