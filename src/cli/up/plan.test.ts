// Configuration in, what has to run out.
import { expect, test } from "bun:test";
import { parseObjects } from "#pilot/config/parse-objects.ts";
import { type MeshPlan, planMesh } from "./plan.ts";

function plan(yaml: string): MeshPlan {
  const { objects, problems } = parseObjects(yaml, "mesh.yaml");
  expect(problems).toEqual([]);
  return planMesh(objects);
}

const group = (fields: string, spec = "{ template: { ports: { http: 9080 } } }"): string => `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: reviews, ${fields} }
spec: ${spec}
---`;

const RUN = "sampan.dev/run: bun reviews.ts";

const names = ({ instances }: MeshPlan): string[] => instances.map(({ name }) => name);

test("a group without a command is somebody else's to run", () => {
  expect(plan(group("namespace: default"))).toEqual({ instances: [], gateways: [], problems: [] });
});

test("one instance, or as many as the annotation says", () => {
  expect(names(plan(group(`annotations: { ${RUN} }`)))).toEqual(["reviews-1"]);
  expect(names(plan(group(`annotations: { ${RUN}, sampan.dev/replicas: "3" }`)))).toEqual([
    "reviews-1",
    "reviews-2",
    "reviews-3",
  ]);
  expect(names(plan(group(`annotations: { ${RUN}, sampan.dev/replicas: "0" }`)))).toEqual([]);
});

test.each(["three", "-1", "1.5", "65", ""])("%p replicas are refused with their place", (text) => {
  const { instances, problems } = plan(
    group(`annotations: { ${RUN}, sampan.dev/replicas: "${text}" }`),
  );
  expect(instances).toEqual([]);
  expect(problems).toEqual([
    `mesh.yaml:4:75: WorkloadGroup default/reviews: metadata.annotations["sampan.dev/replicas"]: must be a number from 0 to 64: current value is "${text}"`,
  ]);
});

test("instances of one name in two namespaces are two", () => {
  const { instances } = plan(
    ["default", "shop"].map((ns) => group(`namespace: ${ns}, annotations: { ${RUN} }`)).join(""),
  );
  expect(instances.map(({ name, workload }) => [name, workload])).toEqual([
    ["reviews-1", "reviews-1"],
    ["reviews-1.shop", "reviews-1"],
  ]);
});

test("an instance is another one when its command or its group's spec changes, and only then", () => {
  const fingerprint = (annotations: string, spec?: string): string | undefined =>
    plan(group(`annotations: { ${annotations} }`, spec)).instances[0]?.fingerprint;
  const first = fingerprint(RUN);
  expect(fingerprint(`${RUN}, sampan.dev/replicas: "5"`)).toBe(first);
  expect(fingerprint(`${RUN} --fast`)).not.toBe(first);
  expect(fingerprint(RUN, "{ template: { ports: { http: 9081 } } }")).not.toBe(first);
});

test("ports come in the order of their names: the first is PORT", () => {
  const spec = "{ template: { ports: { http: 9080, admin: 1, grpc: 2 } } }";
  const [instance] = plan(group(`annotations: { ${RUN} }`, spec)).instances;
  expect(instance?.portNames).toEqual(["admin", "grpc", "http"]);
});

const gateway = (name: string, selector: string, port: number): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  selector: { istio: ${selector} }
  servers: [{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: ["*"] }]
---`;

test("a gateway proxy for each selector, with the ports of all its Gateways", () => {
  const { gateways } = plan(
    gateway("a", "front", 8081) + gateway("b", "front", 8080) + gateway("c", "back", 9000),
  );
  expect(gateways).toEqual([
    { name: "gateway", namespace: "default", labels: { istio: "front" }, ports: [8080, 8081] },
    { name: "gateway-2", namespace: "default", labels: { istio: "back" }, ports: [9000] },
  ]);
});
