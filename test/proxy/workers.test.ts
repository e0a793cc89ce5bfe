// `sampan proxy --concurrency 2` as a process: both workers serve the same, pages add up, updates reach both, SIGTERM drains both.
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Resource } from "#xds/server/resource.ts";
import { cluster, endpoints, listener, routes, world } from "#xds/testing/little-world.ts";
import { AdsServer } from "../support/ads-server.ts";
import { until } from "../support/envoy.ts";
import { freePorts, SampanProxy } from "../support/sampan-proxy.ts";

const HOST = "127.77.41.1";
const CONNECTIONS = 200;
/** Requests under way at once: two cores do the proxy, the origin and this test. */
const AT_ONCE = 20;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A backend that answers with its name, when `gate` opens. */
function origin(name: string, gate: Promise<void> = Promise.resolve()) {
  let count = 0;
  const server = Bun.serve({
    hostname: HOST,
    port: 0,
    fetch: async () => {
      count += 1;
      await gate;
      return new Response(name);
    },
  });
  cleanUps.push(() => server.stop(true));
  return { port: server.port ?? 0, count: () => count };
}

async function start(bootstrap: Readonly<Record<string, unknown>>): Promise<SampanProxy> {
  const flags = ["--concurrency", "2", "--drain-time-s", "10", "-l", "warning"];
  const proxy = await SampanProxy.start({ bootstrap, host: HOST, flags });
  cleanUps.push(() => proxy.stop());
  return proxy;
}

/** The body of one request, on a connection of its own. */
async function ask(port: number): Promise<string> {
  const response = await fetch(`http://${HOST}:${port}/`, {
    keepalive: false,
    headers: { connection: "close" },
  });
  return response.status === 200 ? response.text() : `${response.status}`;
}

/** How often each body came. */
async function askMany(port: number, count: number): Promise<Record<string, number>> {
  const bodies: Record<string, number> = {};
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const body = await ask(port);
      bodies[body] = (bodies[body] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return bodies;
}

const at = (port: number) => ({ socket_address: { address: HOST, port_value: port } });

const TYPE = "type.googleapis.com/envoy.extensions";

function staticBootstrap(front: number, back: number, logPath: string) {
  const hcm = {
    "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    access_log: [
      {
        name: "file",
        typed_config: {
          "@type": `${TYPE}.access_loggers.file.v3.FileAccessLog`,
          path: logPath,
          log_format: {
            text_format_source: { inline_string: "%CONNECTION_ID% %RESPONSE_CODE%\n" },
          },
        },
      },
    ],
    route_config: {
      name: "r",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "back" } }],
        },
      ],
    },
    http_filters: [
      { name: "router", typed_config: { "@type": `${TYPE}.filters.http.router.v3.Router` } },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: "front",
          stat_prefix: "front",
          address: at(front),
          filter_chains: [{ filters: [{ name: "hcm", typed_config: hcm }] }],
        },
      ],
      clusters: [
        {
          name: "back",
          type: "STATIC",
          connect_timeout: "1s",
          load_assignment: {
            cluster_name: "back",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: at(back) } }] }],
          },
        },
      ],
    },
  };
}

function adsBootstrap(port: number) {
  const ads = { ads: {}, resource_api_version: "V3" };
  return {
    node: { id: "proxy-1", cluster: "test" },
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
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

/** Of a listener, by worker. */
async function connectionsByWorker(proxy: SampanProxy, listenerName: string): Promise<number[]> {
  const stat = (worker: number) =>
    proxy.stat(`listener.${listenerName}.worker_${worker}.downstream_cx_total`);
  return [(await stat(0)) ?? 0, (await stat(1)) ?? 0];
}

describe("sampan proxy --concurrency 2", () => {
  test("both workers serve, and every page shows both", async () => {
    const back = origin("back");
    const [front = 0] = await freePorts(HOST, 1);
    const logPath = join(tmpdir(), `sampan-workers-${process.pid}-${front}.log`);
    cleanUps.push(() => rmSync(logPath, { force: true }));
    const proxy = await start(staticBootstrap(front, back.port, logPath));
    expect(await askMany(front, CONNECTIONS)).toEqual({ back: CONNECTIONS });

    const [first = 0, second = 0] = await connectionsByWorker(proxy, "front");
    expect(first + second).toBe(CONNECTIONS);
    // The kernel throws a fair coin for each connection: fewer than 50 of 200 would be 7 deviations off.
    expect(Math.min(first, second)).toBeGreaterThan(CONNECTIONS / 4);
    expect(await proxy.stat("http.in.downstream_rq_total")).toBe(CONNECTIONS);
    expect(await proxy.stat("cluster.back.upstream_rq_200")).toBe(CONNECTIONS);
    expect(await proxy.stat("cluster.back.membership_total")).toBe(1);
    expect(await proxy.stat("server.concurrency")).toBe(2);
    expect(await proxy.admin("/clusters")).toContain(`:${back.port}::rq_total::${CONNECTIONS}\n`);
    expect(JSON.parse(await proxy.admin("/server_info"))).toMatchObject({
      command_line_options: { concurrency: 2 },
    });

    await proxy.admin("/reset_counters", "POST");
    expect(await proxy.stat("http.in.downstream_rq_total")).toBe(0);

    proxy.signal("SIGTERM");
    expect(await proxy.exited).toBe(0);
    const lines = readFileSync(logPath, "utf8").trimEnd().split("\n");
    expect(lines.filter((line) => !/^\d+ 200$/.test(line))).toEqual([]);
    expect(new Set(lines).size).toBe(CONNECTIONS);
  }, 30_000);

  test("updates over ADS reach both, without one failed request", async () => {
    const [a, b] = [origin("a"), origin("b")];
    const [front = 0] = await freePorts(HOST, 1);
    const common: Resource[] = [
      cluster("a"),
      endpoints("a", HOST, [a.port]),
      listener("front", HOST, front, "r"),
    ];
    const server = await AdsServer.start(world(...common, routes("r", { "/": "a" })));
    cleanUps.push(() => server.close());
    const proxy = await start(adsBootstrap(server.address.port));
    expect(await askMany(front, 60)).toEqual({ a: 60 });

    // A new cluster and a route to it, with requests running: both workers must have its endpoints before the route.
    let isOver = false;
    const during: Record<string, number> = {};
    const load = (async () => {
      while (!isOver) {
        const body = await ask(front).catch((error: unknown) => String(error));
        during[body] = (during[body] ?? 0) + 1;
      }
    })();
    const clusterB = [cluster("b"), endpoints("b", HOST, [b.port])];
    server.offer(world(...common, ...clusterB, routes("r", { "/": "b" })));
    await until(() => server.isLive);
    await until(async () => (await askMany(front, 20))["b"] === 20);
    // Only endpoints change: back to the first origin.
    const moved = endpoints("b", HOST, [a.port]);
    server.offer(world(...common, cluster("b"), moved, routes("r", { "/": "b" })));
    await until(() => server.isLive);
    await until(async () => (await askMany(front, 20))["a"] === 20);
    isOver = true;
    await load;
    expect(Object.keys(during).sort()).toEqual(["a", "b"]);
    expect(server.nacks()).toEqual([]);
    const name = `${HOST}_${front}`;
    expect(Math.min(...(await connectionsByWorker(proxy, name)))).toBeGreaterThan(0);
    expect(await proxy.stat("cluster_manager.cds.update_success")).toBeGreaterThan(0);
    proxy.signal("SIGTERM");
    expect(await proxy.exited).toBe(0);
  }, 30_000);

  test("SIGTERM: requests in flight in both workers finish, new connections are refused, status 0", async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const back = origin("back", gate);
    const [front = 0] = await freePorts(HOST, 1);
    const proxy = await start(staticBootstrap(front, back.port, "/dev/null"));
    const asked = Array.from({ length: 40 }, () => ask(front));
    await until(() => back.count() === 40);
    expect(Math.min(...(await connectionsByWorker(proxy, "front")))).toBeGreaterThan(0);
    proxy.signal("SIGTERM");
    await until(() => isRefused(front));
    open();
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["back"]));
    expect(await proxy.exited).toBe(0);
  }, 30_000);
});

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", () => resolve(true));
  });
}
