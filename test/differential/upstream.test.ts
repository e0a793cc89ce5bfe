// What happens between route and host: retries, faults, mirrors, weighted clusters, circuit breakers.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type Case, testCases } from "./harness/cases.ts";
import { Client } from "./harness/client.ts";
import {
  ANY,
  catchAll,
  cluster,
  faultFilter,
  httpListener,
  type Json,
  ROUTER,
  route,
  to,
} from "./harness/config.ts";
import { OK, type OriginScript } from "./harness/origin.ts";
import { get, post, postChunked, request, response } from "./harness/request.ts";
import { type Pair, type Side, sidesOf, startPair, stopPair } from "./harness/sides.ts";

let pair: Pair;

const status = (line: string, fields: readonly string[] = []): OriginScript => ({
  steps: [response(line, "no", fields)],
});
const S503 = status("503 Service Unavailable");
const FINE: OriginScript = { steps: [OK] };
const SILENT: OriginScript = { steps: ["untilClosed"] };
const CUT: OriginScript = { steps: ["FIN"] };
const RESET: OriginScript = { steps: ["RST"] };

/** Retries without waiting long between them. */
const QUICK = { base_interval: "0.001s", max_interval: "0.002s" };
const retrying = (path: string, on: string, extra: Json = {}): Json =>
  route(
    { prefix: path },
    to("a", { retry_policy: { retry_on: on, retry_back_off: QUICK, ...extra } }),
  );

const RETRY_ROUTES: readonly Json[] = [
  retrying("/5xx", "5xx", { num_retries: 2 }),
  retrying("/gateway", "gateway-error"),
  retrying("/reset", "reset"),
  retrying("/before", "reset-before-request"),
  retrying("/4xx", "retriable-4xx"),
  retrying("/codes", "retriable-status-codes", { retriable_status_codes: [418, 200] }),
  retrying("/headers", "retriable-headers", {
    retriable_headers: [{ name: "x-again", string_match: { exact: "yes" } }],
  }),
  retrying("/request", "5xx", {
    retriable_request_headers: [{ name: "x-may", present_match: true }],
  }),
  retrying("/limited", "envoy-ratelimited"),
  retrying("/try", "5xx", { per_try_timeout: "0.05s", num_retries: 1 }),
  retrying("/none", "5xx", { num_retries: 0 }),
  retrying("/grpc", "unavailable"),
  retrying("/odd", "no-such-thing,5xx"),
  route(
    { prefix: "/total" },
    to("a", {
      timeout: "0.08s",
      retry_policy: {
        retry_on: "5xx",
        num_retries: 9,
        retry_back_off: { base_interval: "10s", max_interval: "10s" },
      },
    }),
  ),
  route(
    { prefix: "/refused" },
    to("refused", {
      retry_policy: { retry_on: "connect-failure", num_retries: 2, retry_back_off: QUICK },
    }),
  ),
  route(
    { prefix: "/one-refuses" },
    to("half", {
      retry_policy: {
        retry_on: "connect-failure",
        num_retries: 3,
        retry_back_off: QUICK,
        retry_host_predicate: [
          {
            name: "envoy.retry_host_predicates.previous_hosts",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            },
          },
        ],
        host_selection_retry_max_attempts: 5,
      },
    }),
  ),
  route(
    { prefix: "/few" },
    to("few", { retry_policy: { retry_on: "5xx", num_retries: 2, retry_back_off: QUICK } }),
  ),
  route(ANY, to("a")),
];

const retry = (
  name: string,
  path: string,
  scripts: readonly OriginScript[],
  finalStatus: number,
  extra: Partial<Case> = {},
): Case => ({
  name: `${path}: ${name}`,
  to: "retries",
  send: [get(path)],
  origin: scripts,
  status: [finalStatus],
  ...extra,
});

/** After an answer that is retried: Envoy closes its connection; ours keeps it when the whole answer came with its head. */
const KEEPS_CONNECTION: Partial<Case> = {
  except: ["connections"],
  exceptStats: /upstream_cx_(?:destroy|http1_total|total)|upstream_rq_pending_total/,
};

const retriedAnswer: typeof retry = (name, path, scripts, finalStatus, extra) =>
  retry(name, path, scripts, finalStatus, { ...KEEPS_CONNECTION, ...extra });

const RETRIES: readonly Case[] = [
  retry("good at once", "/5xx", [FINE], 200),
  retriedAnswer("503, then good", "/5xx", [S503, FINE], 200),
  retriedAnswer("500, 500, then good", "/5xx", [status("500 No"), status("500 No"), FINE], 200),
  retriedAnswer("three times 503: the limit", "/5xx", [S503], 503),
  retry("cut, then good", "/5xx", [CUT, FINE], 200),
  retry("reset, then good", "/5xx", [RESET, FINE], 200),
  retry("always cut", "/5xx", [CUT], 503),
  retry("malformed, then good", "/5xx", [{ steps: ["hello\r\n\r\n", "untilClosed"] }, FINE], 200),
  retry("404 is an answer", "/5xx", [status("404 No")], 404),
  retriedAnswer("POST with a body", "/5xx", [S503, FINE], 200, { send: [post("/5xx", "abcdef")] }),
  retriedAnswer("chunked POST", "/5xx", [S503, FINE], 200, {
    send: [postChunked("/5xx", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")],
  }),
  retry("HEAD", "/5xx", [{ steps: ["HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n"] }, FINE], 200, {
    send: [request("HEAD /5xx")],
    origin: [
      { steps: ["HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n"] },
      { steps: ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"] },
    ],
  }),
  retriedAnswer(
    "503 with a chunked body",
    "/5xx",
    [
      { steps: ["HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"] },
      FINE,
    ],
    200,
  ),
  retry(
    "cut after the head is not retried",
    "/5xx",
    [{ steps: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", { waitMs: 15 }, "FIN"] }, FINE],
    200,
  ),
  retry("500 is not a gateway error", "/gateway", [status("500 No"), FINE], 500),
  retriedAnswer("502", "/gateway", [status("502 No"), FINE], 200),
  retriedAnswer("504", "/gateway", [status("504 No"), FINE], 200),
  retry("reset", "/gateway", [RESET, FINE], 200),
  retry("reset", "/reset", [RESET, FINE], 200),
  retry("503", "/reset", [S503, FINE], 503),
  retry("cut after the request", "/before", [CUT, FINE], 503),
  retriedAnswer("409", "/4xx", [status("409 Conflict"), FINE], 200),
  retry("404", "/4xx", [status("404 No"), FINE], 404),
  retriedAnswer("418", "/codes", [status("418 Teapot"), FINE], 200, {
    origin: [status("418 Teapot"), status("201 Made")],
    status: [201],
  }),
  retry("503 is not listed", "/codes", [S503, FINE], 503),
  retriedAnswer("header says so", "/headers", [status("200 OK", ["x-again: yes"]), FINE], 200),
  retry("header says no", "/headers", [status("200 OK", ["x-again: no"]), FINE], 200),
  retry("request without the header", "/request", [S503, FINE], 503),
  retriedAnswer("request with the header", "/request", [S503, FINE], 200, {
    send: [get("/request", ["x-may: 1"])],
  }),
  retriedAnswer(
    "rate limited",
    "/limited",
    [status("429 No", ["x-envoy-ratelimited: true"]), FINE],
    200,
  ),
  retry(
    "rate limited is not 5xx",
    "/5xx",
    [status("503 No", ["x-envoy-ratelimited: true"]), FINE],
    503,
  ),
  retry("silent, then good", "/try", [SILENT, FINE], 200),
  retry("always silent", "/try", [SILENT], 504),
  retry("no retries", "/none", [S503, FINE], 503),
  retriedAnswer("gRPC unavailable", "/grpc", [status("200 OK", ["grpc-status: 14"]), FINE], 200, {
    send: [request("POST /grpc", ["content-type: application/grpc", "content-length: 0"])],
  }),
  retry("gRPC not found", "/grpc", [status("200 OK", ["grpc-status: 5"]), FINE], 200, {
    send: [request("POST /grpc", ["content-type: application/grpc", "content-length: 0"])],
  }),
  retriedAnswer("unknown word beside a known one", "/odd", [S503, FINE], 200),
  retriedAnswer("route timeout while waiting to retry", "/total", [S503], 504),
  retry("refused each time", "/refused", [], 503),
  retry("one of two hosts refuses", "/one-refuses", [FINE], 200, {
    except: ["responses", "upstream", "log", "stats"],
  }), // which host comes first is drawn
  // Since 1.33 no address is internal unless the configuration says so.
  retry("asked for by the client with a private address", "/asked", [S503, FINE], 503, {
    send: [
      get("/asked", [
        "x-envoy-retry-on: 5xx",
        "x-envoy-max-retries: 1",
        "x-forwarded-for: 10.0.0.1",
      ]),
    ],
  }),
  retry("asked for by the client, external", "/asked", [S503, FINE], 503, {
    send: [get("/asked", ["x-envoy-retry-on: 5xx", "x-forwarded-for: 9.9.9.9"])],
  }),
  retry(
    "timeout asked for by the client with a private address",
    "/asked",
    [{ steps: [{ waitMs: 80 }, OK] }],
    200,
    { send: [get("/asked", ["x-envoy-upstream-rq-timeout-ms: 40", "x-forwarded-for: 10.0.0.1"])] },
  ),
  retry("no retry allowed at once: max_retries 0", "/few", [], 503, { origin: { b: [S503] } }),
];

const fault = (config: Json): Json => ({
  typed_per_filter_config: {
    "envoy.filters.http.fault": {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
      ...config,
    },
  },
});
const PERCENT = (numerator: number): Json => ({ numerator, denominator: "HUNDRED" });
const abort = (code: number, numerator = 100): Json => ({
  abort: { http_status: code, percentage: PERCENT(numerator) },
});
const delay = (duration: string, numerator = 100): Json => ({
  delay: { fixed_delay: duration, percentage: PERCENT(numerator) },
});

const FAULT_ROUTES: readonly Json[] = [
  route({ prefix: "/abort418" }, to("a"), fault(abort(418))),
  route({ prefix: "/abort0" }, to("a"), fault(abort(418, 0))),
  route({ prefix: "/delay" }, to("a"), fault(delay("0.05s"))),
  route({ prefix: "/both" }, to("a"), fault({ ...delay("0.03s"), ...abort(503) })),
  route(
    { prefix: "/grpc" },
    to("a"),
    fault({ abort: { grpc_status: 14, percentage: PERCENT(100) } }),
  ),
  route(
    { prefix: "/headers" },
    to("a"),
    fault({ ...abort(503), headers: [{ name: "x-fault", string_match: { exact: "on" } }] }),
  ),
  route(
    { prefix: "/driven" },
    to("a"),
    fault({
      abort: { header_abort: {}, percentage: PERCENT(100) },
      delay: { header_delay: {}, percentage: PERCENT(100) },
    }),
  ),
  route({ prefix: "/cluster" }, to("a"), fault({ ...abort(503), upstream_cluster: "other" })),
  route({ prefix: "/nodes" }, to("a"), fault({ ...abort(503), downstream_nodes: ["n1"] })),
  route({ prefix: "/retried" }, to("a", { retry_policy: { retry_on: "5xx" } }), fault(abort(503))),
  route(ANY, to("a")),
];

const faulty = (
  path: string,
  status_: number,
  fields: readonly string[] = [],
  extra: Partial<Case> = {},
): Case => ({
  name: [path, ...fields].join(" "),
  to: "faults",
  send: [get(path, fields)],
  status: [status_],
  ...extra,
});
const GRPC = ["content-type: application/grpc"];

const FAULTS: readonly Case[] = [
  faulty("/abort418", 418),
  faulty("/abort418", 418, [], { name: "abort of a POST", send: [post("/abort418", "abc")] }),
  faulty("/abort418", 418, [], { name: "abort of a HEAD", send: [request("HEAD /abort418")] }),
  faulty("/abort418", 200, GRPC),
  faulty("/abort0", 200),
  faulty("/delay", 200),
  faulty("/delay", 200, [], { name: "delay of a POST", send: [post("/delay", "abc")] }),
  faulty("/both", 503),
  faulty("/grpc", 200),
  faulty("/grpc", 200, GRPC),
  faulty("/headers", 200),
  faulty("/headers", 503, ["x-fault: on"]),
  faulty("/driven", 200),
  faulty("/driven", 429, ["x-envoy-fault-abort-request: 429"]),
  faulty("/driven", 200, ["x-envoy-fault-abort-request: 99"]),
  faulty("/driven", 200, ["x-envoy-fault-abort-request: x"]),
  faulty("/driven", 200, ["x-envoy-fault-delay-request: 30"]),
  faulty("/driven", 503, ["x-envoy-fault-delay-request: 30", "x-envoy-fault-abort-request: 503"]),
  faulty("/driven", 200, [
    "x-envoy-fault-abort-request: 503",
    "x-envoy-fault-abort-request-percentage: 0",
  ]),
  faulty("/driven", 200, [...GRPC, "x-envoy-fault-abort-grpc-request: 5"]),
  faulty("/cluster", 200),
  faulty("/nodes", 200),
  faulty("/nodes", 503, ["x-envoy-downstream-service-node: n1"]),
  faulty("/retried", 503),
  faulty("/abort418", 418, ["x-envoy-downstream-service-cluster: caller"]),
  faulty("/else", 200),
  faulty("/delay", 0, [], {
    name: "client leaves during a delay",
    send: [get("/delay"), { waitMs: 10 }, "RST"],
    status: [],
    logCount: 1,
  }),
];

const MIRROR_ROUTES: readonly Json[] = [
  route({ prefix: "/mirror" }, to("a", { request_mirror_policies: [{ cluster: "b" }] })),
  route(
    { prefix: "/plain" },
    to("a", {
      request_mirror_policies: [{ cluster: "b", disable_shadow_host_suffix_append: true }],
    }),
  ),
  route(
    { prefix: "/never" },
    to("a", {
      request_mirror_policies: [{ cluster: "b", runtime_fraction: { default_value: PERCENT(0) } }],
    }),
  ),
  route({ prefix: "/refused" }, to("a", { request_mirror_policies: [{ cluster: "refused" }] })),
  route(
    { prefix: "/rewritten" },
    to("a", {
      prefix_rewrite: "/new",
      host_rewrite_literal: "new.example",
      request_mirror_policies: [{ cluster: "b" }],
    }),
    { request_headers_to_add: [{ header: { key: "x-r", value: "1" } }] },
  ),
];

const mirrored = (name: string, send: string, extra: Partial<Case> = {}): Case => ({
  name,
  to: "mirrors",
  send: [send],
  status: [200],
  ...extra,
});
const WAIT: Partial<Case> = { logCount: 1 };

const MIRRORS: readonly Case[] = [
  mirrored("GET", get("/mirror")),
  mirrored("POST", post("/mirror", "abc")),
  mirrored("chunked POST", postChunked("/mirror", "3\r\nabc\r\n0\r\n\r\n")),
  mirrored("host with a port", "GET /mirror HTTP/1.1\r\nHost: h:80\r\n\r\n"),
  mirrored("host kept", get("/plain")),
  mirrored("rewritten", get("/rewritten/x")),
  mirrored("never", get("/never")),
  mirrored("to nobody", get("/refused")),
  mirrored("answer of the mirror does not matter", get("/mirror"), { origin: { b: [S503] } }),
  mirrored("mirror answers late", get("/mirror"), {
    origin: { b: [{ steps: [{ waitMs: 60 }, OK] }] },
    ...WAIT,
  }),
];

const threshold = (limits: Json): Json => ({
  circuit_breakers: { thresholds: [{ track_remaining: true, ...limits }] },
});

/** Sends `count` requests at once, each on its own connection, while the origin holds its answers. */
async function burst(side: Side, listener: string, path: string, count: number): Promise<string[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => Client.connect(side.place.ip, side.place.port(listener))),
  );
  for (const client of clients) {
    client.write(get(path));
    await Bun.sleep(15); // one after the other, so that both sides see the same order
  }
  const exchanges = await Promise.all(clients.map((client) => client.finish(["GET"], 1, 3000)));
  return exchanges.map((exchange) =>
    exchange.messages
      .map(
        (m) =>
          `${m.head.replaceAll(/\r\n(?:date|x-envoy-upstream-service-time):[^\r]*/g, "")} ${m.body}`,
      )
      .join(),
  );
}

const breakerStats = async (side: Side, name: string): Promise<string[]> =>
  (
    await side.admin(
      `/stats?filter=^cluster\\.${name}\\.(circuit_breakers|upstream_(rq|cx)_.*(overflow|total|503|pending_active|rq_active|cx_active)$)`,
    )
  )
    .split("\n")
    // Unlimited pools: Envoy shows 2^64-1, ours 0.
    .filter((line) => !/bytes|remaining_cx_pools/.test(line))
    .sort();

interface Breaker {
  readonly name: string;
  readonly limits: Json;
  readonly count: number;
  readonly statuses: readonly number[];
}

const BREAKERS: readonly Breaker[] = [
  { name: "max-requests-1", limits: { max_requests: 1 }, count: 3, statuses: [200, 503, 503] },
  {
    name: "max-connections-1",
    limits: { max_connections: 1 },
    count: 3,
    statuses: [200, 200, 200],
  },
  {
    name: "max-connections-1-pending-1",
    limits: { max_connections: 1, max_pending_requests: 1 },
    count: 3,
    statuses: [200, 200, 503],
  },
  { name: "pending-0", limits: { max_pending_requests: 0 }, count: 2, statuses: [503, 503] },
  { name: "no-limits", limits: {}, count: 3, statuses: [200, 200, 200] },
];

describe.skipIf(mustSkip(findPeer("envoy")))("upstream, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: ["a", "b"],
      ports: ["retries", "faults", "mirrors", "weights", "breakers", "refused"],
      resources: (place) => ({
        listeners: [
          httpListener(place, "retries", {
            virtualHosts: [
              catchAll(RETRY_ROUTES, {
                include_request_attempt_count: true,
                include_attempt_count_in_response: true,
              }),
            ],
          }),
          httpListener(place, "faults", {
            virtualHosts: [catchAll(FAULT_ROUTES)],
            filters: [faultFilter(), ROUTER],
          }),
          httpListener(place, "mirrors", { virtualHosts: [catchAll(MIRROR_ROUTES)] }),
          httpListener(place, "weights", {
            virtualHosts: [
              catchAll([
                route(ANY, {
                  route: {
                    weighted_clusters: {
                      clusters: [
                        { name: "a", weight: 10 },
                        { name: "b", weight: 30 },
                        { name: "empty", weight: 0 },
                      ],
                    },
                  },
                }),
              ]),
            ],
          }),
          httpListener(place, "breakers", {
            virtualHosts: [
              catchAll(BREAKERS.map(({ name }) => route({ prefix: `/${name}/` }, to(name)))),
            ],
          }),
        ],
        clusters: [
          cluster(place, "a", ["a"]),
          cluster(place, "b", ["b"]),
          cluster(place, "empty", []),
          cluster(place, "refused", ["refused"]),
          cluster(place, "half", ["a", "refused"]),
          cluster(place, "few", ["b"], threshold({ max_retries: 0 })),
          ...BREAKERS.map(({ name, limits }) => cluster(place, name, ["b"], threshold(limits))),
        ],
      }),
    });
  }, 20_000);
  afterAll(() => stopPair(pair));

  describe("retries", () => testCases(() => pair, RETRIES));
  describe("faults", () => testCases(() => pair, FAULTS));
  describe("mirrors", () => testCases(() => pair, MIRRORS));

  describe("circuit breakers", () => {
    for (const breaker of BREAKERS) {
      test(breaker.name, async () => {
        const seen = await Promise.all(
          sidesOf(pair).map(async (side) => {
            for (const origin of side.origins.values())
              origin.expect([{ steps: [{ waitMs: 120 }, OK] }]);
            const responses = await burst(side, "breakers", `/${breaker.name}/`, breaker.count);
            await side.origin("b").closeConnections();
            await Bun.sleep(20);
            return { responses, stats: await breakerStats(side, breaker.name) };
          }),
        );
        const [envoy, ours] = seen;
        expect(envoy?.responses.map((text) => Number(text.slice(9, 12)))).toEqual([
          ...breaker.statuses,
        ]);
        expect(ours).toEqual(envoy ?? { responses: [], stats: [] });
      });
    }
  });

  test("weighted clusters: proportions by chi-square", async () => {
    const REQUESTS = 1200;
    const counts = await Promise.all(
      sidesOf(pair).map(async (side) => {
        for (const origin of side.origins.values()) origin.expect([]);
        const client = await Client.connect(side.place.ip, side.place.port("weights"));
        const methods = Array.from({ length: REQUESTS }, () => "GET");
        for (let sent = 0; sent < REQUESTS; sent += 40) {
          client.write(get("/").repeat(40));
          await client.step({ untilResponses: sent + 40 }, methods, 5000);
        }
        await client.close();
        return [side.origin("a").requests.length, side.origin("b").requests.length] as const;
      }),
    );
    for (const [a, b] of counts) {
      expect(a + b).toBe(REQUESTS);
      const chiSquare = (a - 300) ** 2 / 300 + (b - 900) ** 2 / 900;
      expect(chiSquare).toBeLessThan(15.1); // one degree of freedom, p = 0.0001
    }
  }, 20_000);
});
