// A proxy's resources against a real xDS server engine, in memory and on a virtual clock.
import { describe, expect, test } from "bun:test";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { Cluster_DiscoveryType } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { SILENT_LOG } from "#base/log.ts";
import type { SocketError } from "#base/net.ts";
import type { Resource } from "#xds/server/resource.ts";
import { cluster, endpoints, listener, routes, world } from "#xds/testing/little-world.ts";
import { MemoryTransport } from "#xds/testing/memory-transport.ts";
import { CLUSTER, ENDPOINT, ROUTE, shortTypeName } from "#xds/type-url.ts";
import type { BootstrapConfig } from "../config/bootstrap-config.ts";
import { parseBootstrap } from "../config/parse-bootstrap.ts";
import { RouteStore } from "../route/route-store.ts";
import { StatsStore } from "../stats/stats-store.ts";
import { ClusterManager } from "../upstream/cluster-manager.ts";
import { TestLoop } from "../upstream/testing/upstream-fixtures.ts";
import { clusterGroup, listenerGroup, routeGroup } from "./config-view.ts";
import type { ListenerTarget } from "./listener-subscription.ts";
import { ResourceLoader } from "./resource-loader.ts";

type Json = Readonly<Record<string, unknown>>;

const ADS = { ads: {}, resource_api_version: "V3" };

function bootstrap(
  protocol: "sotw" | "delta",
  more: { resources?: Json; dynamic?: Json } = {},
): BootstrapConfig {
  const json = {
    node: { id: "proxy-1", cluster: "test" },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === "sotw" ? "GRPC" : "DELTA_GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
      ...(more.dynamic ?? { cds_config: ADS, lds_config: ADS }),
    },
    static_resources: {
      ...more.resources,
      clusters: [
        {
          name: "xds",
          connect_timeout: "1s",
          type: "STATIC",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: { cluster_name: "xds", endpoints: [localityOf("127.0.0.1", 15010)] },
        },
        ...((more.resources?.["clusters"] as Json[] | undefined) ?? []),
      ],
    },
  };
  const message = messageFromJson(BootstrapSchema, json);
  if (message.kind === "rejected") throw new Error(JSON.stringify(message.problems));
  const parsed = parseBootstrap(message.value);
  if (parsed.kind === "rejected") throw new Error(`${parsed.path}: ${parsed.message}`);
  return parsed.value;
}

function localityOf(host: string, port: number): Json {
  return {
    lb_endpoints: [
      { endpoint: { address: { socket_address: { address: host, port_value: port } } } },
    ],
  };
}

/** Writes down what it is told; refuses the ports that a test takes. */
class Listeners implements ListenerTarget {
  readonly said: string[] = [];
  readonly taken = new Set<number>();

  update(config: { name: string; address: { port: number } }): SocketError | undefined {
    if (this.taken.has(config.address.port)) {
      return { code: "EADDRINUSE", message: "Address already in use" };
    }
    this.said.push(`+${config.name}`);
    return undefined;
  }

  remove(name: string): void {
    this.said.push(`-${name}`);
  }
}

class Subject {
  readonly loop = new TestLoop();
  readonly time = this.loop.time;
  readonly stats = new StatsStore();
  readonly transport: MemoryTransport;
  readonly clusters: ClusterManager;
  readonly routes = new RouteStore();
  readonly listeners = new Listeners();
  readonly loader: ResourceLoader;

  constructor(config: BootstrapConfig, resources: readonly Resource[]) {
    this.transport = new MemoryTransport(world(...resources), this.time, this.time);
    this.clusters = new ClusterManager({
      loop: this.loop,
      dns: { resolve: () => Promise.resolve({ kind: "failed", reason: "no such name" }) },
      stats: this.stats,
      log: SILENT_LOG,
    });
    this.loader = new ResourceLoader(
      config,
      {
        clock: this.time,
        timers: this.time,
        stats: this.stats,
        log: SILENT_LOG,
        random: this.loop.random,
        loop: this.loop,
        transport: this.transport,
      },
      { clusters: this.clusters, listeners: this.listeners, routes: this.routes },
    );
    this.loader.start();
  }

  offer(...resources: readonly Resource[]): void {
    this.transport.offer(world(...resources));
    this.transport.deliver();
  }

  sleep(ms: number): void {
    this.time.advance(ms, () => this.transport.deliver());
  }

  /** Types as they were first asked for. */
  asked(): string[] {
    return [...new Set(this.transport.requests.map((r) => shortTypeName(r.typeUrl)))];
  }

  nacks(): [string, string][] {
    return this.transport.requests.flatMap((r) =>
      r.errorDetail === undefined ? [] : [[shortTypeName(r.typeUrl), r.errorDetail.message]],
    );
  }

  hosts(name: string): string[] {
    return this.clusters.cluster(name)?.hosts.map((host) => host.addressText) ?? ["absent"];
  }

  stat(name: string): number | undefined {
    return this.stats.snapshot().scalars.find((sample) => sample.name === name)?.value;
  }
}

const H = "127.77.6.2";
const badCluster = (name: string): Resource =>
  cluster(name, (message) => {
    message.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.LOGICAL_DNS };
  });
/** A world where one listener sends everything to one cluster. */
const mesh = (to: string): Resource[] => [
  cluster(to),
  endpoints(to, H, [1]),
  listener("front", H, 80, "main"),
  routes("main", { "/": to }),
];

describe.each(["sotw", "delta"] as const)("over %s", (protocol) => {
  test("start-up goes clusters, endpoints, listeners, routes, then ready", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    expect(s.loader.isReady).toBe(false);
    s.transport.deliver();
    expect(s.asked()).toEqual(["CDS", "EDS", "LDS", "RDS"]);
    expect(s.listeners.said).toEqual(["+front"]);
    expect(s.hosts("a")).toEqual([`${H}:1`]);
    expect(s.routes.source("main").table).toBeDefined();
    expect(s.loader.isReady).toBe(true);
    expect(s.nacks()).toEqual([]);
    expect(s.transport.server?.status().map((type) => type.sync)).toEqual([
      "live",
      "live",
      "live",
      "live",
    ]);
  });

  test("a change moves traffic, then the old cluster and its endpoints go", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    const before = s.routes.source("main").table;
    s.offer(...mesh("b"));
    expect(s.routes.source("main").table).not.toBe(before);
    expect(s.hosts("b")).toEqual([`${H}:1`]);
    expect(s.hosts("a")).toEqual(["absent"]);
    expect(s.clusters.edsNames()).toEqual(["b"]);
    expect(s.listeners.said).toEqual(["+front"]);
    expect(s.transport.server?.status().every((type) => type.sync === "live")).toBe(true);
  });

  test("one bad cluster is refused by name and field, its neighbours are taken, its last good self stays", () => {
    const s = new Subject(bootstrap(protocol), [
      ...mesh("a"),
      cluster("b"),
      endpoints("b", H, [2]),
    ]);
    s.transport.deliver();
    s.offer(
      ...mesh("a"),
      badCluster("b"),
      endpoints("b", H, [2]),
      cluster("c"),
      endpoints("c", H, [3]),
    );
    expect(s.nacks().map(([type]) => type)).toEqual(["CDS"]);
    expect(s.nacks()[0]?.[1]).toStartWith("Error adding/updating cluster(s) b: type: ");
    expect(s.hosts("b")).toEqual([`${H}:2`]);
    expect(s.hosts("c")).toEqual([`${H}:3`]);
    expect(s.stat("cluster_manager.cds.update_rejected")).toBe(1);
    const group = clusterGroup(s.loader, s.clusters);
    expect(group.rejected.map(({ name }) => name)).toEqual(["b"]);
    s.offer(
      ...mesh("a"),
      cluster("b"),
      endpoints("b", H, [4]),
      cluster("c"),
      endpoints("c", H, [3]),
    );
    expect(s.hosts("b")).toEqual([`${H}:4`]);
    expect(clusterGroup(s.loader, s.clusters).rejected).toEqual([]);
  });

  test("a bad route configuration leaves the old one in use, a good one beside it is taken", () => {
    const worldOf = (main: Resource, other: Resource): Resource[] => [
      ...[cluster("a"), endpoints("a", H, [1])],
      ...[listener("front", H, 80, "main"), listener("side", H, 81, "other")],
      ...[main, other],
    ];
    const s = new Subject(
      bootstrap(protocol),
      worldOf(routes("main", { "/": "a" }), routes("other", { "/": "a" })),
    );
    s.transport.deliver();
    const [main, other] = [s.routes.source("main").table, s.routes.source("other").table];
    const good = routes("other", { "/": "a" });
    const bad = { ...good, body: new Uint8Array([255]), version: "bad" };
    s.offer(...worldOf(routes("main", { "/new": "a" }), bad));
    expect(s.routes.source("main").table).not.toBe(main);
    expect(s.routes.source("other").table).toBe(other);
    expect(new Set(s.nacks().map(([type]) => type))).toEqual(new Set(["RDS"]));
    const status = s.transport.server?.resources(ROUTE).map((r) => `${r.name} ${r.state}`);
    expect(status).toEqual(["main accepted", "other refused"]);
  });

  test("a listener warms until its routes come, and what it replaces serves on", () => {
    const clusters = [cluster("a"), endpoints("a", H, [1])];
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    const other = listener("front", H, 80, "later");
    s.offer(...clusters, routes("main", { "/": "a" }), other);
    if (protocol === "sotw") {
      // In SotW nobody can say that the routes do not exist.
      expect(s.listeners.said).toEqual(["+front"]);
      expect(s.stat("listener_manager.total_listeners_warming")).toBe(1);
      expect(listenerGroup(s.loader).resources.map((r) => r.state)).toEqual(["active", "warming"]);
    }
    s.offer(...clusters, other, routes("later", { "/": "a" }));
    expect(s.listeners.said).toEqual(["+front", "+front"]);
    expect(s.routes.source("later").table).toBeDefined();
    expect(s.stat("listener_manager.total_listeners_warming")).toBe(0);
    expect(routeGroup(s.loader, s.routes).resources.map((r) => r.message.name)).toEqual(["later"]);
  });

  test("a removed listener drains, and its routes are no more asked for", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    s.offer(cluster("a"), endpoints("a", H, [1]));
    expect(s.listeners.said).toEqual(["+front", "-front"]);
    const last = s.transport.requests.findLast((r) => r.typeUrl === ROUTE);
    if (last?.$typeName === "envoy.service.discovery.v3.DiscoveryRequest") {
      expect(last.resourceNames).toEqual([]);
    } else {
      expect(last?.resourceNamesUnsubscribe).toEqual(["main"]);
    }
    expect(s.stat("http.front.rds.main.update_success")).toBeUndefined();
  });

  test("a listener that cannot listen is refused with the address and the reason", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    s.listeners.taken.add(82);
    const clusters = [cluster("a"), endpoints("a", H, [1]), routes("main", { "/": "a" })];
    s.offer(...clusters, listener("front", H, 80, "main"), listener("front-2", H, 82, "main"));
    const words = `Error adding/updating listener(s) front-2: cannot bind '${H}:82': Address already in use`;
    expect(s.nacks()).toEqual([["LDS", words]]);
    expect(s.listeners.said).toEqual(["+front"]);
    s.listeners.taken.delete(82);
    s.offer(...clusters, listener("front", H, 80, "main"), listener("front-2", H, 83, "main"));
    expect(s.listeners.said).toEqual(["+front", "+front-2"]);
  });

  test("a listener that cannot listen after it has warmed leaves no route subscription behind", () => {
    const s = new Subject(bootstrap(protocol), []);
    s.transport.deliver();
    expect(s.loader.isReady).toBe(true);
    s.listeners.taken.add(80);
    s.offer(...mesh("a"));
    expect(s.listeners.said).toEqual([]);
    expect([...s.loader.listeners.active]).toEqual([]);
    expect(s.stat("http.front.rds.main.update_success")).toBeUndefined();
  });

  test("the proxy serves on without its management server, and comes back without being sent anything twice", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    s.transport.isUp = false;
    s.transport.break();
    s.sleep(60_000);
    expect(s.transport.openCount).toBeGreaterThan(3);
    expect(s.hosts("a")).toEqual([`${H}:1`]);
    expect(s.stat("control_plane.connected_state")).toBe(0);
    expect(s.stat("cluster_manager.cds.update_failure")).toBe(s.transport.openCount);
    s.transport.isUp = true;
    const sent = s.transport.responses.length;
    s.sleep(60_000);
    expect(s.stat("control_plane.connected_state")).toBe(1);
    const again = s.transport.responses.slice(sent).map((r) => shortTypeName(r.typeUrl));
    expect(again).toEqual(protocol === "sotw" ? ["EDS", "RDS"] : []);
    s.offer(...mesh("b"));
    expect(s.hosts("b")).toEqual([`${H}:1`]);
    expect(s.listeners.said).toEqual(["+front"]);
  });

  test("without an answer of the management server listeners of the file start after the fetch timeout", () => {
    const file = {
      listeners: [
        {
          name: "static",
          address: { socket_address: { address: H, port_value: 9 } },
          filter_chains: [
            {
              filters: [
                {
                  name: "tcp",
                  typed_config: {
                    "@type":
                      "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                    stat_prefix: "tcp",
                    cluster: "xds",
                  },
                },
              ],
            },
          ],
        },
      ],
    };
    const s = new Subject(bootstrap(protocol, { resources: file }), []);
    s.transport.isUp = false;
    s.sleep(14_999);
    expect(s.listeners.said).toEqual([]);
    s.sleep(1);
    expect(s.listeners.said).toEqual(["+static"]);
    expect(s.loader.isReady).toBe(false);
    s.sleep(15_000);
    expect(s.loader.isReady).toBe(true);
    expect(s.stat("cluster_manager.cds.init_fetch_timeout")).toBe(1);
    expect(s.stat("listener_manager.lds.init_fetch_timeout")).toBe(1);
  });

  test("a cluster of the file is neither replaced nor removed by CDS", () => {
    const s = new Subject(bootstrap(protocol), [cluster("xds"), ...mesh("a")]);
    s.transport.deliver();
    expect(s.clusters.cluster("xds")?.config.addedViaApi).toBe(false);
    expect(s.nacks()).toEqual([]);
    s.offer(...mesh("a"));
    expect(s.clusters.cluster("xds")).toBeDefined();
    expect(clusterGroup(s.loader, s.clusters).resources.map((r) => r.state)).toEqual([
      "active",
      "static",
    ]);
  });

  test("once up, the ACK of CDS waits until the new cluster is in use", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    const slow = cluster("slow", (message) => {
      message.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.EDS };
    });
    s.offer(...mesh("a"), slow);
    const cds = (): string | undefined =>
      s.transport.server?.status().find((type) => type.typeUrl === CLUSTER)?.sync;
    if (protocol === "sotw") expect(cds()).toBe("behind");
    s.offer(...mesh("a"), slow, endpoints("slow", H, [5]));
    expect(cds()).toBe("live");
    expect(s.hosts("slow")).toEqual([`${H}:5`]);
  });

  test("endpoints that do not exist do not keep a cluster from warming, where the protocol can say so", () => {
    const s = new Subject(bootstrap(protocol), [cluster("a")]);
    s.transport.deliver();
    expect(s.clusters.cluster("a") !== undefined).toBe(protocol === "delta");
    s.sleep(15_000);
    expect(s.hosts("a")).toEqual([]);
  });

  test("statistics and dumps carry versions", () => {
    const s = new Subject(bootstrap(protocol), mesh("a"));
    s.transport.deliver();
    const texts = new Map(s.stats.snapshot().texts.map(({ name, value }) => [name, value]));
    expect(texts.get("control_plane.identifier")).toBe("memory");
    for (const name of [
      "cluster_manager.cds",
      "listener_manager.lds",
      "http.front.rds.main",
      "cluster.a",
    ]) {
      expect(texts.get(`${name}.version_text`)).toMatch(/^[0-9a-f]{16}$/);
      expect([name, s.stat(`${name}.update_success`)]).toEqual([name, 1]);
      expect([name, s.stat(`${name}.update_attempt`)]).toEqual([name, 2]);
      expect(s.stat(`${name}.update_rejected`)).toBe(0);
    }
    expect(s.stat("cluster_manager.cds.config_reload")).toBe(1);
    expect(s.stat("http.front.rds.main.config_reload")).toBe(1);
    const [first] = listenerGroup(s.loader).resources;
    expect(first?.versionInfo).toMatch(/^[0-9a-f]{16}$/);
    expect(first?.lastUpdatedMs).toBe(s.time.wallMs());
    expect([...s.loader.endpoints.assignments.keys()]).toEqual(["a"]);
  });

  test("stop ends the stream and every timer", () => {
    const s = new Subject(bootstrap(protocol), []);
    s.loader.stop();
    s.transport.deliver();
    expect(s.time.timerCount).toBe(0);
    expect(s.transport.requests).toEqual([]);
  });
});

test("a duplicate name is refused once, the first of it taken", () => {
  const s = new Subject(bootstrap("sotw"), []);
  s.transport.deliver();
  const twice = [cluster("a"), cluster("a")];
  // Our own server would not send it: handed in beside it.
  s.loader.clusters.handleUpdate({
    typeUrl: CLUSTER,
    version: "v",
    resources: twice.map(({ name, body }) => ({ name, version: "v", body })),
    removed: [],
    isFullState: true,
  });
  expect(s.clusters.warmingClusters().map(({ name }) => name)).toEqual(["a"]);
  expect(clusterGroup(s.loader, s.clusters).rejected[0]?.details).toBe("duplicate resource name");
});

test("a NACK of thousands of resources stays short", () => {
  const s = new Subject(bootstrap("sotw"), []);
  const verdict = s.loader.endpoints.handleUpdate({
    typeUrl: ENDPOINT,
    version: "v",
    resources: Array.from({ length: 5000 }, () => ({
      name: "",
      version: "v",
      body: new Uint8Array([255]),
    })),
    removed: [],
    isFullState: false,
  });
  expect(verdict.kind === "rejected" && verdict.message.length).toBeLessThan(2000);
  expect(verdict.kind === "rejected" && verdict.message).toEndWith("and 4980 more");
});
