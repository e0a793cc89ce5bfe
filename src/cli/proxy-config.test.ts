// `sampan proxy-config`: istioctl's columns out of a dump and out of a running proxy, filters, and messages as JSON.
import { expect, test } from "bun:test";
import type { Files } from "#base/files.ts";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

const TYPE = "type.googleapis.com/envoy.admin.v3.";
const NETWORK = "type.googleapis.com/envoy.extensions.filters.network.";
const metadata = (kind: string, name: string): object => ({
  filter_metadata: {
    istio: { config: `/apis/networking.istio.io/v1/namespaces/default/${kind}/${name}` },
  },
});

const DUMP = {
  configs: [
    {
      "@type": `${TYPE}ClustersConfigDump`,
      dynamic_active_clusters: [
        {
          cluster: {
            name: "outbound|9080|v1|reviews.default.svc.cluster.local",
            type: "EDS",
            metadata: metadata("destination-rule", "reviews"),
          },
        },
        { cluster: { name: "outbound|9080||ratings.default.svc.cluster.local", type: "EDS" } },
        { cluster: { name: "InboundPassthroughCluster", type: "ORIGINAL_DST" } },
        { cluster: { name: "broken", type: 17.5 } },
      ],
    },
    {
      "@type": `${TYPE}ListenersConfigDump`,
      dynamic_listeners: [
        {
          name: "l",
          active_state: {
            listener: {
              name: "l",
              address: { socket_address: { address: "0.0.0.0", port_value: 8443 } },
              filter_chains: [
                {
                  filter_chain_match: { transport_protocol: "tls", server_names: ["a.example"] },
                  filters: [
                    {
                      name: "http",
                      typed_config: {
                        "@type": `${NETWORK}http_connection_manager.v3.HttpConnectionManager`,
                        stat_prefix: "x",
                        rds: { route_config_name: "http.8443", config_source: { ads: {} } },
                      },
                    },
                  ],
                },
                {
                  filters: [
                    {
                      name: "tcp",
                      typed_config: {
                        "@type": `${NETWORK}tcp_proxy.v3.TcpProxy`,
                        stat_prefix: "x",
                        cluster: "BlackHoleCluster",
                      },
                    },
                  ],
                },
              ],
            },
          },
        },
      ],
    },
    {
      "@type": `${TYPE}RoutesConfigDump`,
      dynamic_route_configs: [
        {
          route_config: {
            name: "9080",
            virtual_hosts: [
              {
                name: "reviews:9080",
                domains: ["reviews.default.svc.cluster.local", "reviews"],
                routes: [
                  {
                    match: { path: "/exact" },
                    route: { cluster: "c" },
                    metadata: metadata("virtual-service", "reviews"),
                  },
                  { match: { prefix: "/" }, route: { cluster: "c" } },
                ],
              },
            ],
          },
        },
      ],
    },
  ],
};

const host = (address: string, health: object): object => ({
  address: { socket_address: { address, port_value: 15006 } },
  health_status: { eds_health_status: "HEALTHY", ...health },
});
const CLUSTERS = {
  cluster_statuses: [
    {
      name: "outbound|9080||details.default.svc.cluster.local",
      host_statuses: [
        host("127.0.1.8", { failed_outlier_check: true }),
        host("127.0.1.2", { failed_active_health_check: true }),
      ],
    },
  ],
};

const FILES: Readonly<Record<string, string>> = {
  "dump.json": JSON.stringify(DUMP),
  "clusters.json": JSON.stringify(CLUSTERS),
  "mesh.yaml": "kind: x",
};
const files = {
  read: async (path: string) => {
    const text = FILES[path.replace(/^\//, "")];
    if (text === undefined) return { kind: "failed", reason: "ENOENT" };
    return { kind: "read", bytes: new TextEncoder().encode(text) };
  },
} as unknown as Files;

const fromFile = (page: string, ...args: readonly string[]) =>
  runFake(["pc", page, "-f", "dump.json", "--clusters-file", "clusters.json", ...args], { files });

test.each([
  [
    ["cluster"],
    [
      "SERVICE FQDN                       PORT  SUBSET  DIRECTION  TYPE          DESTINATION RULE",
      "InboundPassthroughCluster          -     -       -          ORIGINAL_DST",
      "ratings.default.svc.cluster.local  9080  -       outbound   EDS",
      "reviews.default.svc.cluster.local  9080  v1      outbound   EDS           reviews.default",
    ],
  ],
  [
    ["c", "--fqdn", "reviews", "--subset", "v1"],
    [
      "SERVICE FQDN                       PORT  SUBSET  DIRECTION  TYPE  DESTINATION RULE",
      "reviews.default.svc.cluster.local  9080  v1      outbound   EDS   reviews.default",
    ],
  ],
  [
    ["listener", "--port", "8443"],
    [
      "ADDRESSES  PORT  MATCH                       DESTINATION",
      "0.0.0.0    8443  SNI: a.example; Trans: tls  Route: http.8443",
      "0.0.0.0    8443  ALL                         BlackHoleCluster",
    ],
  ],
  [
    ["route"],
    [
      "NAME  VHOST NAME    DOMAINS                                     MATCH   VIRTUAL SERVICE",
      "9080  reviews:9080  reviews.default.svc.cluster.local, reviews  /exact  reviews.default",
      "9080  reviews:9080  reviews.default.svc.cluster.local, reviews  /*",
    ],
  ],
  [
    ["endpoint", "--fqdn", "details"],
    [
      "ENDPOINT         STATUS     OUTLIER CHECK  CLUSTER",
      "127.0.1.2:15006  UNHEALTHY  OK             outbound|9080||details.default.svc.cluster.local",
      "127.0.1.8:15006  HEALTHY    FAILED         outbound|9080||details.default.svc.cluster.local",
    ],
  ],
  [["ep", "--status", "draining"], ["ENDPOINT  STATUS  OUTLIER CHECK  CLUSTER"]],
])("%j of a dump", async ([page = "", ...args], lines) => {
  const { status, stdout, stderr } = await fromFile(page, ...args);
  expect(status).toBe(EXIT.ok);
  expect(stdout.trimEnd().split("\n")).toEqual(lines);
  expect(stderr).toContain("left out: cluster broken: ");
});

test.each([
  [["secret"], "No active or warming secrets found."],
  [["ep", "--status", "draining"], "No endpoint is such: leave a flag out to see more."],
])("%j finds nothing, and says so", async ([page = "", ...args], words) => {
  expect((await fromFile(page, ...args)).stderr).toStartWith(`${words}\n`);
});

test("JSON is the messages, each once", async () => {
  const listeners = JSON.parse((await fromFile("listener", "-o", "json")).stdout) as object[];
  expect(listeners).toHaveLength(1);
  expect(listeners[0]).toMatchObject({
    name: "l",
    address: { socketAddress: { portValue: 8443 } },
  });
});

test.each([
  [["cluster", "--port", "http"], "Must be a whole number."],
  [["listener", "--type", "udp"], "Must be one of http, tcp, http+tcp."],
  [["cluster", "--direction", "up"], "Must be one of inbound, outbound."],
])("%j can choose nothing, and is refused", async ([page = "", ...args], words) => {
  expect(await fromFile(page, ...args)).toMatchObject({
    status: EXIT.usage,
    stdout: "",
    stderr: expect.stringContaining(words),
  });
});

test("a dump by stdin", async () => {
  let stdout = "";
  const terminal = {
    write: (text: string) => {
      stdout += text;
    },
    writeError: () => {},
    readInput: async () => JSON.stringify(DUMP),
    isInteractive: false,
    showsProgress: false,
    hasColor: false,
    size: () => ({ columns: 80, rows: 24 }),
    onResize: () => ({ close() {} }),
    onKey: () => ({ close() {} }),
  };
  expect((await runFake(["pc", "cluster", "-f", "-"], { terminal })).status).toBe(EXIT.ok);
  expect(stdout).toBe((await fromFile("cluster")).stdout);
});

test("all pages, one below the other, or one object", async () => {
  const { stdout } = await fromFile("all");
  const titles = stdout.split("\n\n").map((section) => section.split("\n")[0]);
  expect(titles).toEqual(["CLUSTER", "LISTENER", "ROUTE", "ENDPOINT", "SECRET"]);
  const value = JSON.parse((await fromFile("all", "-o", "json")).stdout) as Record<
    string,
    object[]
  >;
  const counts = Object.entries(value).map(([name, list]) => [name, list.length]);
  expect(counts).toEqual([
    ["clusters", 3],
    ["listeners", 1],
    ["routes", 1],
    ["endpoints", 2],
    ["secrets", 0],
  ]);
});

test.each([
  ["HTTP+TCP", 2],
  ["http", 0],
  ["tcp", 0],
])("--type %s", async (type, rows) => {
  const { stdout } = await fromFile("listener", "--type", type);
  expect(stdout.trimEnd().split("\n").slice(1)).toHaveLength(rows);
});

test.each([
  [["cluster"], EXIT.usage, "Which proxy?"],
  [["cluster", "-f", "missing.json"], EXIT.unreadable, "Cannot read"],
  [["cluster", "-f", "mesh.yaml"], EXIT.unreadable, "no JSON object"],
  [["bootstrap", "-f", "dump.json"], EXIT.failed, "no bootstrap"],
])("%j says what is wrong", async (args, wanted, words) => {
  const { status, stdout, stderr } = await runFake(["pc", ...args], { files });
  expect([status, stdout]).toEqual([wanted, ""]);
  expect(stderr).toContain(words);
});

test("log levels are posted to the proxy's admin page", async () => {
  const asked: string[] = [];
  const httpClient: HttpClient = {
    request: async ({ method, url }): Promise<HttpAnswer> => {
      asked.push(`${method} ${url}`);
      return { kind: "answered", status: 200, body: "active loggers:\n  main: debug\n" };
    },
  };
  const run = (...args: string[]) =>
    runFake(["pc", "log", "--admin", "127.0.1.5:15000", ...args], { httpClient });
  expect((await run()).stdout).toBe("active loggers:\n  main: debug\n");
  await run("--level", "debug");
  await run("--level", "xds:debug,main:info");
  expect(asked).toEqual([
    "POST http://127.0.1.5:15000/logging",
    "POST http://127.0.1.5:15000/logging?level=debug",
    "POST http://127.0.1.5:15000/logging?paths=xds%3Adebug%2Cmain%3Ainfo",
  ]);
});
