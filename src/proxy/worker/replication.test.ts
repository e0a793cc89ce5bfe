// Whatever the loader does to worker 0, another worker is in the same state when it has obeyed.
import { describe, expect, test } from "bun:test";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { parseCluster } from "../config/parse-cluster.ts";
import { parseEndpoints } from "../config/parse-endpoints.ts";
import { parseListener } from "../config/parse-listener.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import type { Parsed } from "../config/parsed.ts";
import { MemoryNet } from "../testing/memory-net.ts";
import type { ResourceTargets } from "../xds-client/targets.ts";
import { Follower, type FollowerPorts } from "./follower.ts";
import type { WorkerOrder } from "./messages.ts";
import { ProxyWorker } from "./proxy-worker.ts";
import { replicateTargets } from "./replicated-targets.ts";
import { clusterJson, listenerJson, routesJson } from "./testing/worker-pair.ts";

function parsed<D extends DescMessage, C>(
  schema: D,
  json: unknown,
  parse: (message: MessageShape<D>) => Parsed<C>,
): C {
  const message = messageFromJson(schema, json);
  if (message.kind === "rejected") throw new Error(message.problems.join());
  const config = parse(message.value);
  if (config.kind === "rejected") throw new Error(`${config.path}: ${config.message}`);
  return config.value;
}

const SILENT = {
  debug() {},
  info() {},
  warning() {},
  error(message: string) {
    throw new Error(message);
  },
  child: () => SILENT,
};

function ports(): FollowerPorts {
  const time = new FakeTime();
  return {
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    net: new MemoryNet(),
    files: {
      read: async () => ({ kind: "failed", reason: "" }),
      list: async () => [],
      watch: () => ({ close() {} }),
      append: () => ({ kind: "failed", reason: "" }),
    },
    log: SILENT,
    environment: { hostname: "here", environment: () => undefined },
    memory: () => ({ usedHeapBytes: 0, totalHeapBytes: 0, residentBytes: 0 }),
    setLogLevel: () => {},
  };
}

const settings = (index: number) => ({
  index,
  workerCount: 2,
  sharesPorts: true,
  drainTimeMs: 1_000,
  statsFlushIntervalMs: 5_000,
});

/** All that serving depends on. */
function stateOf({ clusters, listeners, routes }: ProxyWorker) {
  return {
    active: clusters.clusters().map(({ name, config, hosts }) => ({
      name,
      hash: config.hash,
      addedViaApi: config.addedViaApi,
      hosts: hosts.map(({ addressText }) => addressText),
    })),
    warming: clusters.warmingClusters().map(({ name, config }) => [name, config.hash]),
    routes: [...routes.tables()].map(({ config }) => [config.name, config.hash]).sort(),
    listeners: listeners.list().map(({ config, address }) => [config.name, config.hash, address]),
  };
}

class Pair {
  readonly main: ProxyWorker;
  readonly follower: Follower;
  readonly targets: ResourceTargets;
  readonly orders: WorkerOrder[] = [];

  constructor() {
    const dns = { resolve: async () => ({ kind: "failed" as const, reason: "" }) };
    this.main = new ProxyWorker({ ...ports(), dns }, settings(0));
    this.follower = new Follower(ports(), settings(1), () => {});
    this.targets = replicateTargets(this.main, (order) => this.orders.push(order));
  }

  /** The follower obeys what was sent, in its own time. */
  obey(): void {
    for (const order of this.orders.splice(0)) this.follower.handle(structuredClone(order));
  }

  do(task: () => void): void {
    this.main.dispatcher.run(task);
  }
}

const cluster = (name: string, port: number, addedViaApi = true) =>
  parsed(ClusterSchema, clusterJson(name, { host: "127.0.0.1", port }), (message) =>
    parseCluster(message, { addedViaApi }),
  );

const edsCluster = (name: string, weight: number) =>
  parsed(
    ClusterSchema,
    {
      name,
      type: "EDS",
      eds_cluster_config: { eds_config: { ads: {}, resource_api_version: "V3" } },
      circuit_breakers: { thresholds: [{ max_requests: weight }] },
    },
    (message) => parseCluster(message, { addedViaApi: true }),
  );

const endpoints = (name: string, port: number) =>
  parsed(
    ClusterLoadAssignmentSchema,
    {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                address: { socket_address: { address: "127.0.0.1", port_value: port } },
              },
              metadata: { filter_metadata: { "envoy.lb": { canary: true } } },
            },
          ],
        },
      ],
    },
    parseEndpoints,
  );

const routes = (name: string, variant: number) =>
  parsed(RouteConfigurationSchema, routesJson(name, `c${variant}`), parseRouteConfiguration);

const listener = (name: string, port: number, statPrefix: string, rdsName: string) =>
  parsed(
    ListenerSchema,
    listenerJson(
      name,
      { host: "127.0.0.1", port },
      {
        stat_prefix: statPrefix,
        rds: {
          route_config_name: rdsName,
          config_source: { ads: {}, resource_api_version: "V3" },
        },
      },
    ),
    (message) => parseListener(message, { addedViaApi: true }),
  );

/** One step of a loader's life, as text for the reader of a failure. */
const STEPS = {
  updateCluster: (pair: Pair, name: string, variant: number) =>
    pair.targets.clusters.update(cluster(name, 1000 + variant)),
  updateEdsCluster: (pair: Pair, name: string, variant: number) =>
    pair.targets.clusters.update(edsCluster(name, 1 + variant)),
  updateStaticCluster: (pair: Pair, name: string, variant: number) =>
    pair.targets.clusters.update(cluster(name, 2000 + variant, false)),
  removeCluster: (pair: Pair, name: string) => pair.targets.clusters.remove(name),
  updateEndpoints: (pair: Pair, name: string, variant: number) =>
    pair.targets.clusters.updateEndpoints(endpoints(name, 3000 + variant)),
  removeEndpoints: (pair: Pair, name: string) => pair.targets.clusters.removeEndpoints(name),
  updateRoutes: (pair: Pair, name: string, variant: number) =>
    pair.targets.routes.update(routes(name, variant)),
  removeRoutes: (pair: Pair, name: string) => pair.targets.routes.remove(name),
  updateListener: (pair: Pair, name: string, variant: number) =>
    pair.targets.listeners.update(listener(name, 10_000 + variant, "in", name)),
  updateListenerInPlace: (pair: Pair, name: string, variant: number) =>
    pair.targets.listeners.update(listener(name, 0, `in${variant}`, name)),
  removeListener: (pair: Pair, name: string) => pair.targets.listeners.remove(name),
  obey: (pair: Pair) => pair.obey(),
} as const;

describe("replicateTargets and Follower", () => {
  test("any sequence of updates, in any rhythm, ends in the same state", () => {
    const step = fc.record({
      kind: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
      name: fc.constantFrom("a", "b", "c"),
      variant: fc.nat({ max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pair = new Pair();
        for (const { kind, name, variant } of steps) {
          pair.do(() => void STEPS[kind](pair, name, variant));
        }
        pair.obey();
        expect(stateOf(pair.follower.worker)).toEqual(stateOf(pair.main));
        pair.main.close();
        pair.follower.worker.close();
      }),
      { numRuns: 300 },
    );
  });

  test("a repeated resource is not sent again", () => {
    const pair = new Pair();
    pair.targets.clusters.update(cluster("a", 1));
    pair.targets.routes.update(routes("a", 1));
    const before = pair.orders.length;
    pair.targets.clusters.update(cluster("a", 1));
    pair.targets.routes.update(routes("a", 1));
    expect(pair.orders.length).toBe(before);
  });

  test("a listener that worker 0 cannot open is not sent", () => {
    const pair = new Pair();
    expect(pair.targets.listeners.update(listener("a", 10_000, "in", "r"))).toBeUndefined();
    expect(pair.targets.listeners.update(listener("b", 10_000, "in", "r"))?.code).toBe(
      "EADDRINUSE",
    );
    expect(pair.orders.map(({ kind }) => kind)).toEqual(["updateListener"]);
  });

  test("what worker 0 cannot have accepted is our bug, and said so", () => {
    const pair = new Pair();
    const counts = new Int32Array(new SharedArrayBuffer(32));
    expect(() =>
      pair.follower.handle({
        kind: "updateCluster",
        addedViaApi: true,
        body: new Uint8Array(),
        counts,
      }),
    ).toThrow("A worker refused what worker 0 has accepted: name: ");
  });

  test("a worker that has drained lets updates pass by, and still answers", async () => {
    const answers: unknown[] = [];
    const follower = new Follower(ports(), settings(1), (answer) => {
      answers.push("id" in answer ? answer.id : answer);
    });
    follower.handle({ kind: "ask", id: 1, what: "drained", limitMs: 0 });
    await Promise.resolve();
    const pair = new Pair();
    pair.targets.clusters.update(cluster("a", 1));
    pair.targets.listeners.update(listener("a", 10_000, "in", "r"));
    for (const order of pair.orders) follower.handle(structuredClone(order));
    follower.handle({ kind: "ask", id: 2, what: "hosts" });
    expect(answers).toEqual([1, 2]);
    expect(stateOf(follower.worker).active).toEqual([]);
  });
});
