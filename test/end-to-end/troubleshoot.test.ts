// `sampan troubleshoot` in broken worlds: whatever is planted is named as the first thing that is wrong, on our proxy and on Envoy.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { HttpClient } from "#base/http-client.ts";
import { runFake } from "#cli/testing/fake-shell.ts";
import { bootstrapFor } from "#cli/up/bootstrap.ts";
import { systemHttpClient } from "#io/bun/http-client.ts";
import { serveHttp } from "#io/bun/http-server.ts";
import { systemTimers } from "#io/bun/time.ts";
import { Envoy, until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";
import { startPilot, type TestPilot } from "../support/pilot.ts";
import { freePorts, SampanProxy } from "../support/sampan-proxy.ts";

const CLIENT = "127.88.0.1";
const SIDECAR = "127.88.0.2";
const envoy = findPeer("envoy");

type DataPlane = "sampan" | "envoy";

interface RunningProxy {
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** A service "shop" with one instance that echoes, is slow at /slow and fails at /fail. */
class World {
  readonly port: number;
  readonly originPort: number;
  readonly #pilot: TestPilot;
  readonly #http: ReturnType<typeof serveHttp>;
  readonly #origin: Bun.Server<undefined>;
  readonly #dataPlane: DataPlane;
  readonly #admins = new Map<string, string>();
  readonly #proxies: RunningProxy[] = [];
  readonly #spoiled = new Set<string>();
  #marks = 0;

  private constructor(
    pilot: TestPilot,
    origin: Bun.Server<undefined>,
    port: number,
    dataPlane: DataPlane,
  ) {
    this.#pilot = pilot;
    this.#origin = origin;
    this.#dataPlane = dataPlane;
    this.port = port;
    this.originPort = origin.port ?? 0;
    this.#http = serveHttp({ host: "127.0.0.1", port: 0 }, pilot.pilot.httpService);
  }

  static async start(dataPlane: DataPlane): Promise<World> {
    const origin = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async ({ url }) => {
        if (url.endsWith("/slow")) await Bun.sleep(400);
        return new Response("here", { status: url.endsWith("/fail") ? 500 : 200 });
      },
    });
    const [port = 0] = await freePorts(CLIENT, 1);
    const pilot = await startPilot({
      "shop.yaml": shop(port),
      "entry.yaml": entry(origin.port ?? 0),
    });
    const world = new World(pilot, origin, port, dataPlane);
    await world.startProxy("client", CLIENT, {});
    await world.#settled();
    return world;
  }

  async startProxy(
    name: string,
    address: string,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<RunningProxy> {
    const identity = {
      ...{ type: "sidecar" as const, address, admin: { host: address, port: 15000 }, name },
      ...{
        namespace: "default",
        cluster: name,
        labels: { app: name.replace(/-\d+$/, "") },
        locality: "",
        metadata,
      },
    };
    const bootstrap = { ...bootstrapFor(identity, this.#pilot.xds) };
    const proxy =
      this.#dataPlane === "envoy" && envoy.kind === "found"
        ? await Envoy.start({ path: envoy.path, bootstrap })
        : await SampanProxy.start({ bootstrap, host: address });
    this.#admins.set(`http://${address}:15000`, proxy.adminUrl);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Admin pages are wherever the kernel had a port. */
  readonly httpClient: HttpClient = {
    request: (options) => {
      let { url } = options;
      for (const [said, real] of this.#admins) {
        if (url.startsWith(`${said}/`)) url = real + url.slice(said.length);
      }
      return systemHttpClient.request({ ...options, url });
    },
  };

  get pilotAddress(): string {
    if (!("address" in this.#http)) throw new Error("the pilot does not listen");
    return `${this.#http.address.host}:${this.#http.address.port}`;
  }

  /** Writes a file over what is there, and waits until the proxies have it, or refuse it. */
  async spoil(name: string, yaml: string): Promise<void> {
    this.#spoiled.add(name);
    this.#pilot.write(name, yaml);
    await this.#settled();
  }

  async mend(): Promise<void> {
    for (const name of this.#spoiled) {
      if (name === "shop.yaml") this.#pilot.write(name, shop(this.port));
      else if (name === "entry.yaml") this.#pilot.write(name, entry(this.originPort));
      else this.#pilot.remove(name);
    }
    this.#spoiled.clear();
    await this.#settled();
  }

  /** All that was written before is read when a mark is that was written after it; then the proxies confirm or refuse it. */
  async #settled(): Promise<void> {
    this.#marks += 1;
    const name = `mark-${this.#marks}`;
    const metadata = { name, namespace: "marks" };
    const rule = { apiVersion: "networking.istio.io/v1", kind: "DestinationRule", metadata };
    this.#pilot.write("mark.yaml", JSON.stringify({ ...rule, spec: { host: "mark.example" } }));
    const page = async (path: string): Promise<readonly Record<string, unknown>[]> => {
      const answer = await fetch(`http://${this.pilotAddress}${path}`);
      return (await answer.json()) as readonly Record<string, unknown>[];
    };
    await until(async () => (await page("/debug/configz")).some((one) => one["name"] === name));
    // Pushes wait in a queue for their turn: what is not sent yet is not behind yet.
    await Bun.sleep(100);
    await until(async () => (await page("/debug/syncz")).every(({ state }) => state !== "behind"));
  }

  get(path: string): Promise<Response> {
    return fetch(`http://${CLIENT}:${this.port}${path}`, { headers: { host: "shop" } });
  }

  /** What it says is wrong, first; with everything before it. */
  async walk(
    ...args: readonly string[]
  ): Promise<{ wrong: string; before: string; status: number }> {
    const all = ["--from", "client", "--to", "shop", "--pilot", this.pilotAddress, ...args];
    return this.troubleshoot(...all);
  }

  async troubleshoot(
    ...args: readonly string[]
  ): Promise<{ wrong: string; before: string; status: number }> {
    const ran = await runFake(["troubleshoot", ...args], {
      httpClient: this.httpClient,
      timers: systemTimers,
    });
    const at = ran.stdout.indexOf("✗");
    return {
      wrong: at === -1 ? `nothing: ${ran.stdout}` : ran.stdout.slice(at),
      before: ran.stdout.slice(0, Math.max(0, at)),
      status: ran.status,
    };
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.stop();
    if ("close" in this.#http) this.#http.close();
    await this.#pilot.close();
    await this.#origin.stop(true);
  }
}

const shop = (port: number, more = ""): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: shop }
spec:
  hosts: [shop.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: shop } }
  ${more}
`;

const entry = (port: number): string => `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: shop-1 }
spec: { address: 127.0.0.1, ports: { http: ${port} }, labels: { app: shop, version: v1 } }
`;

const virtualService = (http: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: [shop]
  http:
    - ${http}
`;

const destinationRule = (spec: string): string => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shop }
spec:
  host: shop
  ${spec}
`;

const group = (name: string): string => `apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: ${name} }
spec:
  metadata: { labels: { app: ${name} } }
  template: { ports: { http: 80 } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name} }
spec:
  hosts: [${name}.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 81, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: ${name} } }
`;

const TO_SHOP = "route: [{ destination: { host: shop } }]";

/** What is written where, and the first thing that is then wrong. */
const PLANTED: readonly (readonly [
  name: string,
  file: string,
  yaml: (world: World) => string,
  wrong: RegExp,
])[] = [
  [
    "a subset that is nowhere declared",
    "vs.yaml",
    () => virtualService("route: [{ destination: { host: shop, subset: v9 } }]"),
    /^✗ Cluster: VirtualService default\/shop spec\.http\[0\] \(.*vs\.yaml:7\) leads to outbound\|\d+\|v9\|shop.*no DestinationRule of shop.* has a subset v9\n {2}→/,
  ],
  [
    "a subset whose labels nobody has",
    "both.yaml",
    () =>
      `${virtualService("route: [{ destination: { host: shop, subset: v1 } }]")}---\n${destinationRule("subsets: [{ name: v1, labels: { versoin: v1 } }]")}`,
    /^✗ Hosts: no healthy instance has the labels of subset v1 of shop\.default\n {2}→ Correct the labels in its DestinationRule; the instances have app=shop,version=v1\n/,
  ],
  [
    "a destination that does not exist",
    "vs.yaml",
    () => virtualService("route: [{ destination: { host: shopp } }]"),
    /^✗ Cluster: VirtualService default\/shop spec\.http\[0\] .* leads to outbound\|\d+\|\|shopp\.default/,
  ],
  [
    "no instance",
    "entry.yaml",
    () => entry(1).replace("app: shop", "app: other"),
    /^✗ Hosts: no instance of shop\.default is registered\n {2}→ Its selector or endpoints stand in .*shop\.yaml:1;/,
  ],
  [
    "an instance whose port nobody listens on",
    "entry.yaml",
    () => entry(1),
    /^✗ Probe: .* was answered 503: nobody could be connected to: .*\n {2}→ Does its program listen/,
  ],
  [
    "a fault that answers every request",
    "vs.yaml",
    () =>
      virtualService(
        `fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } }\n      ${TO_SHOP}`,
      ),
    /^✗ A fault is in the way: 100 % are answered 418, by VirtualService default\/shop spec\.http\[0\]\.fault \(.*vs\.yaml:7\)\n {2}→ Remove/,
  ],
  [
    "a fault that delays some",
    "vs.yaml",
    () =>
      virtualService(
        `fault: { delay: { percentage: { value: 10 }, fixedDelay: 5s } }\n      ${TO_SHOP}`,
      ),
    /^✗ A fault is in the way: 10 % are held up for 5s/,
  ],
  [
    "a service that is not exported",
    "shop.yaml",
    ({ port }) => shop(port, 'exportTo: ["elsewhere"]'),
    /^✗ Service: shop\.default\.svc\.cluster\.local exists \(.*shop\.yaml:1\), but client in namespace default may not see it\n {2}→ Its exportTo must name default/,
  ],
  [
    "no route for the path",
    "vs.yaml",
    () => virtualService(`match: [{ uri: { prefix: /api } }]\n      ${TO_SHOP}`),
    /^✗ Route: .*\(the proxy answers 404\)/,
  ],
  [
    "a document that cannot be read",
    "vs.yaml",
    () => virtualService("route: [{ destination: { hots: shop } }]"),
    /^✗ Configuration: .*vs\.yaml:\d+:\d+: VirtualService default\/shop: .*hots/,
  ],
];

describe.each([
  { dataPlane: "sampan" as const, isMissing: false },
  { dataPlane: "envoy" as const, isMissing: mustSkip(envoy) },
])("troubleshoot with $dataPlane", ({ dataPlane, isMissing }) => {
  if (isMissing) {
    test.skip("no Envoy", () => {});
    return;
  }
  let world: World;

  beforeAll(async () => {
    world = await World.start(dataPlane);
  }, 20_000);
  afterEach(() => world.mend());
  afterAll(() => world.stop());

  test("nothing is wrong in a good world", async () => {
    const { wrong, status } = await world.walk();
    expect(wrong).toContain("Probe: GET http://shop:");
    expect(wrong).toEndWith("was answered 200\nNothing is wrong.\n");
    expect(status).toBe(0);
    expect((await world.troubleshoot("--pilot", world.pilotAddress)).wrong).toEndWith(
      "Nothing is wrong.\n",
    );
  });

  test.each(PLANTED)("%s", async (_name, file, yaml, expected) => {
    await world.spoil(file, yaml(world));
    const { wrong, status } = await world.walk();
    expect(wrong).toMatch(expected);
    expect(status).toBe(1);
  });

  test("ends that are not there", async () => {
    expect((await world.walk("--to", "shopp")).wrong).toStartWith(
      '✗ The mesh has no service "shopp"\n  → Did you mean shop?',
    );
    expect((await world.walk("--to", "shop:1")).wrong).toMatch(
      /^✗ shop has no port 1\n {2}→ Its ports are \d+ \(http\)/,
    );
    expect((await world.walk("--from", "cleint")).wrong).toStartWith(
      '✗ No proxy "cleint" is connected to the pilot\n  → Did you mean client?',
    );
  });

  test("a pilot that is gone", async () => {
    const [port] = await freePorts("127.0.0.1", 1);
    const { wrong, before } = await world.walk("--pilot", `127.0.0.1:${port}`);
    expect(wrong).toMatch(
      /^✗ Cannot reach the pilot at 127\.0\.0\.1:\d+: .*\n {2}→ Proxies serve on/,
    );
    expect(before).toBe("");
  });

  test("a timeout that is too short", async () => {
    await world.spoil("vs.yaml", virtualService(`timeout: 50ms\n      ${TO_SHOP}`));
    expect((await world.walk("--path", "/slow")).wrong).toMatch(
      /^✗ Probe: .* was answered 504: shop:\d+ did not answer within 50ms/,
    );
  });

  test("a service that fails by itself", async () => {
    expect((await world.walk("--path", "/fail")).wrong).toMatch(
      /^✗ Probe: .* was answered 500, by shop:\d+ itself\n {2}→ Its own log says why: sampan logs shop/,
    );
    expect((await world.walk("--path", "/fail", "--no-probe")).wrong).toContain(
      "Nothing is wrong.",
    );
  });

  test("hosts that are all ejected", async () => {
    await world.spoil(
      "dr.yaml",
      destinationRule(
        "trafficPolicy: { outlierDetection: { consecutive5xxErrors: 1, maxEjectionPercent: 100, baseEjectionTime: 60s } }",
      ),
    );
    expect((await world.get("/fail")).status).toBe(500);
    expect((await world.walk()).wrong).toMatch(
      /^✗ Hosts: all 1 are ejected by outlier detection: 127\.0\.0\.1:\d+\n {2}→/,
    );
    expect((await world.troubleshoot("--pilot", world.pilotAddress)).wrong).toMatch(
      /^✗ Hosts: client has ejected 1 of 1 of shop: /,
    );
  });

  test("a circuit breaker that has turned requests away", async () => {
    await world.spoil(
      "dr.yaml",
      destinationRule(
        "trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }",
      ),
    );
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => (await world.get("/slow")).status),
    );
    expect(statuses).toContain(503);
    const { wrong, before } = await world.walk();
    expect(before).toContain("was answered 200\n");
    expect(wrong).toMatch(
      /^✗ The circuit breaker of shop on client has turned away \d requests? since the proxy started/,
    );
  });

  test("a program that is down, and then a sidecar that is gone", async () => {
    await world.spoil("till.yaml", group("till"));
    const sidecar = await world.startProxy("till-1", SIDECAR, {
      AUTO_REGISTER_GROUP: "till",
      SAMPAN_REPORTS_HEALTH: "true",
    });
    await until(async () =>
      /none of 1 instance of till\.default is healthy: till-1/.test(
        (await world.walk("--to", "till")).wrong,
      ),
    );
    const health = (healthy: boolean): Promise<Response> =>
      fetch(`http://${world.pilotAddress}/v1/namespaces/default/workloads/till-1/health`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ healthy }),
      });
    await health(true);
    await sidecar.stop();
    const gone =
      /^✗ The sidecar of till-1 is not connected to the pilot\n {2}→ Start it again; why it ended stands in its log: sampan logs till-1/;
    await until(async () => gone.test((await world.walk("--to", "till", "--no-probe")).wrong));
    expect((await world.walk("--from", "till-1")).wrong).toMatch(
      /^✗ The sidecar of till-1 is not connected/,
    );
    // As `sampan up` says of an instance whose sidecar has ended.
    await health(false);
    await until(
      async () => !(await world.walk("--to", "till", "--no-probe")).before.includes("✓ Hosts"),
    );
    expect((await world.walk("--to", "till", "--no-probe")).wrong).toMatch(gone);
  }, 15_000);

  test.skipIf(dataPlane === "envoy")("a proxy that rejects what it is sent", async () => {
    await world.spoil(
      "dr.yaml",
      destinationRule("trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x } } }"),
    );
    const { wrong } = await world.walk();
    expect(wrong).toMatch(/^✗ client rejects the newest CDS: .*ring_hash/);
  });

  test("JSON", async () => {
    const ran = await runFake(
      [
        "troubleshoot",
        "--from",
        "client",
        "--to",
        "shopp",
        "--pilot",
        world.pilotAddress,
        "-o",
        "json",
      ],
      { httpClient: world.httpClient, timers: systemTimers },
    );
    expect(ran.status).toBe(1);
    const { healthy, findings } = JSON.parse(ran.stdout);
    expect(healthy).toBe(false);
    expect(findings.at(-1)).toEqual({
      mark: "wrong",
      message: 'The mesh has no service "shopp"',
      fix: "Did you mean shop?",
    });
  });
});
