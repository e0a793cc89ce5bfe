import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_YAML_DEPTH, parseYamlDocuments } from "./yaml.ts";

const read = (text: string) => parseYamlDocuments(text, "a.yaml");
const problems = (text: string): string[] =>
  read(text).problems.map(
    ({ position: p, message }) => `${p.file}:${p.line}:${p.column}: ${message}`,
  );

const VIRTUAL_SERVICE = `# routes
kind: VirtualService
spec:
  hosts: [reviews]
  http:
  - match:
    - uri: {prefix: /a}
    route:
    - destination:
        host: reviews
      weight: 80
  - route:
    - weight: 20
---
kind: Other
`;

test("parseYamlDocuments reads every document", () => {
  const { documents } = read(VIRTUAL_SERVICE);
  expect(documents.map((d) => (d.value as { kind: string }).kind)).toEqual([
    "VirtualService",
    "Other",
  ]);
  expect(documents.map((d) => d.position.line)).toEqual([2, 15]);
});

test.each<[(string | number)[], number, number]>([
  [["spec", "http", 0, "route", 0, "weight"], 11, 7],
  [["spec", "http", 1], 12, 5],
  [["spec", "http", 0, "match", 0, "uri", "prefix"], 7, 13],
  [["spec", "http", 0, "timeout"], 6, 5], // absent: the item that lacks it
  [["spec", "http", 7, "timeout"], 5, 3],
  [["spec", "gateways", 0], 3, 1],
  [["status"], 2, 1],
  [[], 2, 1],
])("positionOf %j is line %d column %d", (path, line, column) => {
  const document = read(VIRTUAL_SERVICE).documents[0];
  expect(document?.positionOf(path)).toEqual({ file: "a.yaml", line, column });
});

test("positionOf follows aliases and merge keys to where the field is written", () => {
  const document = read("base: &b\n  x: {y: 1}\nuse: *b\nmore:\n  <<: *b\n  z: 1\n").documents[0];
  expect(document?.value).toEqual({
    base: { x: { y: 1 } },
    use: { x: { y: 1 } },
    more: { x: { y: 1 }, z: 1 },
  });
  expect(document?.positionOf(["use", "x", "y"]).line).toBe(2);
  expect(document?.positionOf(["more", "x", "y"]).line).toBe(2);
  expect(document?.positionOf(["more", "z"]).line).toBe(6);
});

test.each<[string, string[]]>([
  ["a: 1\nb: 2\na: 3\n", ["a.yaml:3:1: Map keys must be unique"]],
  [
    "a: [1, 2\nb: 3\n",
    [
      "a.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ],
  ["a: *nope\n", ["a.yaml:1:1: Unresolved alias (the anchor must be set before the alias): nope"]],
  [
    `a:\n${"- ".repeat(MAX_YAML_DEPTH + 5)}1\n`,
    ["a.yaml:2:199: Nested too deeply: at most 100 levels are read"],
  ],
])("a wrong document is reported where it is wrong: %j", (text, expected) => {
  const found = problems(text);
  expect(found[0]).toBe(expected[0] as string);
});

test("a wrong document does not hide its neighbours", () => {
  const file = read("a: 1\n---\nb: 1\nb: 2\n---\nc: 3\n");
  expect(file.documents.map((d) => d.value)).toEqual([{ a: 1 }, { c: 3 }]);
  expect(file.problems.map((p) => p.position.line)).toEqual([4]);
});

test("empty documents are left out", () => {
  expect(read("").documents).toEqual([]);
  expect(read("# only a comment\n---\n---\n~\n").documents).toEqual([]);
});

test("aliases that expand without end are refused", () => {
  const level = (name: string, of: string) =>
    `${name}: &${name} [${Array(9).fill(of).join(",")}]\n`;
  const bomb = `${level("a", "x")}${level("b", "*a")}${level("c", "*b")}${level("d", "*c")}${level("e", "*d")}`;
  expect(read(bomb).documents).toEqual([]);
  expect(problems(bomb)[0]).toContain("Excessive alias count");
});

test("values are plain JSON: big whole numbers stay exact, names of prototypes are plain keys", () => {
  const [document] = read(
    "big: 18446744073709551615\nport: 8080\n__proto__: {a: 1}\n1: one\non: yes\n",
  ).documents;
  const value = document?.value as Record<string, unknown>;
  expect(value["big"]).toBe("18446744073709551615");
  expect(value["port"]).toBe(8080);
  expect(Object.keys(value)).toEqual(["1", "big", "port", "__proto__", "on"]);
  expect(value["on"]).toBe("yes");
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test("parseYamlDocuments never throws", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."ab:- \n\t[]{},&*<>|?'\"#%!@`0.~\\") }),
      (text) => {
        const file = read(text);
        for (const document of file.documents) {
          JSON.stringify(document.value);
          expect(document.positionOf(["a", 0, "b"]).line).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("an alias that holds itself is said, without a word of our stack", () => {
  const { documents, problems } = parseYamlDocuments("metadata: &m {labels: *m}\n", "a.yaml");
  expect(documents).toEqual([]);
  expect(problems.map(({ message }) => message)).toEqual([
    "an alias (*name) stands inside of what it stands for: write the value out",
  ]);
});
