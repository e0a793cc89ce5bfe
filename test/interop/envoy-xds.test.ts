// A real Envoy as the client of our xDS server, in both variants: it takes, changes, loses and refuses resources.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Cluster_DiscoveryType } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Resource } from "#xds/server/resource.ts";
import { cluster, endpoints, listener, routes, world } from "#xds/testing/little-world.ts";
import { CLUSTER, ENDPOINT, ROUTE } from "#xds/type-url.ts";
import { AdsServer } from "../support/ads-server.ts";
import { Envoy, until } from "../support/envoy.ts";
import { findPeer, mustSkip } from "../support/peers.ts";

const peer = findPeer("envoy");
const HOST = "127.77.6.1";

function bootstrap(apiType: string, port: number): Record<string, unknown> {
  return {
    node: { id: "envoy-1", cluster: "test" },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
      cds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
      lds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "xds",
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: {
                      address: { socket_address: { address: "127.0.0.1", port_value: port } },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

const withTimeout = (name: string, seconds: bigint): Resource =>
  cluster(name, (message) => {
    message.connectTimeout = create(DurationSchema, { seconds });
  });

/** A backend that answers with its name. */
function origin(name: string): { readonly port: number; stop(): void } {
  const server = Bun.serve({ hostname: HOST, port: 0, fetch: () => new Response(name) });
  return { port: server.port ?? 0, stop: () => void server.stop(true) };
}

interface Running {
  readonly server: AdsServer;
  readonly envoy: Envoy;
  /** Status and body of a request through Envoy. */
  say(path: string): Promise<string>;
  readonly front: number;
}

describe.skipIf(mustSkip(peer)).each(["GRPC", "DELTA_GRPC"])("Envoy over %s", (apiType) => {
  const stops: (() => unknown)[] = [];
  const origins = { one: 0, two: 0 };
  beforeAll(() => {
    for (const name of ["one", "two"] as const) {
      const started = origin(name);
      origins[name] = started.port;
      stops.push(() => started.stop());
    }
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** Starts our server with the world that `worldOf` makes of the listener, and an Envoy that takes it. */
  async function start(worldOf: (front: Resource) => Resource[]): Promise<Running> {
    if (peer.kind !== "found") throw new Error(peer.reason);
    const free = origin("free");
    const front = free.port;
    free.stop();
    const server = await AdsServer.start(world(...worldOf(frontOf(front))));
    stops.push(() => server.close());
    const config = bootstrap(apiType, server.address.port);
    const envoy = await Envoy.start({ path: peer.path, bootstrap: config });
    stops.push(() => envoy.stop());
    const say = async (path: string): Promise<string> => {
      try {
        const response = await fetch(`http://${HOST}:${front}${path}`, { keepalive: false });
        return `${response.status} ${await response.text()}`;
      } catch {
        return "unreachable";
      }
    };
    await until(() => server.isLive);
    await until(async () => (await say("/")) === "200 one");
    return { server, envoy, say, front };
  }

  const frontOf = (port: number): Resource => listener("front", HOST, port, "main");

  test("moves from one cluster to another in one step, never without an answer", async () => {
    const { server, envoy, say, front } = await start((entry) => [
      ...[cluster("a"), endpoints("a", HOST, [origins.one])],
      ...[entry, routes("main", { "/": "a" })],
    ]);
    const answers = new Set<string>();
    let isMoving = true;
    const watch = (async () => {
      while (isMoving) answers.add(await say("/"));
    })();
    server.offer(
      world(
        ...[cluster("b"), endpoints("b", HOST, [origins.two])],
        ...[frontOf(front), routes("main", { "/": "b" })],
      ),
    );
    await until(async () => (await say("/")) === "200 two");
    await until(async () => !(await envoy.admin("/clusters")).includes("a::"));
    isMoving = false;
    await watch;
    expect([...answers].sort()).toEqual(["200 one", "200 two"]);
    await until(() => server.isLive);
    for (const name of [
      "cluster_manager.cds.update_rejected",
      "listener_manager.lds.update_rejected",
      "http.front.rds.main.update_rejected",
      "cluster.b.update_rejected",
      "cluster.b.update_failure",
    ]) {
      expect([name, await envoy.stat(name)]).toEqual([name, 0]);
    }
  });

  test("warms a changed cluster at once: its endpoints come again unasked", async () => {
    const rest = (front: Resource): Resource[] => [
      ...[endpoints("a", HOST, [origins.one]), front, routes("main", { "/": "a" })],
    ];
    const { server, envoy, say, front } = await start((entry) => [cluster("a"), ...rest(entry)]);
    server.offer(world(withTimeout("a", 3n), ...rest(frontOf(front))));
    await until(async () => (await envoy.stat("cluster_manager.cluster_modified")) === 1);
    await until(async () => (await envoy.stat("cluster_manager.warming_clusters")) === 0, 1_000);
    await until(() => server.isLive);
    expect(await say("/")).toBe("200 one");
    expect(server.nacks()).toEqual([]);
  });

  test("refuses a bad cluster in words that name it, and takes everything else of the same world", async () => {
    const { server, envoy, say, front } = await start((entry) => [
      ...[cluster("b"), endpoints("b", HOST, [origins.one])],
      ...[entry, routes("main", { "/": "b" })],
    ]);
    const bad = cluster("bad", (message) => {
      message.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.LOGICAL_DNS };
    });
    const worldOf = (c: Resource, port: number): ReturnType<typeof world> =>
      world(
        ...[
          cluster("b"),
          bad,
          c,
          endpoints("b", HOST, [origins.one]),
          endpoints("c", HOST, [port]),
        ],
        ...[frontOf(front), routes("main", { "/c": "c", "/": "b" })],
      );
    server.offer(worldOf(cluster("c"), origins.two));
    await until(async () => (await say("/c")) === "200 two");
    expect(await say("/")).toBe("200 one");
    expect(server.nacks()).toMatchObject([
      { typeUrl: CLUSTER, names: ["bad"], isNarrowing: false },
    ]);
    expect(server.nacks()[0]?.message).toStartWith("Error adding/updating cluster(s) bad: ");
    const status = [...server.drivers][0]?.engine.status();
    expect(status?.map((type) => type.sync)).toEqual(["rejected", "live", "live", "live"]);
    // The refused one stays out of the way of the next change.
    server.offer(worldOf(withTimeout("c", 2n), origins.one));
    await until(async () => (await say("/c")) === "200 one");
    expect(server.nacks().length).toBe(1);
    expect(await envoy.stat("cluster_manager.cds.update_rejected")).toBe(1);
  });

  test("takes good neighbours of resources that it refuses without naming them", async () => {
    const { server, say, front } = await start((entry) => [
      ...[cluster("b"), endpoints("b", HOST, [origins.one]), endpoints("z", HOST, [1])],
      ...[cluster("z"), entry, routes("main", { "/": "b" })],
    ]);
    // connect_timeout below zero fails validation: Envoy takes nothing of the response, and does not say which it was.
    server.offer(
      world(
        ...[cluster("b"), withTimeout("y", -1n), cluster("c"), cluster("z")],
        ...[endpoints("b", HOST, [origins.one]), endpoints("c", HOST, [origins.two])],
        ...[endpoints("z", "no-address", [1])],
        ...[frontOf(front), routes("main", { "/c": "c", "/": "b" })],
      ),
    );
    await until(async () => (await say("/c")) === "200 two");
    await until(() => {
      const engine = [...server.drivers][0]?.engine;
      const states = [CLUSTER, ENDPOINT].flatMap(
        (type) => engine?.resources(type).map((r) => `${r.name} ${r.state}`) ?? [],
      );
      return (
        states.join(", ") ===
        "b accepted, c accepted, y refused, z accepted, b accepted, c accepted, z refused"
      );
    });
  });

  test("is sent nothing again by a server that comes back with the same world", async () => {
    const all = (entry: Resource): Resource[] => [
      ...[cluster("a"), endpoints("a", HOST, [origins.one])],
      ...[entry, routes("main", { "/": "a" })],
    ];
    const { server, envoy, say, front } = await start(all);
    const { port } = server.address;
    await server.close();
    await until(async () => (await envoy.stat("control_plane.connected_state")) === 0);
    expect(await say("/")).toBe("200 one");
    const again = await AdsServer.start(world(...all(frontOf(front))), port);
    stops.push(() => again.close());
    await until(() => again.isLive && [...again.drivers][0]?.engine.status().length === 4, 15_000);
    const sent = [...again.drivers][0]?.engine
      .status()
      .filter((type) => type.sentNonce !== "")
      .map((type) => type.typeUrl);
    // In SotW names may have changed while the stream was down, so what is named is sent.
    expect(sent).toEqual(apiType === "GRPC" ? [ENDPOINT, ROUTE] : []);
    expect(await say("/")).toBe("200 one");
    expect(again.nacks()).toEqual([]);
  }, 20_000);

  test("takes 40,000 endpoints and more than 5 MB in one push", async () => {
    const big = (count: number): Resource => {
      const ports = Array.from({ length: count }, (_, i) => 1 + i);
      return endpoints("big", "127.77.6.3", ports, "x".repeat(110));
    };
    const { server, envoy, front } = await start((entry) => [
      ...[cluster("a"), endpoints("a", HOST, [origins.one]), cluster("big"), big(1)],
      ...[entry, routes("main", { "/": "a" })],
    ]);
    const push = big(40_000);
    expect(push.body.length).toBeGreaterThan(5_000_000);
    server.offer(
      world(
        ...[cluster("a"), endpoints("a", HOST, [origins.one]), cluster("big"), push],
        ...[frontOf(front), routes("main", { "/": "a" })],
      ),
    );
    await until(async () => (await envoy.stat("cluster.big.membership_total")) === 40_000, 15_000);
    await until(() => server.isLive);
  }, 30_000);
});
