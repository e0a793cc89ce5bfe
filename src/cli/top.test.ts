// `sampan top` by pipe, against a pilot and proxies that are only remembered.
import { expect, test } from "bun:test";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { EXIT } from "./shell/exit-status.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";

const REVIEWS = "outbound|9080||reviews.default.svc.cluster.local";

const PROXIES = [
  {
    proxy: "p1",
    name: "productpage-v1-1",
    namespace: "default",
    type: "sidecar",
    ipAddress: "127.0.1.3",
  },
  {
    proxy: "p2",
    name: "reviews-v1-1",
    namespace: "default",
    type: "sidecar",
    ipAddress: "127.0.1.5",
  },
];
const SERVICES = [
  { hostname: "reviews.default.svc.cluster.local", namespace: "default", ports: [] },
  { hostname: "ratings.default.svc.cluster.local", namespace: "default", ports: [] },
];

/** Requests of the productpage so far, ten more at each look; the other proxy does not answer. */
function mesh(): HttpClient {
  let looks = 0;
  const json = (value: unknown): HttpAnswer => ({
    kind: "answered",
    status: 200,
    body: JSON.stringify(value),
  });
  return {
    request: async ({ url }) => {
      if (url.endsWith("/debug/syncz")) return json(PROXIES);
      if (url.endsWith("/debug/registryz")) return json(SERVICES);
      if (url.startsWith("http://127.0.1.5:15000")) return { kind: "failed", reason: "refused" };
      looks += 1;
      const count = 10 * looks;
      const totals = [{ lower_bound: 20, width: 1, count }];
      return json({
        stats: [
          { name: `cluster.${REVIEWS}.upstream_rq_completed`, value: count },
          { name: `cluster.${REVIEWS}.upstream_rq_5xx`, value: looks },
          { histograms: { details: [{ name: `cluster.${REVIEWS}.upstream_rq_time`, totals }] } },
        ],
      });
    },
  };
}

async function top(args: readonly string[], httpClient: HttpClient = mesh()): Promise<Ran> {
  const time = new FakeTime();
  let isOver = false;
  const running = runFake(["top", ...args], { httpClient, clock: time, timers: time });
  void running.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = time.nextTimerMs();
    if (next !== undefined) time.advance(next - time.nowMs());
  }
  return running;
}

test("by pipe: one table, of one interval", async () => {
  const { status, stdout, stderr } = await top([]);
  expect(status).toBe(EXIT.ok);
  expect(stdout).toBe(
    [
      "NAME             SUCCESS  RPS  P50   P95   P99",
      "reviews.default  90.00%   5.0  21ms  21ms  21ms",
      "ratings.default  -        0.0  -     -     -",
      "",
    ].join("\n"),
  );
  expect(stderr).toContain("reviews-v1-1: Cannot reach the admin page");
});

test("as JSON: the documented shape", async () => {
  const { stdout } = await top(["-o", "json", "--by", "proxy", "--interval", "1s"]);
  expect(JSON.parse(stdout)).toEqual({
    by: "proxy",
    measuredMs: 1000,
    proxyCount: 2,
    failedProxies: [
      {
        proxy: "reviews-v1-1",
        reason: "Cannot reach the admin page of the proxy at 127.0.1.5:15000: refused",
      },
    ],
    rows: [
      {
        name: "productpage-v1-1",
        requests: 10,
        perSecond: 10,
        successRate: 0.9,
        p50Ms: 20.5,
        p95Ms: 20.95,
        p99Ms: 20.99,
        pending: 0,
        overflows: 0,
        ejected: 0,
        retries: 0,
      },
      {
        name: "reviews-v1-1",
        requests: 0,
        perSecond: 0,
        successRate: null,
        p50Ms: null,
        p95Ms: null,
        p99Ms: null,
        pending: 0,
        overflows: 0,
        ejected: 0,
        retries: 0,
      },
    ],
  });
});

test("without a pilot it says what to do", async () => {
  const nobody: HttpClient = { request: async () => ({ kind: "failed", reason: "refused" }) };
  const { status, stderr } = await top([], nobody);
  expect(status).toBe(EXIT.failed);
  expect(stderr).toContain("sampan top: Cannot reach the pilot at 127.0.0.1:15014: refused");
  expect(stderr).toContain('Start a mesh with "sampan up"');
});

test.each([
  [["--interval", "10ms"], "--interval must be at least 200ms."],
  [["--window", "1s"], "--window must be at least as long as --interval."],
  [["--window", "1h"], "--window must be at most 10m."],
  [["--sort", "speed"], "Allowed choices are name, success, rps"],
  [["--by", "servce"], "Allowed choices are service, subset, workload, proxy"],
])("%p is a mistake of the command line", async (args, said) => {
  const { status, stderr } = await runFake(["top", ...args]);
  expect(status).toBe(EXIT.usage);
  expect(stderr).toContain(said);
});
