// /debug/positionz: fields by file, line and column.
import { expect, test } from "bun:test";
import { parseObjects } from "../config/parse-objects.ts";
import { positionPage } from "./position-page.ts";

const { objects } = parseObjects(
  `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - route:
        - destination: { host: reviews }
    - fault: { abort: { httpStatus: 500, percentage: { value: 10 } } }
      route:
        - destination: { host: reviews }
`,
  "mesh.yaml",
);

const ask = (query: string) => {
  const { status, body } = positionPage(objects, {
    method: "GET",
    path: "/debug/positionz",
    query: new URLSearchParams(query),
    headers: {},
    body: "",
  });
  return { status, body: JSON.parse(body) as unknown };
};

const at = (text: string): string => `at=${encodeURIComponent(text)}`;

test("says where fields stand, in the order they were asked for", () => {
  const object = "VirtualService default/reviews";
  const fields = ["spec.http[1].fault", "spec.http[0]", ""];
  const answer = ask(fields.map((field) => at(`${object}#${field}`)).join("&"));
  expect(answer.body).toEqual([
    { object, field: fields[0], source: { file: "mesh.yaml", line: 9, column: 7 } },
    { object, field: fields[1], source: { file: "mesh.yaml", line: 7, column: 7 } },
    { object, field: "", source: { file: "mesh.yaml", line: 1, column: 1 } },
  ]);
});

test("has no position for an object that is not there, and the parent's for a field that is not", () => {
  const { body } = ask(
    `${at("VirtualService default/nobody#spec")}&${at("VirtualService default/reviews#spec.http[9]")}`,
  );
  expect(body).toEqual([
    { object: "VirtualService default/nobody", field: "spec", source: null },
    {
      object: "VirtualService default/reviews",
      field: "spec.http[9]",
      source: { file: "mesh.yaml", line: 6, column: 3 },
    },
  ]);
});

test("refuses to answer nothing, or without end", () => {
  expect(ask("").status).toBe(400);
  expect(ask(Array.from({ length: 257 }, () => at("A b/c")).join("&")).status).toBe(400);
});
