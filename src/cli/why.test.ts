// `sampan why` by pipe: over the book shop's folder, over a mesh that answers from memory, and over a dump in a file.
import { describe, expect, test } from "bun:test";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import { messageToJson } from "#api/json.ts";
import type { HttpAnswer } from "#base/http-client.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { Explanation } from "#explain/explain.ts";
import { systemFiles } from "#io/bun/files.ts";
import { loadFolderConfiguration } from "./client/folder-configuration.ts";
import type { Shell } from "./shell/shell.ts";
import { type Ran, runFake } from "./testing/fake-shell.ts";

const BOOK_SHOP = `${import.meta.dir}/../../examples/bookinfo`;
const TYPE = "type.googleapis.com/envoy";

/** The dump of a proxy of the book shop, as its admin page gives it. */
async function dumpOf(from: string): Promise<string> {
  const time = new FakeTime();
  const ports = { files: systemFiles, clock: time, timers: time };
  const loaded = await loadFolderConfiguration(ports, BOOK_SHOP, { from });
  if (loaded.kind === "failed") throw new Error(loaded.message);
  const { listeners, routes, clusters, endpoints } = loaded.configuration;
  const names = { names: "proto" } as const;
  const typed = (type: string, json: unknown) => ({
    "@type": `${TYPE}.config.${type}`,
    ...(json as object),
  });
  return JSON.stringify({
    configs: [
      {
        "@type": `${TYPE}.admin.v3.ClustersConfigDump`,
        dynamic_active_clusters: clusters.map((one) => ({
          cluster: typed("cluster.v3.Cluster", messageToJson(ClusterSchema, one, names)),
        })),
      },
      {
        "@type": `${TYPE}.admin.v3.ListenersConfigDump`,
        dynamic_listeners: listeners.map((one) => ({
          name: one.name,
          active_state: {
            listener: typed("listener.v3.Listener", messageToJson(ListenerSchema, one, names)),
          },
        })),
      },
      {
        "@type": `${TYPE}.admin.v3.RoutesConfigDump`,
        dynamic_route_configs: routes.map((one) => ({
          route_config: typed(
            "route.v3.RouteConfiguration",
            messageToJson(RouteConfigurationSchema, one, names),
          ),
        })),
      },
      {
        "@type": `${TYPE}.admin.v3.EndpointsConfigDump`,
        dynamic_endpoint_configs: endpoints.map((one) => ({
          endpoint_config: typed(
            "endpoint.v3.ClusterLoadAssignment",
            messageToJson(ClusterLoadAssignmentSchema, one, names),
          ),
        })),
      },
    ],
  });
}

const fromFolder = (...args: readonly string[]): Promise<Ran> =>
  runFake(["why", ...args, "--from-file", BOOK_SHOP], { files: systemFiles });

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";

describe("why --from-file", () => {
  test("says each step, what made it, and the verdict", async () => {
    const ran = await fromFolder("GET", "http://reviews:9080/reviews/1", "--from", "productpage");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toStartWith("GET http://reviews:9080/reviews/1 from productpage\n");
    expect(ran.stdout).toMatch(
      / 1 {2}✓ {2}Listener +127\.0\.0\.1_15001 on 127\.0\.1\.3:15001, as HTTP proxy\n/,
    );
    expect(ran.stdout).toMatch(
      /bookinfo\/destination-rules\.yaml:8:3 {2}DestinationRule default\/reviews {2}spec\.trafficPolicy\n/,
    );
    expect(ran.stdout).toContain("33.3 %  127.0.1.5:15006  reviews-v1-1\n");
    expect(lastLine(ran.stdout)).toBe("=> reviews (3 hosts)");
    expect(ran.stdout).not.toContain("\u001b");
  });

  test("a path alone is the gateway's affair", async () => {
    const { stdout } = await fromFolder("/productpage", "--from", "gateway");
    expect(stdout).toStartWith("GET http://127.0.0.1:8080/productpage from gateway\n");
    expect(lastLine(stdout)).toBe("=> productpage (1 host)");
  });

  test("a host that nobody knows: the one that was perhaps meant", async () => {
    const { stdout, status } = await fromFolder("http://review:9080/", "--from", "productpage");
    expect(status).toBe(0);
    expect(lastLine(stdout)).toBe(
      '=> 503 UH: no virtual host for "review:9080": allow_any takes it, by *; did you mean reviews:9080?',
    );
  });

  test("-o json has one shape: who asked what, steps, outcomes", async () => {
    const ran = await fromFolder(
      "http://reviews:9080/",
      "-o",
      "json",
      "-H",
      "end-user: jason",
      "--from",
      "productpage",
    );
    const value = JSON.parse(ran.stdout) as Explanation & { from: string; request: object };
    expect(Object.keys(value)).toEqual(["from", "request", "steps", "outcomes"]);
    expect(value.request).toMatchObject({ method: "GET", headers: [["end-user", "jason"]] });
    expect(value.outcomes).toMatchObject([{ odds: 1, kind: "forward" }]);
  });

  test("https to where no TLS is ended is explained as what it is not", async () => {
    const from = await fromFolder("https://reviews:9080/", "--from", "productpage-v1");
    expect(from.stdout).toContain(
      "explained as plain http: for https a client asks an HTTP proxy for a tunnel (CONNECT)",
    );
    const gateway = await fromFolder("https://127.0.0.1:8080/productpage", "--from", "gateway");
    expect(gateway.stdout).toContain(
      "explained as plain http: no TLS is ended here, and a client that begins with it fails",
    );
    const plain = await fromFolder("http://reviews:9080/", "--from", "productpage-v1");
    expect(plain.stdout).not.toContain("explained as");
  });

  test.each([
    [
      "a workload that is not there",
      ["http://a/", "--from", "reviewz-v2"],
      1,
      "did you mean reviews-v2?",
    ],
    ["no URL", ["GET", "reviews:9080"], 64, 'Cannot read the request: "reviews:9080" is no URL'],
    ["a method that is none", ["G T", "http://a/"], 64, '"G T" is no method'],
    ["a blank in a path", ["http://a/b c"], 64, "write it as a client sends it, %20"],
    ["a letter beyond ASCII", ["/café"], 64, '"é" cannot stand in a URL'],
    ["a control character", ["http://a/\u001b[31m"], 64, '"\\u001b" cannot stand in a URL'],
    ["half a letter", ["/\ud83d"], 64, "%EF%BF%BD"],
    ["a header that is none", ["http://a/", "-H", "jason"], 64, 'Must be "name: value".'],
    [
      "a header that would forge another",
      ["http://a/", "-H", "a: b\r\nc: d"],
      64,
      'Must be "name: value".',
    ],
    ["two sources at a time", ["http://a/", "--file", "x"], 64, "cannot be used with option"],
  ])("refuses %s", async (_name, args, status, words) => {
    const ran = await fromFolder(...args);
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(words);
  });

  test("a folder that cannot be read ends with 65", async () => {
    const args = ["why", "http://a/", "--from-file", "/nowhere"];
    const ran = await runFake(args, { files: systemFiles });
    expect(ran.status).toBe(65);
    expect(ran.stderr).toContain('Cannot read the folder "/nowhere"');
  });
});

/** A mesh of two proxies: pages by URL without the query. */
function mesh(dump: string, clusters: object): Pick<Shell, "httpClient"> {
  const report = (name: string, type: string, admin: string) => ({
    proxy: `${type}~${name}`,
    name,
    namespace: "default",
    type,
    ipAddress: admin,
    adminAddress: `${admin}:15000`,
  });
  const pages: Readonly<Record<string, string>> = {
    "http://127.0.0.1:15014/debug/syncz": JSON.stringify([
      report("gateway", "router", "127.0.0.1"),
      report("productpage-v1-1", "sidecar", "127.0.1.3"),
    ]),
    "http://127.0.1.3:15000/config_dump": dump,
    "http://127.0.1.3:15000/clusters": JSON.stringify(clusters),
  };
  const positions = (url: URL): string =>
    JSON.stringify(
      url.searchParams.getAll("at").map((at) => ({
        object: at.replace(/#.*/, ""),
        field: at.replace(/.*#/, ""),
        source: { file: "rules.yaml", line: 7, column: 3 },
      })),
    );
  return {
    httpClient: {
      request: async ({ url }): Promise<HttpAnswer> => {
        const asked = new URL(url);
        const page =
          asked.pathname === "/debug/positionz" ? positions(asked) : pages[url.replace(/\?.*/, "")];
        if (page === undefined) return { kind: "failed", reason: "connection refused" };
        return { kind: "answered", status: 200, body: page };
      },
    },
  };
}

const host = (address: string, isEjected: boolean): object => {
  const [ip, port] = address.split(":");
  return {
    address: { socket_address: { address: ip, port_value: Number(port) } },
    health_status: {
      eds_health_status: "HEALTHY",
      ...(isEjected ? { failed_outlier_check: true } : {}),
    },
    weight: 1,
  };
};

describe("why over a mesh", () => {
  const clusters = {
    cluster_statuses: [
      {
        name: "outbound|9080||reviews.default.svc.cluster.local",
        host_statuses: [
          host("127.0.1.5:15006", true),
          host("127.0.1.6:15006", false),
          host("127.0.1.7:15006", false),
        ],
      },
    ],
  };

  test("asks the proxy for its configuration and its hosts, and the pilot for lines", async () => {
    const ports = mesh(await dumpOf("productpage"), clusters);
    const ran = await runFake(["why", "http://reviews:9080/", "--from", "productpage"], ports);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toStartWith("GET http://reviews:9080/ from productpage-v1-1\n");
    expect(ran.stdout).toContain(
      "rules.yaml:7:3  DestinationRule default/reviews  spec.trafficPolicy\n",
    );
    expect(ran.stdout).toContain("never  127.0.1.5:15006  reviews-v1-1  failed_outlier_check\n");
    expect(lastLine(ran.stdout)).toBe("=> reviews (2 hosts, 1 ejected)");
  });

  test("an unknown name gets the nearest; without a name the gateway, or a question", async () => {
    const ports = mesh(await dumpOf("productpage"), clusters);
    const ask = async (...args: readonly string[]) =>
      (await runFake(["why", ...args], ports)).stderr;
    expect(await ask("http://reviews:9080/", "--from", "prodctpage")).toBe(
      'sampan why: No proxy "prodctpage" is connected to the pilot: did you mean productpage?\n',
    );
    expect(await ask("http://reviews:9080/")).toBe(
      "sampan why: Who asks? Name the workload by --from: gateway, productpage-v1-1\n",
    );
    expect(await ask("/productpage")).toContain(
      "Cannot reach the admin page of the proxy at 127.0.0.1:15000",
    );
  });

  test("without a pilot it says how to start one", async () => {
    const httpClient = {
      request: async () => ({ kind: "failed", reason: "connection refused" }) as const,
    };
    const ran = await runFake(["why", "http://reviews:9080/"], { httpClient });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('Start a mesh with "sampan up"');
  });
});

describe("why --file", () => {
  const files = (texts: Readonly<Record<string, string>>): Pick<Shell, "files"> => ({
    files: {
      ...systemFiles,
      read: async (path) => {
        const text = texts[path];
        return text === undefined
          ? { kind: "failed", reason: "no such file" }
          : { kind: "read", bytes: new TextEncoder().encode(text) };
      },
    },
  });

  test("explains a dump, as far as it says who made what", async () => {
    const ports = files({ "dump.json": await dumpOf("productpage") });
    const ran = await runFake(["why", "http://ratings:9080/", "--file", "dump.json"], ports);
    expect(ran.stdout).toStartWith("GET http://ratings:9080/ from dump.json\n");
    expect(lastLine(ran.stdout)).toBe("=> ratings (1 host)");
  });

  test("a file that is not there, or no dump, ends with 65", async () => {
    const ports = files({ "dump.json": "[]" });
    const missing = await runFake(["why", "http://a/", "--file", "nowhere.json"], ports);
    expect(missing).toMatchObject({ status: 65 });
    expect(missing.stderr).toBe('sampan why: Cannot read "nowhere.json": no such file\n');
    const wrong = await runFake(["why", "http://a/", "--file", "dump.json"], ports);
    expect(wrong).toMatchObject({ status: 65 });
    expect(wrong.stderr).toContain("config_dump?include_eds");
  });

  test("nothing in a dump steers the terminal", async () => {
    const dump = (await dumpOf("productpage")).replaceAll(
      "ratings.default.svc.cluster.local:9080",
      "a\\u001b[2Jb",
    );
    const ran = await runFake(
      ["why", "http://ratings:9080/", "--file", "dump.json"],
      files({ "dump.json": dump }),
    );
    expect(ran.stdout).toContain("a·[2Jb");
    expect(ran.stdout).not.toContain("\u001b");
  });
});
