// Files of tests as people write them, and by file, line and column what is wrong with others.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isTestFile, parseTests } from "./parse-tests.ts";
import { inputsOf } from "./to-request.ts";

const problemsOf = (yaml: string): string[] =>
  parseTests(yaml, "t.yaml").problems.map(
    ({ position, message }) => `${position.line}:${position.column}: ${message}`,
  );

/** One case, with these lines in it. */
const caseWith = (...lines: readonly string[]): string =>
  ["testCases:", "  - description: d", ...lines.map((line) => `    ${line}`)].join("\n");

const REQUEST = "request: { authority: [a], uri: [/], method: [GET] }";

describe("parseTests", () => {
  test("reads the format of istio-config-validator, also several documents of one file", () => {
    const yaml = `
testCases:
  - description: happy path users
    wantMatch: true
    request:
      authority: ["www.example.com", "example.com"]
      method: ["GET", "POST"]
      uri: ["/users", "/users/"]
      headers:
        x-user-id: abc123
        x-count: 7
    route:
    - destination:
        host: users.users.svc.cluster.local
        port:
          number: 80
    headers:
      request:
        set:
          x-custom-header: ok
---
testCases:
  - description: bots are refused
    wantMatch: false
    request:
      authority: ["example.com"]
      method: ["PUT"]
      uri: ["/reseller"]
    fault:
      abort: { percentage: { value: 100 }, httpStatus: 403 }
      delay: { fixedDelay: 7s }
`;
    const { cases, problems } = parseTests(yaml, "t.yaml");
    expect(problems).toEqual([]);
    const [users, bots] = cases;
    expect(users?.request.headers).toEqual([
      ["x-user-id", "abc123"],
      ["x-count", "7"],
    ]);
    expect(users?.expected.route?.[0]?.destination?.host).toBe("users.users.svc.cluster.local");
    expect(users?.expected.headers?.request?.set).toEqual({ "x-custom-header": "ok" });
    expect(users?.positionOf(["route"])).toMatchObject({ line: 12, column: 5 });
    expect(bots?.wantMatch).toBe(false);
    expect(bots?.expected.fault?.delay?.httpDelayType.value).toMatchObject({ seconds: 7n });
  });

  test("every combination of uri, authority and method is a request", () => {
    const yaml = caseWith(
      "request: { authority: [a, b], method: [GET, PUT], uri: [/x, /y] }",
      "status: 200",
    );
    const [one] = parseTests(yaml, "t.yaml").cases;
    if (one === undefined) throw new Error("no case");
    expect(
      inputsOf(one.request).map(({ authority, method, uri }) => `${method} ${authority}${uri}`),
    ).toEqual([
      "GET a/x",
      "PUT a/x",
      "GET b/x",
      "PUT b/x",
      "GET a/y",
      "PUT a/y",
      "GET b/y",
      "PUT b/y",
    ]);
  });

  test("our fields, and from for a whole file", () => {
    const yaml = `from: productpage-v1\n${caseWith(
      "request: { authority: reviews }",
      "weights: { v1: 90, v2: 10 }",
      "timeout: 1m30s",
      "retries: { attempts: 2, retryOn: 5xx, perTryTimeout: 500ms }",
      "mirror: reviews.v3",
    )}`;
    const [one] = parseTests(yaml, "t.yaml").cases;
    expect(one?.from).toBe("productpage-v1");
    expect(one?.wantMatch).toBe(true);
    expect(one?.request).toMatchObject({ method: ["GET"], uri: ["/"], scheme: "http" });
    expect(one?.expected).toEqual({
      weights: new Map([
        ["v1", 90],
        ["v2", 10],
      ]),
      timeoutMs: 90_000,
      retries: { attempts: 2, retryOn: "5xx", perTryTimeoutMs: 500 },
      mirror: ["reviews.v3"],
    });
  });

  test.each([
    [caseWith(REQUEST, "rout: []"), '4:5: Unknown field "rout": did you mean route?'],
    [
      caseWith("request: { authorty: [a] }", "status: 1"),
      '3:16: Unknown field "authorty": did you mean authority?',
    ],
    ["testcases: []", '1:1: Unknown field "testcases": did you mean testCases?'],
    [caseWith(REQUEST), "2:5: The test case expects nothing: say one of route,"],
    [caseWith("status: 200"), "2:5: The test case has no request"],
    [
      caseWith(REQUEST, "status: 20"),
      "4:5: testCases[0].status must be a whole number from 100 to 599",
    ],
    [caseWith(REQUEST, "timeout: soon"), "4:5: testCases[0].timeout must be a duration"],
    [
      caseWith(REQUEST, "wantMatch: yes!", "status: 200"),
      "4:5: testCases[0].wantMatch must be true or false",
    ],
    [
      caseWith("request: { authority: [a], uri: [x] }", "status: 200"),
      '3:32: A uri begins with "/"',
    ],
    [
      caseWith("request: { authority: [] }", "status: 200"),
      "3:5: A test case has 1 to 10000 requests: this one makes 0",
    ],
    [caseWith(REQUEST, "route: [{ destination: { hots: a } }]"), "4:"],
    ["testCases: [1]", "1:13: A test case is an object"],
    ["- a", "1:1: A file of tests is an object with testCases"],
    ["", "1:1: The file has no testCases"],
    ["testCases: [", "1:13: "],
  ])("%j is refused: %s", (yaml, problem) => {
    expect(problemsOf(yaml).join("\n")).toContain(problem);
  });

  test("an unknown field of an Istio message is named with its place", () => {
    const problems = problemsOf(caseWith(REQUEST, "route:", "  - destination: { hots: a }"));
    expect(problems.join("\n")).toContain("5:");
    expect(problems.join("\n")).toContain("hots");
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseTests(JSON.stringify({ testCases: [value] }), "t.yaml");
        parseTests(
          JSON.stringify({
            testCases: [{ request: value, route: value, weights: value, retries: value }],
          }),
          "t.yaml",
        );
      }),
    );
  });
});

test.each([
  ["testCases:\n- a", true],
  ["# c\n---\ntestCases: []", true],
  ["apiVersion: v1\nspec:\n  testCases: []", false],
])("isTestFile(%j) is %p", (text, is) => {
  expect(isTestFile(text)).toBe(is);
});
