// `sampan proxy-config` says the same of our proxy and of a real Envoy that the same pilot has configured: same rows, same order.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EXIT } from "#cli/shell/exit-status.ts";
import { bootstrapFor } from "#cli/up/bootstrap.ts";
import { Envoy, until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { startPilot, type TestPilot } from "../support/pilot.ts";
import { SAMPAN } from "../support/pilot-process.ts";
import { type ProgramRun, runProgram } from "../support/run-program.ts";
import { SampanProxy } from "../support/sampan-proxy.ts";

const envoyPeer = findPeer("envoy");
/** Where the proxies serve, one after the other: the same configuration is the same ports. */
const HOST = "127.77.45.1";

const SERVICES = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  addresses: [127.77.45.2]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  endpoints:
    - { address: 127.77.45.11, labels: { version: v1 } }
    - { address: 127.77.45.12, labels: { version: v2 } }
    - { address: 127.77.45.13, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: database }
spec:
  hosts: [database.default.svc.cluster.local]
  addresses: [127.77.45.3]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 5432, name: tcp, protocol: TCP }]
  endpoints: [{ address: 127.77.45.21 }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews.default.svc.cluster.local
  trafficPolicy: { outlierDetection: { consecutive5xxErrors: 3 } }
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  http:
    - match:
        - { uri: { exact: /reviews/7 } }
        - { uri: { regex: "/reviews/[0-9]+" }, headers: { end-user: { exact: jason } } }
      route: [{ destination: { host: reviews.default.svc.cluster.local, subset: v2 } }]
    - match: [{ uri: { prefix: /old } }]
      redirect: { uri: /new }
    - route:
        - { destination: { host: reviews.default.svc.cluster.local, subset: v1 }, weight: 90 }
        - { destination: { host: reviews.default.svc.cluster.local, subset: v2 }, weight: 10 }
`;

const PAGES = ["cluster", "listener", "route", "endpoint"] as const;
type Page = (typeof PAGES)[number];

interface Pages {
  readonly table: Readonly<Record<Page, ProgramRun>>;
  readonly json: Readonly<Record<Page, ProgramRun>>;
}

interface Running {
  readonly adminUrl: string;
  admin(path: string): Promise<string>;
  stop(): Promise<void>;
}

let pilot: TestPilot;

function bootstrap(): Record<string, unknown> {
  const identity = {
    ...{ name: "productpage-v1-1", namespace: "default", cluster: "productpage", address: HOST },
    ...{ type: "sidecar" as const, admin: { host: HOST, port: 0 } },
    ...{ labels: { app: "productpage" }, locality: "", metadata: {} },
  };
  return { ...bootstrapFor(identity, pilot.xds) };
}

const isConfigured = async (proxy: Running): Promise<boolean> => {
  const [ready, dump] = await Promise.all([
    proxy.admin("/ready"),
    proxy.admin("/config_dump?include_eds"),
  ]);
  return ready.startsWith("LIVE") && dump.includes("127.77.45.13") && dump.includes("/reviews/7");
};

async function pagesOf(start: () => Promise<Running>): Promise<Pages> {
  const proxy = await start();
  try {
    await until(() => isConfigured(proxy), 10_000);
    const { host } = new URL(proxy.adminUrl);
    const run = async (...flags: readonly string[]): Promise<Record<Page, ProgramRun>> => {
      const runs = PAGES.map(async (page) => {
        const command = [SAMPAN, "proxy-config", page, "--admin", host, ...flags] as const;
        return [page, await runProgram([...command])] as const;
      });
      return Object.fromEntries(await Promise.all(runs)) as Record<Page, ProgramRun>;
    };
    return { table: await run(), json: await run("-o", "json") };
  } finally {
    await proxy.stop();
  }
}

describe.skipIf(mustSkip(envoyPeer))("proxy-config of our proxy and of Envoy", () => {
  let ours: Pages;
  let envoys: Pages;

  beforeAll(async () => {
    if (envoyPeer.kind !== "found") return;
    pilot = await startPilot({ "services.yaml": SERVICES });
    ours = await pagesOf(() => SampanProxy.start({ bootstrap: bootstrap(), host: HOST }));
    envoys = await pagesOf(() => Envoy.start({ path: envoyPeer.path, bootstrap: bootstrap() }));
  }, 40_000);

  afterAll(() => pilot.close());

  test.each(PAGES)("%s: the same rows", (page) => {
    const { status, stdout, stderr } = ours.table[page];
    expect(stdout.split("\n")).toEqual(envoys.table[page].stdout.split("\n"));
    expect([status, stderr]).toEqual([EXIT.ok, ""]);
    expect(envoys.table[page]).toMatchObject({ status: EXIT.ok, stderr: "" });
  });

  test.each([
    [
      "cluster",
      /^reviews\.default\.svc\.cluster\.local +9080 +v2 +outbound +EDS +reviews\.default$/m,
    ],
    ["listener", /^127\.77\.45\.1 +5432 +ALL +Cluster: outbound\|5432\|\|database\./m],
    ["route", /^9080 +reviews\S+ +reviews.* \/old\* +reviews\.default$/m],
    ["endpoint", /^127\.77\.45\.13:9080 +HEALTHY +OK +outbound\|9080\|v2\|reviews\./m],
  ] as const)("%s: there is something to compare", (page, row) => {
    expect(ours.table[page].stdout).toMatch(row);
  });

  test.each(PAGES)("%s -o json: as many messages, of the same names", (page) => {
    const names = ({ stdout }: ProgramRun): unknown[] =>
      JSON.parse(stdout).map(({ name, cluster, address }: Record<string, unknown>) => ({
        ...{ name, cluster },
        ...(page === "endpoint" ? { address } : {}),
      }));
    expect(names(ours.json[page])).toEqual(names(envoys.json[page]));
  });
});
