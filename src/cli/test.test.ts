// `sampan test` by pipe: over the book shop, over folders in memory, over dumps, in every format.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemFiles } from "#io/bun/files.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";

const BOOK_SHOP = `${import.meta.dir}/../../examples/bookinfo`;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of these files; its name. */
function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** The book shop with one of its tasks in force. */
function bookShop(task: string): string {
  const path = join(folder, `bookinfo-${task}`);
  cpSync(BOOK_SHOP, path, { recursive: true });
  cpSync(join(BOOK_SHOP, "tasks", `${task}.yaml`), join(path, `${task}.yaml`));
  return path;
}

const run = (...args: readonly string[]): Promise<Ran> =>
  runFake(["test", ...args], { files: systemFiles });

async function failuresOf(mesh: string, tests: string): Promise<string> {
  const path = folderOf(`tests-${Math.random()}`, { "t.yaml": tests });
  const ran = await run(join(path, "t.yaml"), "--config", mesh);
  expect(ran.stderr).toBe("");
  return ran.stdout.replaceAll(`${path}/`, "").replaceAll(`${mesh}/`, "");
}

describe("sampan test", () => {
  test("the tests of the book shop pass, and reach every route", async () => {
    const ran = await run(`${BOOK_SHOP}/tests`, "--config", BOOK_SHOP, "--coverage");
    expect(ran.stdout).toEndWith("all passed\nCoverage: 1 of 1 route reached\n");
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });

  test.each([
    ["all-v1", "subset: v1"],
    ["half-v1-half-v3", "weights: { v1: 1, v3: 1 }"],
    [
      "half-v1-half-v3",
      "route: [{ destination: { host: reviews, subset: v1 }, weight: 50 }, { destination: { host: reviews, subset: v3 }, weight: 50 }]",
    ],
    ["jason-v2", "subset: v2"],
  ])("task %s: %s", async (task, expected) => {
    const tests = `from: productpage-v1\ntestCases:\n- description: d\n  request: { authority: [reviews], headers: { end-user: jason } }\n  ${expected}\n`;
    expect(await failuresOf(bookShop(task), tests)).toEndWith("all passed\n");
  });

  test.each([
    [
      "abort-500",
      "fault: { abort: { httpStatus: 500, percentage: { value: 100 } } }",
      "status: 500",
    ],
    ["delay-7s", "fault: { delay: { fixedDelay: 7s, percentage: { value: 100 } } }", "timeout: 0s"],
  ])("task %s: %s, %s", async (task, ...expected) => {
    const tests = `from: reviews-v2\ntestCases:\n- description: d\n  request: { authority: [ratings], headers: { end-user: jason } }\n  ${expected.join("\n  ")}\n  route: [{ destination: { host: ratings } }]\n`;
    expect(await failuresOf(bookShop(task), tests)).toEndWith("all passed\n");
  });

  test("what does not hold is said with its line, what came instead, and the line that decided it", async () => {
    const tests = `from: productpage-v1
testCases:
- description: everybody sees v2
  request: { authority: [reviews], uri: [/reviews/0, /reviews/1] }
  subset: v2
  timeout: 3s
- description: not v1
  wantMatch: false
  request: { authority: [reviews] }
  weights: { v1: 50, v3: 50 }
`;
    expect(
      await failuresOf(bookShop("half-v1-half-v3"), tests),
    ).toBe(`✗ everybody sees v2  t.yaml:3  2 requests
  t.yaml:5:3: testCase "everybody sees v2": GET http://reviews/reviews/0 and 1 more: expected subset v2, but got 50 % reviews v1, 50 % reviews v3; because of VirtualService default/reviews spec.http[0] (half-v1-half-v3.yaml:9)
  t.yaml:6:3: testCase "everybody sees v2": GET http://reviews/reviews/0 and 1 more: expected timeout 3s, but got none; because of VirtualService default/reviews spec.http[0] (half-v1-half-v3.yaml:9)
✗ not v1  t.yaml:7  1 request
  t.yaml:10:3: testCase "not v1": GET http://reviews/: wantMatch is false, and yet weights is as described: 50 % reviews v1, 50 % reviews v3; because of VirtualService default/reviews spec.http[0] (half-v1-half-v3.yaml:9)

2 test cases with 3 requests: 2 failed
`);
  });
});

/** VirtualServices alone, with a delegate, as teams of Kubernetes keep them. */
const SHOP = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: shop }
spec:
  hosts: [www.shop.example, shop.example]
  http:
    - match: [{ uri: { prefix: /home } }]
      redirect: { uri: /, authority: www.shop.example }
    - match: [{ uri: { regex: "/users(/.*)?" } }]
      route: [{ destination: { host: users.users.svc.cluster.local, port: { number: 80 } } }]
      headers: { request: { set: { x-custom-header: ok } } }
    - match: [{ uri: { prefix: /seller } }]
      delegate: { name: seller }
    - match: [{ uri: { prefix: /reseller }, headers: { x-class: { exact: bot } } }]
      route: [{ destination: { host: partner.partner.svc.cluster.local } }]
      fault: { abort: { percentage: { value: 100 }, httpStatus: 403 } }
    - match: [{ uri: { prefix: /reseller } }]
      route: [{ destination: { host: partner.partner.svc.cluster.local, subset: new } }]
      rewrite: { uri: /partner }
      mirror: { host: audit.partner.svc.cluster.local }
      retries: { attempts: 3, retryOn: "5xx", perTryTimeout: 2s }
      timeout: 7s
    - route: [{ destination: { host: monolith.shop.svc.cluster.local } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: seller, namespace: shop }
spec:
  http:
    - match: [{ uri: { prefix: /seller } }]
      route: [{ destination: { host: seller.seller.svc.cluster.local, port: { number: 8000 } } }]
    - match: [{ uri: { prefix: /seller/old } }]
      route: [{ destination: { host: old.seller.svc.cluster.local } }]
`;

const SHOP_TESTS = `testCases:
- description: users
  wantMatch: true
  request:
    authority: [www.shop.example, shop.example]
    method: [GET, POST]
    uri: [/users, /users/]
  route: [{ destination: { host: users.users.svc.cluster.local, port: { number: 80 } } }]
  headers: { request: { set: { x-custom-header: ok } } }
- description: home
  wantMatch: true
  request: { authority: [shop.example], method: [GET], uri: [/home] }
  redirect: { uri: /, authority: www.shop.example }
  location: http://www.shop.example/
- description: resellers are partners
  wantMatch: true
  request: { authority: [shop.example], method: [PUT], uri: [/reseller/1] }
  route: [{ destination: { host: partner.partner.svc.cluster.local, subset: new } }]
  rewrite: { uri: /partner }
  path: /partner/1
  mirror: [audit.partner]
  retries: { attempts: 3, retryOn: 5xx, perTryTimeout: 2s }
  timeout: 7s
- description: and not catalogues
  wantMatch: false
  request: { authority: [shop.example], method: [PUT], uri: [/reseller] }
  route: [{ destination: { host: catalog.catalog.svc.cluster.local } }]
  rewrite: { uri: /catalog }
- description: bots are refused
  wantMatch: true
  request: { authority: [shop.example], method: [PUT], uri: [/reseller], headers: { x-class: bot } }
  route: [{ destination: { host: partner.partner.svc.cluster.local } }]
  fault: { abort: { percentage: { value: 100 }, httpStatus: 403 } }
- description: sellers
  wantMatch: true
  request: { authority: [shop.example], method: [GET], uri: [/seller, /seller/1] }
  route: [{ destination: { host: seller.seller.svc.cluster.local, port: { number: 8000 } } }]
  delegate: { name: seller }
`;

describe("VirtualServices alone, in the format of istio-config-validator", () => {
  test("pass when the services that they name are assumed", async () => {
    const path = folderOf("shop", { "shop.yaml": SHOP, "tests.yaml": SHOP_TESTS });
    const ran = await run(path, "--config", path, "--assume-services", "--coverage");
    expect(
      ran.stdout.replaceAll(`${path}/`, ""),
    ).toEndWith(`6 test cases with 14 requests: all passed
Coverage: 5 of 7 routes reached; by no test:
  shop.yaml:23: VirtualService shop/shop spec.http[5]
  shop.yaml:32: VirtualService shop/seller spec.http[1]
`);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
  });

  test("fail without, and say what is not there", async () => {
    const path = folderOf("shop", { "shop.yaml": SHOP, "tests.yaml": SHOP_TESTS });
    const ran = await run(path, "--config", path, "--run", "users");
    expect(ran.stdout).toContain("expected destination users.users port 80, but got");
    expect(ran.status).toBe(1);
  });

  test.each(["json", "junit", "sarif", "tap", "github"])("-o %s", async (format) => {
    const path = folderOf("shop", { "shop.yaml": SHOP, "tests.yaml": SHOP_TESTS });
    const ran = await run(path, "--config", path, "--run", "users|home", "-o", format);
    expect(ran.stdout).toContain("users.users");
    if (format === "json") {
      const report = JSON.parse(ran.stdout);
      expect(report.testCases.map((one: { passed: boolean }) => one.passed)).toEqual([
        false,
        false,
      ]);
    }
    expect(ran.status).toBe(1);
  });
});

describe("what cannot be run", () => {
  const VALID = "testCases: [{ description: d, request: { authority: [a] }, status: 404 }]";

  test.each([
    [
      { "t.yaml": "testCases: [{ descripton: x }]" },
      3,
      't.yaml:1:15: Unknown field "descripton": did you mean description?',
    ],
    [
      {
        "t.yaml": VALID,
        "m.yaml":
          "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [] }",
      },
      3,
      "m.yaml:",
    ],
    [{ "m.yaml": "a: b" }, 65, "has testCases"],
  ])("%j: status %d", async (files, status, message) => {
    const path = folderOf(`bad-${Math.random()}`, files);
    const ran = await run(path, "--config", path);
    expect(ran.stderr).toContain(message);
    expect([ran.status, ran.stdout]).toEqual([status, ""]);
  });

  test("files and folders that are not there", async () => {
    const path = folderOf("good", { "t.yaml": VALID });
    expect((await run("/nowhere.yaml", "--config", path)).status).toBe(65);
    expect((await run(path, "--config", "/nowhere")).status).toBe(65);
    expect((await run(path, "--config", path, "--file", "/nowhere")).status).toBe(65);
    expect((await run(path, "--live", "--coverage")).status).toBe(64);
    expect((await run(path, "--config", path, "--run", "(")).status).toBe(64);
    expect((await run(path, "--config", path, "--run", "nothing")).status).toBe(64);
  });
});
