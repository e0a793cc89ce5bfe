// What a client gets when no host answers: status, body, flags and details as Envoy 1.40 gives them; and what is counted.
import { afterEach, describe, expect, test } from "bun:test";
import {
  clusterOf,
  DATE,
  type FixtureOptions,
  get,
  ok,
  originAddress,
  ProxyFixture,
  routeTo,
  wire,
} from "../../testing/proxy-fixture.ts";

let current: ProxyFixture | undefined;

function fixture(options: FixtureOptions = {}): ProxyFixture {
  current = new ProxyFixture(options);
  return current;
}

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

const nowhere = clusterOf("nowhere", [{ host: "127.77.9.9", port: 80 }]);

const textReply = (statusLine: string, body: string, ...fields: readonly string[]): string =>
  wire(
    `HTTP/1.1 ${statusLine}`,
    `content-length: ${body.length}`,
    "content-type: text/plain",
    DATE,
    "server: envoy",
    ...fields,
  ) + body;

describe("local replies", () => {
  test("no route: 404 NR", () => {
    const f = fixture({ routes: [routeTo("origin", {}, { prefix: "/only" })] });
    const client = f.client(get("/x"));
    expect(client.take()).toBe(
      wire("HTTP/1.1 404 Not Found", DATE, "server: envoy", "content-length: 0"),
    );
    expect(f.logs()).toEqual(["GET /x 404 NR route_not_found"]);
    expect(f.stat("http.test.no_route")).toBe(1);
    f.send(client, get("/only"));
    f.send(f.origin.last, ok());
    expect(client.take()).toStartWith("HTTP/1.1 200 OK\r\n");
  });

  test("a cluster that is not there: 503 NC, or what the route says", () => {
    const f = fixture({
      routes: [
        routeTo("absent", { cluster_not_found_response_code: "NOT_FOUND" }, { prefix: "/404" }),
        { match: { prefix: "/" }, route: { cluster_header: "x-cluster" } },
      ],
    });
    const client = f.client(get("/404") + get("/503", "x-cluster: absent") + get("/none"));
    expect(client.take().match(/HTTP\/1.1 \d+/g)).toEqual([
      "HTTP/1.1 404",
      "HTTP/1.1 503",
      "HTTP/1.1 503",
    ]);
    expect(f.logs()).toEqual([
      "GET /404 404 NC cluster_not_found",
      "GET /503 503 NC cluster_not_found",
      "GET /none 503 NC cluster_not_found",
    ]);
  });

  test("no host: 503 UH", () => {
    const f = fixture({ originCount: 0 });
    const client = f.client(get());
    expect(client.take()).toBe(textReply("503 Service Unavailable", "no healthy upstream"));
    expect(f.logs()).toEqual(["GET / 503 UH no_healthy_upstream"]);
    expect(f.stat("cluster.origin.upstream_cx_none_healthy")).toBe(1);
  });

  test("connection refused: 503 UF", () => {
    const f = fixture({ routes: [routeTo("nowhere")], clusters: [nowhere] });
    const client = f.client(get());
    expect(client.take()).toBe(
      textReply(
        "503 Service Unavailable",
        "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
      ),
    );
    expect(f.logs()).toEqual([
      "GET / 503 UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
    ]);
    expect(f.stats()).toMatchObject({
      "cluster.nowhere.upstream_cx_connect_fail": 1,
      "cluster.nowhere.upstream_rq_pending_failure_eject": 1,
      "cluster.nowhere.upstream_rq_503": 1,
    });
    expect(f.active()).toEqual({
      "http.test.downstream_cx_active": 1,
      "http.test.downstream_cx_http1_active": 1,
      ...listenerActive(f),
    });
  });

  test("connect timeout: 503 UF after connect_timeout", () => {
    const f = fixture({
      routes: [routeTo("nowhere")],
      clusters: [{ ...nowhere, connect_timeout: "2s" }],
    });
    f.net.silence({ host: "127.77.9.9", port: 80 });
    const client = f.client(get());
    f.advance(1990);
    expect(client.take()).toBe("");
    f.advance(20);
    expect(client.take()).toEndWith(
      "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
    );
    expect(f.logs()).toEqual([
      "GET / 503 UF upstream_reset_before_response_started{connection_timeout}",
    ]);
  });

  test.each([
    ["FIN", (f: ProxyFixture) => f.end(f.origin.last)],
    ["RST", (f: ProxyFixture) => f.reset(f.origin.last)],
  ])("%s before the response: 503 UC", (_name, breakIt) => {
    const f = fixture();
    const client = f.client(get());
    breakIt(f);
    expect(client.take()).toBe(
      textReply(
        "503 Service Unavailable",
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
      ),
    );
    expect(f.logs()).toEqual([
      "GET / 503 UC upstream_reset_before_response_started{connection_termination}",
    ]);
  });

  test.each([
    ["bytes that are no HTTP", "hello there\r\n\r\n"],
    ["CL and TE", wire("HTTP/1.1 200 OK", "content-length: 1", "transfer-encoding: chunked")],
    ["two lengths", wire("HTTP/1.1 200 OK", "content-length: 1", "content-length: 1")],
    ["status 99", wire("HTTP/1.1 099 X")],
    ["101 that nobody asked for", wire("HTTP/1.1 101 Switching Protocols", "upgrade: websocket")],
    ["101 fields", wire("HTTP/1.1 200 OK", ...Array.from({ length: 101 }, (_, i) => `a${i}: b`))],
  ])("%s: 502 UPE, and the connection goes", (_name, response) => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, response);
    expect(client.take()).toBe(
      textReply(
        "502 Bad Gateway",
        "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
      ),
    );
    expect(f.origin.last.hasEnded || f.origin.last.isClosed).toBe(true);
    f.send(client, get());
    f.send(f.origin.last, ok("own"));
    expect(client.take()).toEndWith("\r\n\r\nown");
    expect(f.logs()).toEqual([
      "GET / 502 UPE upstream_reset_before_response_started{protocol_error}",
      "GET / 200 - via_upstream",
    ]);
  });

  test("to gRPC requests: trailers only, with the status and message of gRPC", () => {
    const f = fixture({
      routes: [routeTo("nowhere", {}, { prefix: "/a" }), routeTo("origin", {}, { prefix: "/b" })],
      clusters: [nowhere],
    });
    const grpc = (path: string): string =>
      wire(
        `POST ${path} HTTP/1.1`,
        "host: h",
        "content-type: application/grpc",
        "content-length: 0",
      );
    const client = f.client(grpc("/a"));
    expect(client.take()).toBe(
      wire(
        "HTTP/1.1 200 OK",
        "content-type: application/grpc",
        "grpc-status: 14",
        "grpc-message: upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
        DATE,
        "server: envoy",
        "content-length: 0",
      ),
    );
    f.send(client, grpc("/none"));
    expect(client.take()).toContain("\r\ngrpc-status: 12\r\n");
  });

  test("to HEAD: no body, but its length", () => {
    const f = fixture({ originCount: 0 });
    const client = f.client(wire("HEAD / HTTP/1.1", "host: h"));
    expect(client.take()).toBe(
      wire(
        "HTTP/1.1 503 Service Unavailable",
        "content-length: 19",
        "content-type: text/plain",
        DATE,
        "server: envoy",
      ),
    );
    f.send(client, get());
    expect(client.take()).toStartWith("HTTP/1.1 503 ");
  });
});

describe("after the response began", () => {
  test.each([
    ["length, FIN", wire("HTTP/1.1 200 OK", "content-length: 9"), false],
    ["length, RST", wire("HTTP/1.1 200 OK", "content-length: 9"), true],
    ["chunks, FIN", `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}5\r\nab`, false],
    ["until close, RST", wire("HTTP/1.1 200 OK"), true],
  ])("a body cut short (%s): the client sees that it is", (_name, head, isReset) => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, `${head}abc`);
    if (isReset) f.reset(f.origin.last);
    else f.end(f.origin.last);
    f.advance(1010);
    const answer = client.take();
    expect(answer).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(answer).not.toContain("0\r\n\r\n");
    expect(client.hasEnded || client.isClosed).toBe(true);
    expect(f.logs()).toEqual([
      "GET / 200 UPE upstream_reset_after_response_started{protocol_error}",
    ]);
    expect(f.stat("http.test.downstream_rq_tx_reset")).toBe(1);
    expect(f.active()).toEqual({});
  });

  test("bad bytes in a chunked body", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(
      f.origin.last,
      `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}3\r\nabc\r\nxyz`,
    );
    f.advance(1010);
    expect(client.take()).toEndWith("\r\n\r\n3\r\nabc\r\n");
    expect(client.hasEnded).toBe(true);
  });

  test("an early answer to an upload: it is delivered, and the connections end", () => {
    const f = fixture();
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 100")}abc`);
    f.send(f.origin.last, ok("no"));
    expect(client.take()).toEndWith("\r\nconnection: close\r\n\r\nno");
    expect(f.origin.last.hasEnded).toBe(true);
    f.send(client, "more that nobody wants");
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });
});

describe("circuit breakers", () => {
  const limited = (thresholds: Readonly<Record<string, number>>): FixtureOptions => ({
    cluster: { circuit_breakers: { thresholds: [thresholds] } },
  });

  test("max_connections and max_pending_requests: the next one overflows, 503 UO", () => {
    const f = fixture(limited({ max_connections: 1, max_pending_requests: 1 }));
    const first = f.client(get("/1"));
    const second = f.client(get("/2"));
    const third = f.client(get("/3"));
    expect(third.take()).toBe(
      textReply(
        "503 Service Unavailable",
        "upstream connect error or disconnect/reset before headers. reset reason: overflow",
      ).replace("content-length", "x-envoy-overloaded: true\r\ncontent-length"),
    );
    expect(f.stat("cluster.origin.upstream_rq_pending_overflow")).toBe(1);
    f.send(f.origin.last, ok("1"));
    expect(first.take()).toEndWith("1");
    f.send(f.origin.last, ok("2"));
    expect(second.take()).toEndWith("2");
    expect(f.logs()).toEqual([
      "GET /3 503 UO upstream_reset_before_response_started{overflow}",
      "GET /1 200 - via_upstream",
      "GET /2 200 - via_upstream",
    ]);
    expect(f.origin.peers).toHaveLength(1);
  });

  test("max_requests", () => {
    const f = fixture(limited({ max_requests: 1 }));
    f.client(get("/1"));
    const second = f.client(get("/2"));
    expect(second.take()).toStartWith("HTTP/1.1 503 ");
    expect(f.stat("cluster.origin.upstream_rq_active_overflow")).toBe(1);
  });
});

describe("outlier detection sees what the router saw", () => {
  const outlier = {
    consecutive_5xx: 2,
    interval: "1s",
    base_ejection_time: "30s",
    max_ejection_percent: 100,
  };

  test("two 5xx in a row: the host is out, the other gets all", () => {
    const f = fixture({ originCount: 2, cluster: { outlier_detection: outlier } });
    const client = f.client();
    const answer = (): void => {
      for (const origin of f.origins) {
        for (const peer of origin.peers) {
          if (peer.take() === "") continue;
          const isBad = origin.address.host === originAddress(0).host;
          f.send(peer, isBad ? wire("HTTP/1.1 500 X", "content-length: 0") : ok());
        }
      }
    };
    const statuses: string[] = [];
    for (let i = 0; i < 10; i += 1) {
      f.send(client, get());
      answer();
      statuses.push(client.take().slice(9, 12));
    }
    expect(statuses.filter((status) => status === "500")).toHaveLength(2);
    expect(statuses.slice(4)).toEqual(Array(6).fill("200"));
    expect(f.stat("cluster.origin.outlier_detection.ejections_active")).toBe(1);
  });

  test("split mode: a connection that comes about clears the count of local failures", () => {
    const f = fixture({
      cluster: {
        outlier_detection: {
          ...outlier,
          split_external_local_origin_errors: true,
          consecutive_local_origin_failure: 2,
          enforcing_consecutive_local_origin_failure: 100,
        },
      },
    });
    const client = f.client();
    for (let i = 0; i < 4; i += 1) {
      // A failure, then a success.
      f.send(client, get());
      f.reset(f.origin.last);
      f.send(client, get());
      f.send(f.origin.last, ok("", "connection: close"));
    }
    expect(f.stat("cluster.origin.outlier_detection.ejections_enforced_total")).toBe(0);
  });
});

/** The listener's own gauge, which is no concern here. */
function listenerActive(f: ProxyFixture): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(f.active()).filter(([name]) => name.startsWith("listener.")),
  );
}
