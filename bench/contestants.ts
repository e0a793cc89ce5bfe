// The proxies that are measured, each with one worker in front of the same backend, and how each is configured and started.
import { join } from "node:path";

export interface Contestant {
  readonly name: string;
  readonly port: number;
  /** Writes its configuration into `folder` and answers the command; undefined when it is not installed. */
  readonly command: (folder: string) => Promise<readonly [string, ...string[]] | undefined>;
}

export const BACKEND_PORT = 19_400;
const HOST = "127.0.0.1";
const root: string = join(import.meta.dir, "..");

const NGINX_COMMON =
  "daemon off; worker_processes 1; error_log /dev/null; pid nginx.pid; events { worker_connections 4096; }";

/** 64 bytes, kept alive for ever: the backend must never be what is measured. */
export async function backendCommand(folder: string): Promise<readonly [string, ...string[]]> {
  const body = "x".repeat(64);
  await Bun.write(
    join(folder, "backend.conf"),
    `${NGINX_COMMON} http { access_log off; keepalive_requests 1000000000; server { listen ${HOST}:${BACKEND_PORT} backlog=4096; location / { return 200 "${body}"; } } }`,
  );
  return ["/usr/sbin/nginx", "-p", folder, "-c", "backend.conf"];
}

async function nginx(
  folder: string,
  port: number,
): Promise<readonly [string, ...string[]] | undefined> {
  await Bun.write(
    join(folder, "nginx.conf"),
    `${NGINX_COMMON} http { access_log off; keepalive_requests 1000000000;
      upstream backend { server ${HOST}:${BACKEND_PORT}; keepalive 256; keepalive_requests 1000000000; }
      server { listen ${HOST}:${port} backlog=4096;
        location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on; } } }`,
  );
  return ["/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf"];
}

async function haproxy(
  folder: string,
  port: number,
): Promise<readonly [string, ...string[]] | undefined> {
  const program = Bun.which("haproxy", { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (program === null) return undefined;
  await Bun.write(
    join(folder, "haproxy.cfg"),
    `global
  maxconn 4000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind ${HOST}:${port}
  default_backend out
backend out
  server one ${HOST}:${BACKEND_PORT}
`,
  );
  return [program, "-f", join(folder, "haproxy.cfg"), "-db"];
}

/** The same file starts Envoy and sampan: a route, a round robin cluster, limits out of the way. */
function bootstrap(port: number): object {
  const address = (portValue: number): object => ({
    socket_address: { address: HOST, port_value: portValue },
  });
  const type = "type.googleapis.com/envoy.extensions.filters";
  return {
    static_resources: {
      listeners: [
        {
          name: "in",
          address: address(port),
          filter_chains: [
            {
              filters: [
                {
                  name: "envoy.filters.network.http_connection_manager",
                  typed_config: {
                    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
                    stat_prefix: "in",
                    route_config: {
                      name: "routes",
                      virtual_hosts: [
                        {
                          name: "all",
                          domains: ["*"],
                          routes: [{ match: { prefix: "/" }, route: { cluster: "out" } }],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: "envoy.filters.http.router",
                        typed_config: { "@type": `${type}.http.router.v3.Router` },
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
        {
          name: "out",
          type: "STATIC",
          connect_timeout: "5s",
          circuit_breakers: {
            thresholds: [
              { max_connections: 100000, max_pending_requests: 100000, max_requests: 100000 },
            ],
          },
          load_assignment: {
            cluster_name: "out",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(BACKEND_PORT) } }] }],
          },
        },
      ],
    },
  };
}

function findEnvoy(): string | undefined {
  const peers =
    process.env["SAMPAN_PEERS"] ?? join(process.env["HOME"] ?? "", ".cache/sampan-peers");
  return Bun.which("envoy", { PATH: `${join(peers, "bin")}:${process.env["PATH"]}` }) ?? undefined;
}

async function envoy(
  folder: string,
  port: number,
): Promise<readonly [string, ...string[]] | undefined> {
  const program = findEnvoy();
  if (program === undefined) return undefined;
  const file = join(folder, "envoy.json");
  await Bun.write(file, JSON.stringify(bootstrap(port)));
  return [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"];
}

async function sampan(
  folder: string,
  port: number,
): Promise<readonly [string, ...string[]] | undefined> {
  const file = join(folder, "sampan.json");
  await Bun.write(file, JSON.stringify(bootstrap(port)));
  return [
    process.execPath,
    join(root, "src/cli/main.ts"),
    "proxy",
    "-c",
    file,
    "--concurrency",
    "1",
    "-l",
    "error",
    "--skip-phases",
    "preflight",
  ];
}

const contestant = (
  name: string,
  port: number,
  make: (folder: string, port: number) => Promise<readonly [string, ...string[]] | undefined>,
): Contestant => ({ name, port, command: (folder) => make(folder, port) });

export const CONTESTANTS: readonly Contestant[] = [
  contestant("nginx", 19_401, nginx),
  contestant("haproxy", 19_402, haproxy),
  contestant("envoy", 19_403, envoy),
  contestant("sampan", 19_404, sampan),
];
