// Istio's own control plane drives our proxy, and a stock Envoy in its place: it refuses nothing, and the same requests land on
// the same versions. One data plane after the other, because Istio puts a sidecar's listeners on 127.0.0.1.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { parseConfigDump } from "#explain/config-dump.ts";
import { type Answer, get, send, type Target } from "../end-to-end/harness/connection.ts";
import { countBy } from "../end-to-end/harness/statistics.ts";
import { until } from "../support/envoy.ts";
import { IstioPeer } from "../support/istio-peer.ts";
import { findPeer } from "../support/peers.ts";
import { explained } from "./istio-drives-us/explained.ts";
import { type Echo, Origins } from "./istio-drives-us/origins.ts";
import { ProxyProcess } from "./istio-drives-us/proxy-process.ts";

const istio = findPeer("istio-peer");
const envoy = findPeer("envoy");
// Istio's server is built from Go sources in minutes, so not even CI has to have it; where it is, its verdict counts.
const isMissing = istio.kind === "missing" || envoy.kind === "missing";
if (istio.kind === "missing") console.warn(`skipped: ${istio.reason}`);

const ADMIN_HOST = "127.77.60.1";
const SAMPAN = join(import.meta.dir, "..", "..", "bin", "sampan");

const DATA_PLANES = [
  { name: "Envoy", command: [envoy.kind === "found" ? envoy.path : "", "--disable-hot-restart"] },
  {
    name: "sampan",
    command: [SAMPAN, "proxy", "--drain-time-s", "1", "--skip-phases", "preflight"],
  },
] as const;

/**
 * One request a line: method, host, path, headers ("-" for none), and what comes: status, who answered, what path it saw.
 * For an answer that the proxy makes itself: status, location, body.
 */
const SIDECAR_REQUESTS = `
GET  reviews                            /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  reviews.default                    /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  reviews.default.svc                /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  reviews.default.svc.cluster.local  /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  reviews:PORT                       /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  REVIEWS                            /reviews/0                 -                                    200 reviews-v1 /reviews/0
GET  reviews                            /reviews/0                 end-user:jason                       200 reviews-v2 /reviews/0
GET  reviews                            /reviews/0                 end-user:Jason                       200 reviews-v1 /reviews/0
GET  reviews                            /reviews/0                 end-user:jasons                      200 reviews-v1 /reviews/0
GET  reviews                            /reviews/0                 x-group:test-7                       200 reviews-v3 /reviews/0
GET  reviews                            /reviews/0                 x-group:atest-7                      200 reviews-v1 /reviews/0
GET  reviews                            /reviews/0                 x-build:12.rc3                       200 reviews-v3 /reviews/0
GET  reviews                            /reviews/0                 x-build:12.rc34                      200 reviews-v1 /reviews/0
GET  reviews                            /reviews/0                 x-debug:                             200 reviews-v3 /reviews/0
GET  reviews                            /reviews/0                 x-debug:on,end-user:jason            200 reviews-v2 /reviews/0
GET  reviews                            /reviews/outside           -                                    200 reviews-v3 /reviews/outside
GET  reviews                            /reviews/outside           x-internal:yes                       200 reviews-v1 /reviews/outside
GET  reviews                            /reviews/outside           x-internal:no                        200 reviews-v3 /reviews/outside
POST reviews                            /reviews/0                 -                                    200 reviews-v2 /reviews/0
GET  reviews                            /reviews/0?version=v3      -                                    200 reviews-v3 /reviews/0?version=v3
GET  reviews                            /reviews/0?version=v33     -                                    200 reviews-v1 /reviews/0?version=v33
GET  reviews                            /reviews/0?a=1&version=v3  -                                    200 reviews-v3 /reviews/0?a=1&version=v3
GET  reviews                            /reviews/nobody            -                                    503 - no healthy upstream
GET  details                            /details/exact             -                                    200 details-v2 /details/exact
GET  details                            /details/exact?x=1         -                                    200 details-v2 /details/exact?x=1
GET  details                            /details/exact/more        -                                    200 details-v1 /details/exact/more
GET  details                            /Details/CASE              -                                    200 details-v2 /Details/CASE
GET  details                            /details/42                -                                    200 details-v2 /details/42
GET  details                            /details/421               -                                    200 details-v1 /details/421
GET  details                            /old/7?x=1                 -                                    200 details-v1 /details/7?x=1
GET  details                            /by/author/12?x=1          -                                    200 details-v1 /details/12/author?x=1
GET  details                            /moved/anywhere            -                                    308 http://new.example.com/details/0 -
GET  details                            /secure                    -                                    301 https://details:8443/secure -
GET  details                            /closed                    -                                    403 - closed today
GET  details                            /closedness                -                                    403 - closed today
GET  ratings                            /ratings/0                 -                                    200 ratings-v1 /ratings/0
GET  ratings                            /ratings/0                 end-user:jason                       500 - fault filter abort
GET  ratings                            /slow                      -                                    504 - upstream request timeout
GET  ratings                            /flaky/once                x-key:NAME                           200 ratings-v2 /flaky/once
GET  ratings                            /flaky/always              x-key:always                         503 ratings-v2 /flaky/always
GET  productpage                        /anything                  -                                    200 productpage-v1 /anything
GET  red.shops.example.com              /                          -                                    200 shops-v1 /
GET  a.b.shops.example.com              /                          -                                    200 shops-v1 /
GET  books.example.com                  /x                         -                                    200 shops-v1 /x
`;

const GATEWAY_REQUESTS = `
GET  bookinfo.example.com               /productpage               -                                    200 productpage-v1 /productpage
GET  bookinfo.example.com               /productpage/more          -                                    404 - -
GET  bookinfo.example.com               /api/v1/products           -                                    200 productpage-v1 /api/v1/products
GET  bookinfo.example.com:PORT          /productpage               -                                    200 productpage-v1 /productpage
GET  bookinfo.example.com               /reviews/0                 -                                    200 reviews-v3 /reviews/0
GET  bookinfo.example.com               /reviews/0                 end-user:jason                       200 reviews-v2 /reviews/0
GET  other.example.com                  /productpage               -                                    404 - -
GET  red.shop.example.com               /                          -                                    200 details-v2 /
GET  blue.shop.example.com              /                          -                                    200 details-v1 /
GET  a.red.shop.example.com             /                          -                                    200 details-v1 /
GET  shop.example.com                   /                          -                                    404 - -
`;

interface Row {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expected: string;
}

/** `keys`: what capital words in the table stand for. */
function rows(table: string, keys: Readonly<Record<string, string>>): readonly Row[] {
  return table
    .trim()
    .split("\n")
    .map((line) => {
      const filled = line.replace(/\b(?:PORT|NAME)\b/g, (word) => keys[word] ?? word);
      const [method = "", host = "", path = "", fields = "", ...expected] = filled.split(/ +/);
      const pairs = fields === "-" ? [] : fields.split(",").map((field) => field.split(":"));
      const headers = Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
      return { method, host, path, headers, expected: expected.join(" ") };
    });
}

function echoOf(answer: Answer): Echo | undefined {
  return answer.body.startsWith("{") ? (JSON.parse(answer.body) as Echo) : undefined;
}

/** The answer in the words of the tables. */
function outcome(answer: Answer): string {
  const echo = echoOf(answer);
  if (echo !== undefined) return `${answer.status} ${echo.by} ${echo.path}`;
  const location = /^location: (.*)$/im.exec(answer.head)?.[1]?.trim() ?? "-";
  return `${answer.status} ${location} ${answer.body === "" ? "-" : answer.body}`;
}

function freePort(hostname: string): number {
  const listener = Bun.listen({ hostname, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

describe.skipIf(isMissing)("Istio drives", () => {
  const mesh: Target = { host: "127.0.0.1", port: freePort("127.0.0.1") };
  const gateway: Target = { host: "127.0.0.1", port: freePort("127.0.0.1") };
  let origins: Origins;
  let server: IstioPeer;

  beforeAll(async () => {
    if (istio.kind === "missing") return;
    origins = new Origins();
    const yaml = await Bun.file(join(import.meta.dir, "istio-drives-us", "mesh.yaml")).text();
    const filled = yaml
      .replaceAll("MESH_PORT", String(mesh.port))
      .replaceAll("GATEWAY_PORT", String(gateway.port))
      .replaceAll("ORIGIN_PORT", String(origins.port));
    server = await IstioPeer.start(istio.path, filled);
  }, 60_000);

  afterAll(async () => {
    await server?.stop();
    await origins?.stop();
  });

  function start(
    command: readonly string[],
    apiType: "GRPC" | "DELTA_GRPC",
    type: "sidecar" | "router",
    labels: JsonObject,
  ): Promise<ProxyProcess> {
    return ProxyProcess.start({
      command,
      apiType,
      node: {
        id: `${type}~${ADMIN_HOST}~client-1.default~default.svc.cluster.local`,
        cluster: "client.default",
        metadata: {
          NAMESPACE: "default",
          CLUSTER_ID: "Kubernetes",
          ISTIO_VERSION: "1.31.0",
          INTERCEPTION_MODE: "NONE",
          LABELS: labels,
        },
      },
      xds: { host: "127.0.0.1", port: server.port },
      admin: { host: ADMIN_HOST, port: freePort(ADMIN_HOST) },
    });
  }

  async function expectRows(target: Target, table: string, name: string): Promise<void> {
    const keys = { PORT: String(target.port), NAME: name };
    const expected: string[] = [];
    const actual: string[] = [];
    for (const { method, host, path, headers, expected: wanted } of rows(table, keys)) {
      const answer = await send(target, { method, path, headers: { ...headers, host } });
      const asked = `${method} ${host}${path} ${JSON.stringify(headers)}: `;
      expected.push(asked + wanted);
      actual.push(asked + outcome(answer));
    }
    expect(actual).toEqual(expected);
  }

  /** An explanation knows no upstream that is slow, or fails. */
  const isKnownBefore = ({ path }: Row): boolean => !/^\/(?:slow|flaky)/.test(path);

  async function expectExplained(proxy: ProxyProcess, target: Target, table: string) {
    const dump = await proxy.page("/config_dump?include_eds");
    const parsed = parseConfigDump(dump, await proxy.page("/clusters?format=json"));
    if (parsed.kind === "failed") throw new Error(parsed.reason);
    const asked = rows(table, { PORT: String(target.port) }).filter(isKnownBefore);
    const words = (row: Row, text: string): string =>
      `${row.method} ${row.host}${row.path} ${JSON.stringify(row.headers)}: ${text}`;
    const expected = asked.map((row) => {
      const [status = "", location = ""] = row.expected.split(" ");
      return words(row, status === "200" ? row.expected : `${status} ${location}`);
    });
    const actual = asked.map((row) => words(row, explained(parsed.configuration, target, row)));
    expect(actual).toEqual(expected);
  }

  async function expectNothingRefused(proxy: ProxyProcess): Promise<void> {
    const rejected = await proxy.stats(/\.update_rejected: /);
    expect(rejected.length).toBeGreaterThan(3);
    expect(rejected.filter((line) => !line.endsWith(": 0"))).toEqual([]);
    expect(await proxy.stats(/^listener_manager\.lds\.update_success: [1-9]/)).toHaveLength(1);
  }

  const answers = async (target: Target, host: string, path: string): Promise<boolean> => {
    const answer = await get(target, path, { host }).catch(() => undefined);
    return answer?.status === 200;
  };

  describe.each(DATA_PLANES)("$name as a sidecar", ({ name, command }) => {
    let proxy: ProxyProcess;

    beforeAll(async () => {
      if (isMissing) return;
      proxy = await start(command, "DELTA_GRPC", "sidecar", { app: "client" });
      await until(() => answers(mesh, "reviews", "/"));
    }, 30_000);

    afterAll(() => proxy?.stop());

    test("requests land where the rules say", async () => {
      await expectRows(mesh, SIDECAR_REQUESTS, name);
    }, 20_000);

    test("weights: 80 to 20", async () => {
      const by: string[] = [];
      for (let i = 0; i < 300; i += 1) {
        by.push(echoOf(await get(mesh, "/reviews/split", { host: "reviews" }))?.by ?? "nobody");
      }
      const counts = countBy(by, (version) => version);
      expect(Object.keys(counts).sort()).toEqual(["reviews-v1", "reviews-v3"]);
      // 60 expected; further off than 5 standard deviations (6.9 each) once in a million runs.
      expect(counts["reviews-v3"]).toBeGreaterThan(25);
      expect(counts["reviews-v3"]).toBeLessThan(95);
    });

    test("headers are set, added and removed on both ways", async () => {
      const answer = await get(mesh, "/headers", {
        host: "details",
        "x-set": "mine",
        "x-add": "first",
        "x-remove": "gone",
      });
      const { headers } = echoOf(answer) ?? {};
      expect(headers).toMatchObject({ "x-set": "mesh", "x-add": "first, again", "x-remove": "" });
      expect(answer.head).toMatch(/^x-answer: changed$/im);
      expect(answer.head).not.toMatch(/^x-origin:/im);
    });

    test("the authority is rewritten", async () => {
      const answer = await get(mesh, "/as-other", { host: "details" });
      expect(echoOf(answer)?.host).toBe("other.example.com");
    });

    test("a delayed request is answered late", async () => {
      const answer = await get(mesh, "/late", { host: "ratings" });
      expect(outcome(answer)).toBe("200 ratings-v2 /late");
      expect(answer.tookMs).toBeGreaterThan(290);
    });

    test("a mirrored request arrives twice", async () => {
      origins.seen.length = 0;
      expect(outcome(await get(mesh, "/mirrored", { host: "ratings" }))).toBe(
        "200 ratings-v1 /mirrored",
      );
      const copy = (): boolean => origins.seen.some(({ by }) => by === "details-v2");
      await until(copy);
      expect(origins.seen).toHaveLength(2);
      expect(origins.seen.find(({ by }) => by === "details-v2")?.host).toBe("ratings");
    });

    test("a service whose program does not listen is unavailable", async () => {
      const answer = await get(mesh, "/", { host: "closed" });
      expect(answer.status).toBe(503);
      expect(answer.body).toContain("upstream connect error or disconnect/reset before headers");
    });

    test("sampan why says so beforehand", () => expectExplained(proxy, mesh, SIDECAR_REQUESTS));

    test("nothing was refused", () => expectNothingRefused(proxy));
  });

  describe.each(DATA_PLANES)("$name as a gateway", ({ name, command }) => {
    let proxy: ProxyProcess;

    beforeAll(async () => {
      if (isMissing) return;
      proxy = await start(command, "GRPC", "router", { istio: "ingressgateway" });
      await until(() => answers(gateway, "bookinfo.example.com", "/productpage"));
    }, 30_000);

    afterAll(() => proxy?.stop());

    test("requests land where the rules say", async () => {
      await expectRows(gateway, GATEWAY_REQUESTS, name);
    });

    test("sampan why says so beforehand", () => expectExplained(proxy, gateway, GATEWAY_REQUESTS));

    test("nothing was refused", () => expectNothingRefused(proxy));
  });
});
