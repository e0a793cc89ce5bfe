// `sampan proxy-status` and `sampan version`: what they say of proxies that are live, behind, or refuse.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { fakeMachine } from "#base/testing/fake-machine.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { SyncState } from "#xds/server/status.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

const NOW_MS = new FakeTime().wallMs();

const type = (name: string, state: SyncState, words?: string): object => ({
  type: name,
  state,
  resources: 3,
  sentVersion: "b",
  ackedVersion: state === "live" ? "b" : "a",
  ...(state === "rejected" ? {} : { ackedAtMs: NOW_MS - (state === "live" ? 3 : 17) * 60_000 }),
  ...(words === undefined ? {} : { lastRefusal: { version: "b", words } }),
});

const proxy = (name: string, ip: string, types: readonly object[]): object => ({
  proxy: `sidecar~${ip}~${name}.default~default.svc.cluster.local`,
  name,
  namespace: "default",
  type: "sidecar",
  address: "127.0.0.1:1",
  ipAddress: ip,
  version: "",
  userAgent: name.endsWith("v1-1") ? "sampan/0.1.0" : "envoy\u001b/1.40.0",
  variant: "delta",
  connectedAtMs: 0,
  state: "live",
  types,
});

const SYNCZ = [
  proxy("reviews-v1-1", "127.0.1.5", [type("CDS", "live", "old words"), type("EDS", "live")]),
  proxy("reviews-v2-1", "127.0.1.6", [
    type("CDS", "rejected", "route\u001b[31m must\nnot be so"),
    type("EDS", "behind"),
  ]),
];

const PAGES: Readonly<Record<string, unknown>> = {
  "http://127.0.0.1:15014/debug/syncz": SYNCZ,
  "http://127.0.1.5:15000/server_info": { version: "sampan/0.1.0" },
  "http://127.0.1.6:15000/server_info": {
    version: `${"9e".repeat(20)}/1.40.0/Clean/RELEASE/BoringSSL`,
  },
};

const httpClientOf = (pages: Readonly<Record<string, unknown>>): HttpClient => ({
  request: async ({ url }): Promise<HttpAnswer> =>
    url in pages
      ? { kind: "answered", status: 200, body: JSON.stringify(pages[url]) }
      : { kind: "failed", reason: "connect ECONNREFUSED" },
});

const run = (args: readonly string[], pages: Readonly<Record<string, unknown>> = PAGES) =>
  runFake(args, { httpClient: httpClientOf(pages), machine: fakeMachine() });

test("each type of each proxy has its state, how long ago it was accepted, and its version; a refusal is told in the proxy's words, which cannot break the terminal", async () => {
  const { status, stdout, stderr } = await run(["proxy-status"]);
  expect(status).toBe(EXIT.ok);
  expect(stdout).toBe(
    [
      "NAME                  TYPE     CDS        LDS        EDS           RDS        VERSION",
      "reviews-v1-1.default  sidecar  live (3m)  not asked  live (3m)     not asked  sampan/0.1.0",
      "reviews-v2-1.default  sidecar  rejected   not asked  behind (17m)  not asked  envoy·/1.40.0",
      "",
    ].join("\n"),
  );
  expect(stderr).toBe(
    "reviews-v2-1.default refuses CDS, and keeps what it had: route·[31m must·not be so\n",
  );
});

test("one proxy by its versions, under istioctl's name, too", async () => {
  const { status, stdout } = await run(["ps", "reviews-v2-1"]);
  expect(status).toBe(EXIT.ok);
  expect(stdout).toBe(
    "TYPE  STATE         RESOURCES  SENT  ACCEPTED\nCDS   rejected      3          b     a\nEDS   behind (17m)  3          b     a\n",
  );
});

test("a watch by pipe prints nothing anew because time has passed", async () => {
  const time = new FakeTime();
  let lookCount = 0;
  const { request } = httpClientOf(PAGES);
  const { stdout } = await runFake(["ps", "-w"], {
    httpClient: {
      request: (asked) => {
        lookCount += 1;
        return request(asked);
      },
    },
    clock: time,
    timers: {
      every: (periodMs, callback) => time.every(periodMs, callback),
      after: (delayMs, callback) => {
        time.advance(delayMs);
        queueMicrotask(callback);
        return { cancel() {} };
      },
    },
    catchStop: () => ({
      get isStopped() {
        return lookCount === 3;
      },
      stopped: new Promise(() => {}),
    }),
  });
  expect(lookCount).toBe(3);
  expect(stdout.match(/^NAME /gm)).toHaveLength(1);
  expect(stdout).toMatch(/^reviews-v1-1\.default +sidecar +live +not asked +live +not asked +s/m);
});

test("JSON is what the pilot says", async () => {
  expect(JSON.parse((await run(["ps", "-o", "json"])).stdout)).toEqual(SYNCZ);
  expect(JSON.parse((await run(["ps", "reviews-v1-1", "-o", "json"])).stdout)).toEqual(SYNCZ[0]);
});

test.each([
  [["ps", "reviews-v1-2"], PAGES, "did you mean reviews-v1-1?"],
  [["ps"], {}, 'Start a mesh with "sampan up"'],
])("%j cannot be answered, and says what to do", async (args, pages, words) => {
  const { status, stdout, stderr } = await run(args, pages);
  expect(status).toBe(EXIT.failed);
  expect(stdout).toBe("");
  expect(stderr).toContain(words);
});

test("versions of ours and of Envoy, counted; a silent proxy is unknown", async () => {
  const { stdout } = await run(["version"]);
  expect(stdout).toMatch(/^client version: +\d+\.\d+\.\d+, bun /);
  expect(stdout).toContain("sampan/0.1.0 (1 proxy)");
  expect(stdout).toContain("envoy/1.40.0 (1 proxy)");
  const { "http://127.0.1.6:15000/server_info": _, ...fewer } = PAGES;
  expect((await run(["version"], fewer)).stdout).toContain("unknown (1 proxy)");
});

test("without a pilot the program's own version is enough", async () => {
  const alone = await run(["version"], {});
  expect(alone.status).toBe(EXIT.ok);
  expect(alone.stderr).toContain("No pilot answers");
  const client = await run(["version", "--client", "-o", "json"], {});
  expect(client.stderr).toBe("");
  expect(JSON.parse(client.stdout)).toMatchObject({ proxies: [] });
});
