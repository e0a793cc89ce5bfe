// Retries as Envoy does them: what is tried again, how often, how long after, with what; and when not.
import { afterEach, describe, expect, test } from "bun:test";
import type { Peer } from "../../testing/peer.ts";
import {
  type FixtureOptions,
  get,
  type Json,
  ok,
  originAddress,
  ProxyFixture,
  post,
  routeTo,
  wire,
} from "../../testing/proxy-fixture.ts";

let current: ProxyFixture | undefined;

function fixture(policy: Json, options: FixtureOptions = {}): ProxyFixture {
  current = new ProxyFixture({
    routes: [routeTo("origin", { retry_policy: policy })],
    ...options,
  });
  return current;
}

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

const status = (code: number, ...fields: readonly string[]): string =>
  wire(`HTTP/1.1 ${code} X`, "content-length: 0", ...fields);

type Outcome = string | "FIN" | "RST";

/** Lets the request that waits at the origin meet its fate. */
function meet(f: ProxyFixture, outcome: Outcome): void {
  const peer = f.origin.last;
  if (outcome === "FIN") f.end(peer);
  else if (outcome === "RST") f.reset(peer);
  else f.send(peer, outcome);
}

/** How many requests the origins have seen. */
const seen = (f: ProxyFixture): number =>
  f.origins
    .flatMap(({ peers }) => peers)
    .reduce((sum, peer) => sum + (peer.received.match(/ HTTP\/1.1\r\n/g)?.length ?? 0), 0);

const MAX_BACK_OFF_MS = 30;

describe("what is tried again", () => {
  const RESETS: readonly Outcome[] = ["FIN", "RST", "nonsense\r\n\r\n"];
  test.each<[on: string, outcomes: readonly Outcome[], others: readonly Outcome[]]>([
    ["5xx", [status(500), status(503), status(599), ...RESETS], [status(404), status(409)]],
    [
      "gateway-error",
      [status(502), status(503), status(504), ...RESETS],
      [status(500), status(501)],
    ],
    ["reset", RESETS, [status(500), status(503)]],
    ["connect-failure", [], [...RESETS, status(503)]],
    ["retriable-4xx", [status(409)], [status(404), status(503), "RST"]],
    ["retriable-status-codes", [status(418)], [status(419), status(503), "RST"]],
    ["retriable-headers", [status(200, "x-again: 1")], [status(503), "RST"]],
    ["envoy-ratelimited", [status(429, "x-envoy-ratelimited: true")], [status(429), "RST"]],
    ["cancelled", [status(200, "grpc-status: 1")], [status(200, "grpc-status: 2"), status(503)]],
    ["deadline-exceeded", [status(200, "grpc-status: 4")], [status(200, "grpc-status: 14")]],
    ["resource-exhausted", [status(200, "grpc-status: 8")], [status(200, "grpc-status: 0")]],
    ["internal", [status(200, "grpc-status: 13")], [status(200), "RST"]],
    ["unavailable", [status(200, "grpc-status: 14")], [status(200, "grpc-status: 1")]],
    ["no-such-token,reset", RESETS, [status(503)]],
    ["5xx", [], [status(503, "x-envoy-ratelimited: true")]],
  ])("%s", (on, outcomes, others) => {
    const policy: Json = {
      retry_on: on,
      retriable_status_codes: [418],
      retriable_headers: [{ name: "x-again", present_match: true }],
    };
    for (const outcome of [...outcomes, ...others]) {
      const f = fixture(policy);
      const client = f.client(get());
      meet(f, outcome);
      f.advance(MAX_BACK_OFF_MS);
      const isRetried = outcomes.includes(outcome);
      expect([outcome, seen(f)]).toEqual([outcome, isRetried ? 2 : 1]);
      expect(client.received === "").toBe(isRetried);
      if (isRetried) f.send(f.origin.last, ok("at last"));
      if (isRetried) expect(client.received).toEndWith("\r\n\r\nat last");
      expect(f.errors).toEqual([]);
    }
  });

  test("connect-failure: the next host is tried", () => {
    const f = fixture({ retry_on: "connect-failure" }, { originCount: 2 });
    f.origins[0]?.close();
    for (let i = 0; i < 2; i += 1) {
      const client = f.client(get());
      f.advance(MAX_BACK_OFF_MS);
      f.send(f.origins[1]?.last as Peer, ok("up", "connection: close"));
      expect(client.take()).toEndWith("\r\n\r\nup");
    }
    // Round robin: each began with the one that is not there.
    expect(f.stat("cluster.origin.upstream_rq_retry")).toBe(2);
    expect(f.stat("cluster.origin.upstream_rq_retry_success")).toBe(2);
  });

  test("retriable_request_headers: only such requests", () => {
    const policy = {
      retry_on: "5xx",
      retriable_request_headers: [{ name: "x-may", string_match: { exact: "retry" } }],
    };
    for (const [field, count] of [
      ["x-may: retry", 2],
      ["x-may: not", 1],
    ] as const) {
      const f = fixture(policy);
      f.client(get("/", field));
      meet(f, status(503));
      f.advance(MAX_BACK_OFF_MS);
      expect(seen(f)).toBe(count);
    }
  });
});

describe("how often and when", () => {
  test("num_retries, then the last answer with URX", () => {
    const f = fixture({ retry_on: "5xx", num_retries: 2 });
    const client = f.client(get());
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect(seen(f)).toBe(attempt);
      meet(f, status(503, `x-attempt: ${attempt}`));
      f.advance(60);
    }
    expect(client.take()).toContain("x-attempt: 3\r\n");
    expect(f.logs()).toEqual(["GET / 503 URX via_upstream"]);
    expect(f.stats()).toMatchObject({
      "cluster.origin.upstream_rq_retry": 2,
      "cluster.origin.upstream_rq_retry_limit_exceeded": 1,
      "cluster.origin.upstream_rq_retry_backoff_exponential": 2,
      "cluster.origin.upstream_rq_503": 1,
      "cluster.origin.retry.upstream_rq_503": 2,
      "cluster.origin.upstream_rq_total": 3,
    });
  });

  test("a reply of our own after retries says so", () => {
    const f = fixture({ retry_on: "reset" });
    const client = f.client(get());
    meet(f, "RST");
    f.advance(MAX_BACK_OFF_MS);
    meet(f, "RST");
    expect(client.take()).toEndWith(
      "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: connection termination",
    );
    expect(f.logs()).toEqual([
      "GET / 503 URX,UC upstream_reset_before_response_started{connection_termination}",
    ]);
  });

  test("back-off: full jitter below 25, 50, 100, 200, then 250 ms", () => {
    const longest = [0, 0, 0, 0, 0, 0];
    for (let seed = 1; seed <= 40; seed += 1) {
      const f = fixture({ retry_on: "5xx", num_retries: 6 }, { seed });
      f.client(get());
      for (let i = 0; i < 6; i += 1) {
        const sinceMs = f.time.nowMs();
        meet(f, status(503));
        for (let ms = 0; ms < 300 && seen(f) === i + 1; ms += 1) f.advance(1);
        longest[i] = Math.max(longest[i] as number, f.time.nowMs() - sinceMs);
      }
    }
    const ranges = [25, 50, 100, 200, 250, 250];
    longest.forEach((longestMs, i) => {
      const range = ranges[i] as number;
      // A tick of the timer wheel is 10 ms, and a retry waits for one at least.
      expect(longestMs).toBeLessThanOrEqual(range + 10);
      expect(longestMs).toBeGreaterThan(range * 0.7);
    });
  });

  test("retry_back_off sets the ranges", () => {
    const f = fixture({
      retry_on: "5xx",
      retry_back_off: { base_interval: "1s", max_interval: "1.5s" },
      num_retries: 3,
    });
    f.client(get());
    meet(f, status(503));
    f.advance(1010);
    expect(seen(f)).toBe(2);
    meet(f, status(503));
    f.advance(1510);
    expect(seen(f)).toBe(3);
  });

  test("max_retries of the cluster: overflow, UO", () => {
    const f = fixture(
      { retry_on: "5xx" },
      { cluster: { circuit_breakers: { thresholds: [{ max_retries: 1 }] } } },
    );
    const first = f.client(get("/1"));
    const second = f.client(get("/2"));
    for (const peer of f.origin.peers) peer.send(status(503));
    f.net.run();
    expect(second.take()).toStartWith("HTTP/1.1 503 ");
    expect(first.take()).toBe("");
    expect(f.stat("cluster.origin.upstream_rq_retry_overflow")).toBe(1);
    f.advance(MAX_BACK_OFF_MS);
    for (const peer of f.origin.peers) peer.send(ok());
    f.net.run();
    expect(f.logs()).toContain("GET /2 503 UO via_upstream");
  });

  test("retry_budget: a share of what is active, but the least number in any case", () => {
    const f = fixture(
      { retry_on: "5xx" },
      {
        cluster: {
          circuit_breakers: {
            thresholds: [
              { retry_budget: { budget_percent: { value: 25 }, min_retry_concurrency: 1 } },
            ],
          },
        },
      },
    );
    const clients = Array.from({ length: 12 }, (_, i) => f.client(get(`/${i}`)));
    for (const peer of f.origin.peers) peer.send(status(503));
    f.net.run();
    // The first of 12 active requests may be one of 3 retries, the second of 11 one of 2, the third of 10 is too many.
    expect(f.stat("cluster.origin.retry.upstream_rq_503")).toBe(2);
    expect(f.stat("cluster.origin.upstream_rq_retry_overflow")).toBe(10);
    expect(clients.filter(({ received }) => received !== "").length).toBe(10);
  });

  test("the client leaves while a retry waits: it is never made", () => {
    const f = fixture({ retry_on: "5xx" });
    const client = f.client(get());
    meet(f, status(503));
    f.close(client);
    f.advance(100);
    expect(seen(f)).toBe(1);
    expect(f.active()).toEqual({});
  });
});

describe("with what", () => {
  test("attempt count and the time that is left are written anew", () => {
    const f = fixture(
      { retry_on: "5xx" },
      {
        virtualHost: {
          include_request_attempt_count: true,
          include_attempt_count_in_response: true,
        },
      },
    );
    const client = f.client(get());
    expect(f.origin.last.take()).toContain("x-envoy-attempt-count: 1\r\n");
    f.advance(5000);
    meet(f, status(503));
    f.advance(MAX_BACK_OFF_MS);
    const second = f.origin.last.take();
    expect(second).toContain("x-envoy-attempt-count: 2\r\n");
    const leftMs = Number(/x-envoy-expected-rq-timeout-ms: (\d+)/.exec(second)?.[1]);
    expect(leftMs).toBeGreaterThanOrEqual(9960);
    expect(leftMs).toBeLessThanOrEqual(10_000);
    meet(f, ok());
    expect(client.take()).toContain("x-envoy-attempt-count: 2\r\n");
  });

  test("the body is sent again, in one piece, though it came in many", () => {
    const f = fixture({ retry_on: "5xx" });
    const client = f.client(wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked"));
    f.send(client, "3\r\nabc\r\n");
    f.send(client, "3\r\ndef\r\n0\r\n\r\n");
    f.origin.last.take();
    meet(f, status(503));
    f.advance(MAX_BACK_OFF_MS);
    expect(f.origin.last.take()).toEndWith("\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n");
    meet(f, ok());
    expect(client.take()).toStartWith("HTTP/1.1 200 ");
  });

  test("a retry while the body still comes: all of it arrives", () => {
    const f = fixture({ retry_on: "reset" });
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 6")}abc`);
    f.reset(f.origin.last);
    f.advance(MAX_BACK_OFF_MS);
    expect(f.origin.last.take()).toEndWith("\r\n\r\nabc");
    f.send(client, "def");
    expect(f.origin.last.take()).toBe("def");
    meet(f, ok());
    expect(client.take()).toStartWith("HTTP/1.1 200 ");
    f.send(client, get("/next"));
    expect(f.origin.last.take()).toStartWith("GET /next ");
  });

  test("a body beyond the buffer limit: no retry, and it is said", () => {
    const f = fixture(
      { retry_on: "5xx" },
      { listener: { per_connection_buffer_limit_bytes: 1024 } },
    );
    const client = f.client(post("x".repeat(5000)));
    meet(f, status(503));
    f.advance(MAX_BACK_OFF_MS);
    expect(client.take()).toStartWith("HTTP/1.1 503 ");
    expect(f.stat("cluster.origin.retry_or_shadow_abandoned")).toBe(1);
    expect(f.logs()).toEqual(["POST / 503 - via_upstream"]);
  });

  test("previous_hosts: not the same host again", () => {
    const policy = {
      retry_on: "5xx",
      retry_host_predicate: [
        {
          name: "envoy.retry_host_predicates.previous_hosts",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
          },
        },
      ],
      host_selection_retry_max_attempts: 20,
    };
    for (let seed = 1; seed <= 10; seed += 1) {
      const f = fixture(policy, {
        originCount: 3,
        seed,
        cluster: { lb_policy: "RANDOM" },
      });
      f.client(get());
      const hosts: string[] = [];
      for (const origin of f.origins) {
        for (const peer of origin.peers) if (peer.take() !== "") hosts.push(origin.address.host);
      }
      const first = f.origins.find(({ address }) => address.host === hosts[0])?.last as Peer;
      f.send(first, status(503));
      f.advance(MAX_BACK_OFF_MS);
      const again = f.origins.filter((o) => o.peers.some(({ received }) => received !== ""));
      expect(again).toHaveLength(1);
      expect(again[0]?.address.host).not.toBe(hosts[0]);
    }
    expect(originAddress(0).port).toBe(80);
  });

  test("a big answer that is retried closes its connection, a small one keeps it", () => {
    const f = fixture({ retry_on: "5xx", num_retries: 2 });
    f.client(get());
    meet(f, status(503));
    f.advance(MAX_BACK_OFF_MS);
    expect(f.origin.peers).toHaveLength(1);
    meet(f, `${wire("HTTP/1.1 503 X", "content-length: 100")}begun`);
    f.advance(60);
    expect(f.origin.peers).toHaveLength(2);
    expect(f.origin.peers[0]?.hasEnded).toBe(true);
  });
});
