import { expect, test } from "bun:test";
import fc from "fast-check";
import { type ConfigObject, formatProblem, objectKey } from "../model/object.ts";
import { parseObjects } from "./parse-objects.ts";

/** The lines that a person sees. */
function problems(text: string): string[] {
  return parseObjects(text, "mesh.yaml").problems.map(formatProblem);
}

function keys(text: string): string[] {
  return parseObjects(text, "mesh.yaml").objects.map(objectKey);
}

const REVIEWS = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
    - timeout: 5s
      route:
        - destination: { host: reviews, subset: v1 }
          weight: 80
        - destination: { host: reviews, subset: v2 }
          weight: 20
`;

test("an object has its names, its spec and its place", () => {
  const [object] = parseObjects(`# first\n---\n${REVIEWS}`, "dir/mesh.yaml").objects;
  expect(object?.kind).toBe("VirtualService");
  expect(object?.namespace).toBe("default");
  expect(object?.source).toEqual({ file: "dir/mesh.yaml", line: 3, column: 1 });
  const weight = ["spec", "http", 0, "route", 1, "weight"];
  expect(object?.positionOf(weight)).toEqual({ file: "dir/mesh.yaml", line: 15, column: 11 });
  const spec = (object as ConfigObject<"VirtualService">).spec;
  expect(spec.http[0]?.timeout?.seconds).toBe(5n);
});

test.each([
  [
    "misspelled field",
    ["timeout: 5s", "timout: 5s"],
    'mesh.yaml:8:7: VirtualService default/reviews: spec.http[0].timout: unknown field: did you mean "timeout"?',
  ],
  [
    "wrong type",
    ["weight: 80", 'weight: "80"'],
    'mesh.yaml:11:11: VirtualService default/reviews: spec.http[0].route[0].weight: must be a whole number: current value is "80"',
  ],
  [
    "no duration",
    ["timeout: 5s", "timeout: soon"],
    'mesh.yaml:8:7: VirtualService default/reviews: spec.http[0].timeout: must be a valid duration greater than 1ms: current value is "soon"',
  ],
  [
    "too short a duration",
    ["timeout: 5s", "timeout: 0.5ms"],
    'mesh.yaml:8:7: VirtualService default/reviews: spec.http[0].timeout: must be a valid duration greater than 1ms: current value is "0.5ms"',
  ],
  [
    "negative weight",
    ["weight: 20", "weight: -1"],
    "mesh.yaml:13:11: VirtualService default/reviews: spec.http[0].route[1].weight: must not be negative: current value is -1",
  ],
  [
    "required field",
    ["destination: { host: reviews, subset: v1 }", "headers: {}"],
    "mesh.yaml:10:11: VirtualService default/reviews: spec.http[0].route[0].destination: must be set",
  ],
  [
    "kind near a known one",
    ["kind: VirtualService", "kind: VirtualServce"],
    'mesh.yaml:2:1: VirtualServce default/reviews: kind: "VirtualServce" of "networking.istio.io/v1" is not served and left out: did you mean VirtualService of networking.istio.io/v1?',
  ],
  [
    "wrong version",
    ["io/v1", "io/v2"],
    'mesh.yaml:1:1: VirtualService default/reviews: apiVersion: must be networking.istio.io/ with v1, v1beta1, v1alpha3: current value is "networking.istio.io/v2"',
  ],
  [
    "no name",
    ["name: reviews", "namespace: x"],
    "mesh.yaml:3:1: VirtualService: metadata.name: must be set",
  ],
  [
    "a name that Kubernetes refuses",
    ["name: reviews", "name: Re_views"],
    `mesh.yaml:4:3: VirtualService default/Re_views: metadata.name: must be a name of lower-case letters, digits, '-' and '.': current value is "Re_views"`,
  ],
  [
    "labels that are no texts",
    ["name: reviews", "name: reviews\n  labels: { a: 1 }"],
    "mesh.yaml:5:13: VirtualService default/reviews: metadata.labels.a: must be a text (quote it): current value is 1",
  ],
  [
    "a field beside spec",
    ["spec:", "specs: {}\nspec:"],
    'mesh.yaml:5:1: VirtualService default/reviews: specs: unknown field: did you mean "spec"?',
  ],
])("%s is reported at its line", (_name, [from = "", to = ""], line) => {
  expect(problems(REVIEWS.replace(from, to))).toEqual([line]);
});

test("a syntax error hides neither the documents before nor those after it", () => {
  const text = `${REVIEWS}---\nkind: [broken\n---\n${REVIEWS.replaceAll("reviews", "ratings")}`;
  expect(keys(text)).toEqual(["VirtualService/default/reviews", "VirtualService/default/ratings"]);
  expect(problems(text)[0]).toMatch(/^mesh\.yaml:1[56]:\d+: Cannot read the YAML: /);
});

test("every problem of a document is told, not only the first", () => {
  const text = REVIEWS.replace("5s", "0s")
    .replace("weight: 80", "weight: x")
    .replace("hosts", "host");
  expect(problems(text).map((line) => line.split(": ")[2])).toEqual([
    "spec.host",
    "spec.http[0].route[0].weight",
    "spec.http[0].timeout",
  ]);
});

test.each(["v1", "v1beta1", "v1alpha3"])("apiVersion %s is accepted", (version) => {
  expect(problems(REVIEWS.replace("io/v1", `io/${version}`))).toEqual([]);
});

test("a List gives its items, each with its own positions", () => {
  const item = REVIEWS.replaceAll("\n", "\n    ").trim();
  const text = `apiVersion: v1\nkind: List\nitems:\n  - ${item}\n  - ${item.replace("name: reviews", "name: other").replace("5s", "0s")}\n`;
  expect(keys(text)).toEqual(["VirtualService/default/reviews"]);
  expect(problems(text)).toEqual([
    'mesh.yaml:24:11: VirtualService default/other: spec.http[0].timeout: must be a valid duration greater than 1ms: current value is "0s"',
  ]);
});

test("kinds of others are named once and left out", () => {
  const service = "apiVersion: v1\nkind: Service\nmetadata: { name: reviews }\nspec: {}\n";
  expect(problems(service)).toEqual([
    'mesh.yaml:2:1: Service default/reviews: kind: "Service" of "v1" is not served and left out; served are DestinationRule, Gateway, ServiceEntry, Sidecar, VirtualService, WorkloadEntry, WorkloadGroup',
  ]);
  expect(parseObjects(service, "x").problems[0]?.severity).toBe("warning");
});

test("the second object of one name is refused and names the first", () => {
  const text = `${REVIEWS}---\n${REVIEWS.replace("5s", "9s")}`;
  expect(keys(text)).toEqual(["VirtualService/default/reviews"]);
  expect(problems(text)).toEqual([
    "mesh.yaml:15:1: VirtualService default/reviews: metadata.name: is defined at mesh.yaml:1 already: this one is not used; rename or remove one of them",
  ]);
});

test("an empty field means unset, as in Kubernetes", () => {
  expect(problems(REVIEWS.replace("timeout: 5s", "timeout:"))).toEqual([]);
});

test("the hash follows the content and nothing else", () => {
  const hash = (text: string): string | undefined => parseObjects(text, "f").objects[0]?.hash;
  expect(hash(`# moved\n\n${REVIEWS}`)).toBe(hash(REVIEWS));
  expect(hash(REVIEWS.replace("io/v1", "io/v1beta1"))).toBe(hash(REVIEWS));
  expect(hash(REVIEWS.replace("80", "81"))).not.toBe(hash(REVIEWS));
  expect(hash(REVIEWS.replace("name: reviews", "name: reviews\n  labels: { a: b }"))).not.toBe(
    hash(REVIEWS),
  );
});

test("objects are listed oldest first", () => {
  const dated = (name: string, date: string): string =>
    REVIEWS.replace("name: reviews", `name: ${name}\n  creationTimestamp: ${date}`);
  const text = [
    dated("young", "2026-03-01T00:00:00Z"),
    dated("old", "2025-03-01T00:00:00Z"),
    REVIEWS,
  ].join("---\n");
  expect(keys(text).map((key) => key.split("/")[2])).toEqual(["reviews", "old", "young"]);
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseObjects(new TextDecoder().decode(bytes), "f");
    }),
  );
  const word = fc.constantFrom(
    "apiVersion: networking.istio.io/v1",
    "kind: VirtualService",
    "kind: Sidecar",
    "metadata:",
    "  name: a",
    "spec:",
    "  http:",
    "  - route:",
    "  hosts: [a]",
    "&a",
    "*a",
    "<<: *a",
    "- ",
    "---",
    "{",
    "}",
    "  x: null",
    "\t",
    "!!binary x",
    "? a",
    ": b",
    "|",
    "  egress: 5",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 25 }), (words) => {
      parseObjects(words.join("\n"), "f");
    }),
    { numRuns: 500 },
  );
});

test("any JSON in a spec gives an object or problems, each with a place in the file", () => {
  const kind = fc.constantFrom(
    "VirtualService",
    "DestinationRule",
    "ServiceEntry",
    "Gateway",
    "Sidecar",
    "WorkloadGroup",
    "WorkloadEntry",
  );
  const field = fc.constantFrom(
    "hosts",
    "http",
    "route",
    "match",
    "host",
    "subsets",
    "trafficPolicy",
    "ports",
    "endpoints",
    "servers",
    "egress",
    "template",
    "address",
    "fault",
    "delay",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.string({ maxLength: 4 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(field, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(kind, tree, (name, spec) => {
      const text = JSON.stringify({
        apiVersion: "networking.istio.io/v1",
        kind: name,
        metadata: { name: "a" },
        spec,
      });
      const parsed = parseObjects(text, "f");
      expect(parsed.objects.length + parsed.problems.length).toBeGreaterThan(0);
      for (const { source } of parsed.problems) {
        expect(source.line).toBe(1);
        expect(source.column).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 300 },
  );
});
