import { expect, test } from "bun:test";
import type { Log, LogFields } from "#base/log.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { CLUSTER, ENDPOINT, LISTENER } from "#xds/type-url.ts";
import { MemoryStore } from "./config/memory-store.ts";
import { parseObjects } from "./config/parse-objects.ts";
import { DEFAULT_MESH_SETTINGS } from "./model/mesh-settings.ts";
import { Pilot } from "./pilot.ts";
import { FakeProxy } from "./testing/fake-proxy.ts";

const SERVICE = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews }
spec:
  hosts: [reviews.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: reviews } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: reviews-v1 }
spec:
  metadata: { labels: { app: reviews, version: v1 } }
  template: { ports: { http: 9080 } }
`;
const SUBSETS = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews.default.svc.cluster.local
  subsets: [{ name: v1, labels: { version: v1 } }]
`;
const REVIEWS = "outbound|9080||reviews.default.svc.cluster.local";
const REVIEWS_V1 = "outbound|9080|v1|reviews.default.svc.cluster.local";

class Lines implements Log {
  readonly lines: string[] = [];
  readonly #add = (message: string, fields?: LogFields): void => {
    this.lines.push(
      [message, ...Object.entries(fields ?? {}).map(([k, v]) => `${k}=${v}`)].join(" "),
    );
  };
  debug = this.#add;
  info = this.#add;
  warning = this.#add;
  error = this.#add;
  child(): Log {
    return this;
  }
}

class World {
  readonly time = new FakeTime();
  readonly store = new MemoryStore();
  readonly log = new Lines();
  pilot: Pilot;
  saved: string | undefined;

  constructor(...yaml: readonly string[]) {
    this.apply(...yaml);
    this.pilot = this.#start();
  }

  /** The process ends without a word and another one starts; the proxies have not noticed yet. */
  restart(): void {
    this.pilot.close();
    this.pilot = this.#start();
  }

  #start(): Pilot {
    return new Pilot({
      clock: this.time,
      timers: this.time,
      log: this.log,
      store: this.store,
      mesh: DEFAULT_MESH_SETTINGS,
      debounceMs: 100,
      version: "0.0.0",
      savedState: this.saved,
      state: {
        read: async () => this.saved,
        write: (text) => {
          this.saved = text;
        },
      },
    });
  }

  apply(...yaml: readonly string[]): void {
    const { objects, problems } = parseObjects(yaml.join("---\n"), "mesh.yaml");
    this.store.replace(objects, problems);
  }

  connect(options: ConstructorParameters<typeof FakeProxy>[1] = {}): FakeProxy {
    return new FakeProxy(this.pilot.xdsService, options);
  }

  instance(number: number): FakeProxy {
    return this.connect({
      address: `127.77.31.${number}`,
      name: `reviews-v1-${number}`,
      metadata: {
        AUTO_REGISTER_GROUP: "reviews-v1",
        LABELS: { app: "reviews", version: "v1" },
        SAMPAN_WORKLOAD_PORTS: { http: 20_000 + number },
      },
    });
  }

  async page(path: string): Promise<unknown> {
    const request = { method: "GET", path, query: new URLSearchParams(), headers: {}, body: "" };
    return JSON.parse((await this.pilot.httpService(request)).body);
  }

  async putHealth(name: string, body: string): Promise<number> {
    const path = `/v1/namespaces/default/workloads/${name}/health`;
    const headers = { "content-type": "application/json" };
    const request = { method: "PUT", path, query: new URLSearchParams(), headers, body };
    return (await this.pilot.httpService(request)).status;
  }
}

const names = (proxy: FakeProxy, typeUrl: string): string[] => [
  ...(proxy.held.get(typeUrl)?.keys() ?? []),
];

test("a proxy that connects holds the clusters and listeners of the world", () => {
  const world = new World(SERVICE, SUBSETS);
  const proxy = world.connect();
  expect(names(proxy, CLUSTER)).toContain(REVIEWS);
  expect(names(proxy, CLUSTER)).toContain(REVIEWS_V1);
  expect(names(proxy, LISTENER).length).toBeGreaterThan(0);
});

test("a change is pushed once, after the quiet time, and only what it changes", () => {
  const world = new World(SERVICE);
  const proxy = world.connect();
  const before = proxy.responses.length;
  world.apply(SERVICE, SUBSETS);
  world.time.advance(99);
  expect(proxy.responses.length).toBe(before);
  world.time.advance(2);
  expect(proxy.responses.slice(before).map(({ typeUrl }) => typeUrl)).toEqual([CLUSTER]);
  expect(names(proxy, CLUSTER)).toContain(REVIEWS_V1);
});

test("a change that leaves every resource as it was is not sent", () => {
  const world = new World(SERVICE);
  const proxy = world.connect();
  const before = proxy.responses.length;
  const elsewhere = SUBSETS.replace("host: reviews", "host: nobody");
  world.apply(SERVICE, elsewhere);
  world.time.advance(1_000);
  expect(proxy.responses.length).toBe(before);
});

test("an instance is an endpoint as soon as its sidecar connects, without the wait of a configuration change", () => {
  const world = new World(SERVICE);
  const client = world.connect();
  client.subscribe(ENDPOINT, [REVIEWS]);
  expect(client.endpointsOf(REVIEWS)).toEqual([]);
  world.instance(1);
  world.instance(2);
  world.time.advance(10);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.1:15006", "127.77.31.2:15006"]);
});

test("an instance leaves after the grace period, and stays when it comes back in time", () => {
  const world = new World(SERVICE);
  const client = world.connect();
  client.subscribe(ENDPOINT, [REVIEWS]);
  const first = world.instance(1);
  const second = world.instance(2);
  world.time.advance(100);
  first.disconnect();
  second.disconnect();
  world.time.advance(5_000);
  world.instance(2);
  world.time.advance(6_000);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.2:15006"]);
});

test("an instance that its supervisor finds unhealthy is no endpoint until it is healthy again", async () => {
  const world = new World(SERVICE);
  const client = world.connect();
  client.subscribe(ENDPOINT, [REVIEWS]);
  world.instance(1);
  world.instance(2);
  world.time.advance(100);
  expect(await world.putHealth("reviews-v1-1", '{"healthy": false}')).toBe(200);
  world.time.advance(100);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.2:15006"]);
  expect(await world.putHealth("reviews-v1-1", '{"healthy": true}')).toBe(200);
  world.time.advance(100);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.1:15006", "127.77.31.2:15006"]);
});

test("after a restart nobody loses an instance that has not come back yet, but one that never comes back leaves", async () => {
  const world = new World(SERVICE);
  world.instance(1);
  world.instance(2);
  world.instance(3);
  world.time.advance(100);
  await world.putHealth("reviews-v1-3", '{"healthy": false}');
  world.time.advance(100);
  world.restart();
  const client = world.connect();
  client.subscribe(ENDPOINT, [REVIEWS]);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.1:15006", "127.77.31.2:15006"]);
  world.time.advance(20_000);
  world.instance(1);
  world.time.advance(100);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.1:15006", "127.77.31.2:15006"]);
  world.time.advance(60_000);
  expect(client.endpointsOf(REVIEWS)).toEqual(["127.77.31.1:15006"]);
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '{"format":0,"registrations":[{}]}',
  '{"format":1,"registrations":[null,{"proxy":{}}]}',
])("a state file that holds %j is as good as none", (text) => {
  const world = new World(SERVICE);
  world.saved = text;
  world.restart();
  expect(names(world.connect(), CLUSTER)).toContain(REVIEWS);
});

test.each([
  ["an unknown workload", "nobody", '{"healthy": true}', 404],
  ["no JSON", "reviews-v1-1", "yes", 400],
  ["another type", "reviews-v1-1", '{"healthy": "yes"}', 400],
  ["null", "reviews-v1-1", "null", 400],
])("health of %s is refused", async (_case, name, body, status) => {
  const world = new World(SERVICE);
  world.instance(1);
  world.time.advance(100);
  expect(await world.putHealth(name, body)).toBe(status);
});

test("a refusal is reported with the proxy's words and the objects behind the resource", async () => {
  const world = new World(SERVICE, SUBSETS);
  const words = `Error adding/updating cluster(s) ${REVIEWS_V1}: no such thing`;
  world.connect({ refuses: { [CLUSTER]: words } });
  const line = world.log.lines.find((text) => text.startsWith("proxy refused resources"));
  expect(line).toContain(words);
  expect(line).toContain("DestinationRule/default/reviews");
  expect(await world.page("/debug/syncz")).toMatchObject([
    { state: "rejected", types: [{ type: "CDS", state: "rejected", lastRefusal: { words } }, {}] },
  ]);
});

test("when each type was last accepted is told by the pilot's wall clock", async () => {
  const world = new World(SERVICE);
  const connectedAtMs = world.time.wallMs();
  world.connect();
  world.time.advance(5_000);
  world.apply(SERVICE, SUBSETS);
  world.time.advance(100);
  expect(await world.page("/debug/syncz")).toMatchObject([
    {
      types: [
        { type: "CDS", state: "live", ackedAtMs: connectedAtMs + 5_100 },
        { type: "LDS", state: "live", ackedAtMs: connectedAtMs },
      ],
    },
  ]);
});

test("what was never accepted has no such time", async () => {
  const world = new World(SERVICE, SUBSETS);
  world.connect({ refuses: { [CLUSTER]: "no" } });
  const [report] = (await world.page("/debug/syncz")) as { types: object[] }[];
  expect(report?.types[0]).toMatchObject({ type: "CDS", ackedVersion: "" });
  expect(report?.types[0]).not.toHaveProperty("ackedAtMs");
});

test("two proxies are sent the same encoded cluster, made once", () => {
  const world = new World(SERVICE, SUBSETS);
  const one = world.connect({ address: "127.77.30.1" });
  const two = world.connect({ address: "127.77.30.2", name: "client-2" });
  const first = one.held.get(CLUSTER)?.get(REVIEWS_V1);
  expect(first).toBeDefined();
  expect(two.held.get(CLUSTER)?.get(REVIEWS_V1) === first).toBe(true);
});

test("a problem is said once, and that it is mended", () => {
  const world = new World(SERVICE);
  const wrong = SUBSETS.replace("host: reviews.default.svc.cluster.local", "host: 7");
  const lines = (): string[] =>
    world.log.lines.filter((line) => line.includes("DestinationRule default/reviews"));
  world.apply(SERVICE, wrong);
  world.time.advance(200);
  world.apply(SERVICE, `${wrong}# edited\n`);
  world.time.advance(200);
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toMatch(/^mesh\.yaml:\d+:\d+: DestinationRule default\/reviews: spec\.host: /);
  world.apply(SERVICE, SUBSETS);
  world.time.advance(200);
  expect(lines()[1]).toStartWith("mended: mesh.yaml:");
});
