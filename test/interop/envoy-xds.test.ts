// A real Envoy as the client of our xDS server, in both variants: it takes, changes, loses and refuses resources.

import { afterAll, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Cluster_DiscoveryType } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Resource } from "#xds/server/resource.ts";
import { cluster, endpoints, listener, routes, world } from "#xds/testing/little-world.ts";
import { CLUSTER } from "#xds/type-url.ts";
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

describe.skipIf(mustSkip(peer)).each(["GRPC", "DELTA_GRPC"])("Envoy over %s", (apiType) => {
  const stops: (() => unknown)[] = [];
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test("takes a world, follows its changes, keeps serving what it refuses to replace", async () => {
    if (peer.kind !== "found") return;
    const one = origin("one");
    const two = origin("two");
    stops.push(
      () => one.stop(),
      () => two.stop(),
    );
    const free = origin("free");
    const front = free.port;
    free.stop();
    const say = async (path: string): Promise<string> => {
      try {
        const response = await fetch(`http://${HOST}:${front}${path}`, { keepalive: false });
        return `${response.status} ${await response.text()}`;
      } catch {
        return "unreachable";
      }
    };
    const entry = listener("front", HOST, front, "main");
    const server = await AdsServer.start(
      world(cluster("a"), endpoints("a", HOST, [one.port]), entry, routes("main", { "/": "a" })),
    );
    stops.push(() => server.close());
    const envoy = await Envoy.start({
      path: peer.path,
      bootstrap: bootstrap(apiType, server.address.port),
    });
    stops.push(() => envoy.stop());

    await until(async () => (await say("/")) === "200 one");
    await until(() => server.isLive);

    // Make before break: a moves to b in one step, never without an answer.
    const answers = new Set<string>();
    let isMoving = true;
    const watch = (async () => {
      while (isMoving) answers.add(await say("/"));
    })();
    server.offer(
      world(cluster("b"), endpoints("b", HOST, [two.port]), entry, routes("main", { "/": "b" })),
    );
    await until(async () => (await say("/")) === "200 two");
    await until(async () => !(await envoy.admin("/clusters")).includes("a::"));
    isMoving = false;
    await watch;
    expect([...answers].sort()).toEqual(["200 one", "200 two"]);
    await until(() => server.isLive);

    // An endpoint change alone; a cluster change alone, which has to bring its endpoints again.
    const route = routes("main", { "/": "b" });
    server.offer(world(cluster("b"), endpoints("b", HOST, [one.port]), entry, route));
    await until(async () => (await say("/")) === "200 one");
    const changed = withTimeout("b", 3n);
    server.offer(world(changed, endpoints("b", HOST, [one.port]), entry, route));
    await until(async () => (await envoy.stat("cluster_manager.cluster_modified")) === 1);
    await until(async () => (await envoy.stat("cluster_manager.warming_clusters")) === 0);
    await until(() => server.isLive);
    expect(await say("/")).toBe("200 one");

    expect(server.nacks()).toEqual([]);
    for (const name of [
      "cluster_manager.cds.update_rejected",
      "listener_manager.lds.update_rejected",
      "http.front.rds.main.update_rejected",
      "cluster.b.update_failure",
    ]) {
      expect([name, await envoy.stat(name)]).toEqual([name, 0]);
    }

    // One bad cluster: refused in words that name it; everything else of the same world arrives.
    const bad = cluster("bad", (message) => {
      message.clusterDiscoveryType = { case: "type", value: Cluster_DiscoveryType.LOGICAL_DNS };
    });
    server.offer(
      world(
        changed,
        bad,
        cluster("c"),
        endpoints("b", HOST, [one.port]),
        endpoints("c", HOST, [two.port]),
        entry,
        routes("main", { "/c": "c", "/": "b" }),
      ),
    );
    await until(async () => (await say("/c")) === "200 two");
    expect(await say("/")).toBe("200 one");
    expect(server.nacks().map((nack) => [nack.typeUrl, nack.names])).toEqual([[CLUSTER, ["bad"]]]);
    expect(server.nacks()[0]?.message).toStartWith("Error adding/updating cluster(s) bad: ");
    const status = [...server.drivers][0]?.engine.status();
    expect(status?.map((type) => type.sync)).toEqual(["rejected", "live", "live", "live"]);

    // The refused one stays out of the way of the next change.
    server.offer(
      world(
        changed,
        bad,
        withTimeout("c", 2n),
        endpoints("b", HOST, [one.port]),
        endpoints("c", HOST, [one.port]),
        entry,
        routes("main", { "/c": "c", "/": "b" }),
      ),
    );
    await until(async () => (await say("/c")) === "200 one");
    expect(server.nacks().length).toBe(1);
    expect(await envoy.stat("cluster_manager.cds.update_rejected")).toBe(1);
    expect(server.outcomes.filter((o) => o.kind === "refused")).toEqual([]);
  }, 30_000);
});
