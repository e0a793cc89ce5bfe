// A mesh to look at: our proxy and a real Envoy with the same configuration in front of one origin, and a pilot that only tells of
// the two. All on ports that the kernel chose.
import { Envoy, until } from "../../support/envoy.ts";
import { freePorts, SampanProxy } from "../../support/sampan-proxy.ts";

const HOST = "127.77.41.1";
const TYPE = "type.googleapis.com/envoy.extensions.filters";
const SERVICE = "reviews.default.svc.cluster.local";
const CLUSTER = `outbound|9080||${SERVICE}`;

export interface WatchedMesh {
  /** host:port, for --pilot. */
  readonly pilot: string;
  /** By proxy: where requests are sent. */
  readonly listeners: Readonly<Record<"ours" | "envoy", string>>;
  stop(): Promise<void>;
}

const address = (port: number): object => ({
  socket_address: { address: HOST, port_value: port },
});

const clusterOf = (name: string, port: number | undefined, more: object = {}): object => ({
  name,
  type: "STATIC",
  connect_timeout: "1s",
  load_assignment: {
    cluster_name: name,
    endpoints:
      port === undefined ? [] : [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
  },
  ...more,
});

function bootstrap(listener: number, origin: number, nobody: number): Record<string, unknown> {
  const noRoom = {
    circuit_breakers: {
      thresholds: [{ max_connections: 1, max_pending_requests: 0, max_requests: 0 }],
    },
  };
  return {
    node: { id: "watched", cluster: "watched" },
    stats_flush_interval: "0.5s",
    static_resources: {
      listeners: [
        {
          name: "out",
          address: address(listener),
          filter_chains: [
            {
              filters: [
                {
                  name: "envoy.filters.network.http_connection_manager",
                  typed_config: {
                    "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
                    stat_prefix: "out",
                    route_config: {
                      virtual_hosts: [
                        {
                          name: "all",
                          domains: ["reviews:9080"],
                          routes: [
                            { match: { prefix: "/nobody" }, route: { cluster: "nobody" } },
                            { match: { prefix: "/empty" }, route: { cluster: "empty" } },
                            { match: { prefix: "/full" }, route: { cluster: "full" } },
                            {
                              match: { prefix: "/slow" },
                              route: { cluster: CLUSTER, timeout: "0.1s" },
                            },
                            { match: { prefix: "/direct" }, direct_response: { status: 418 } },
                            {
                              match: { prefix: "/old" },
                              route: { cluster: CLUSTER, prefix_rewrite: "/new" },
                            },
                            { match: { prefix: "/" }, route: { cluster: CLUSTER } },
                          ],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: "envoy.filters.http.tap",
                        typed_config: {
                          "@type": `${TYPE}.http.tap.v3.Tap`,
                          common_config: { admin_config: { config_id: "sampan.outbound" } },
                          record_headers_received_time: true,
                          record_downstream_connection: true,
                          record_upstream_connection: true,
                        },
                      },
                      {
                        name: "envoy.filters.http.fault",
                        typed_config: {
                          "@type": `${TYPE}.http.fault.v3.HTTPFault`,
                          headers: [{ name: "x-fault", present_match: true }],
                          abort: { http_status: 555, percentage: { numerator: 100 } },
                        },
                      },
                      {
                        name: "envoy.filters.http.router",
                        typed_config: { "@type": `${TYPE}.http.router.v3.Router` },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        clusterOf(CLUSTER, origin),
        clusterOf("nobody", nobody),
        clusterOf("empty", undefined),
        clusterOf("full", origin, noRoom),
      ],
    },
  };
}

/** Answers with its path; /status/N with that status, /break with nothing, /slow late. */
function serveOrigin(): Bun.Server<undefined> {
  return Bun.serve({
    hostname: HOST,
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/slow")) await Bun.sleep(400);
      const status = Number(/^\/status\/(\d+)$/.exec(pathname)?.[1] ?? 200);
      return new Response(`hello from ${pathname}\n`, { status, headers: { "set-cookie": "s=1" } });
    },
  });
}

function servePilot(
  admins: Readonly<Record<string, string>>,
  origin: number,
): Bun.Server<undefined> {
  const proxies = Object.entries(admins).map(([name, adminAddress], i) => ({
    proxy: `sidecar~127.77.41.${10 + i}~${name}.default~x`,
    name,
    namespace: "default",
    type: "sidecar",
    ipAddress: `127.77.41.${10 + i}`,
    adminAddress,
  }));
  const services = [
    {
      hostname: SERVICE,
      namespace: "default",
      ports: [{ number: 9080, endpoints: [{ address: HOST, port: origin }] }],
    },
    { hostname: "ratings.default.svc.cluster.local", namespace: "default", ports: [] },
  ];
  return Bun.serve({
    hostname: HOST,
    port: 0,
    routes: {
      "/debug/syncz": () => Response.json(proxies),
      "/debug/registryz": () => Response.json(services),
    },
    fetch: () => new Response("{}", { status: 404 }),
  });
}

export async function startWatchedMesh(envoyPath: string): Promise<WatchedMesh> {
  const origin = serveOrigin();
  const originPort = origin.port ?? 0;
  const [ourPort = 0, envoyPort = 0, nobody = 0] = await freePorts(HOST, 3);
  const ours = await SampanProxy.start({
    bootstrap: bootstrap(ourPort, originPort, nobody),
    host: HOST,
  });
  const envoy = await Envoy.start({
    path: envoyPath,
    bootstrap: bootstrap(envoyPort, originPort, nobody),
  });
  await until(() => envoy.admin("/ready").then((text) => text.startsWith("LIVE")), 10_000);
  const admins = { ours: new URL(ours.adminUrl).host, envoy: new URL(envoy.adminUrl).host };
  const pilot = servePilot(admins, originPort);
  return {
    pilot: `${HOST}:${pilot.port}`,
    listeners: { ours: `http://${HOST}:${ourPort}`, envoy: `http://${HOST}:${envoyPort}` },
    stop: async () => {
      await Promise.all([ours.stop(), envoy.stop()]);
      await Promise.all([pilot.stop(true), origin.stop(true)]);
    },
  };
}
