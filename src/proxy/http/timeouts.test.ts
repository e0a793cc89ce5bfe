// Every timeout of a request and of its connections, by virtual time: when it fires, what the client gets, what is counted.
import { afterEach, describe, expect, test } from "bun:test";
import {
  type FixtureOptions,
  get,
  ok,
  ProxyFixture,
  routeTo,
  wire,
} from "../testing/proxy-fixture.ts";

let current: ProxyFixture | undefined;

function fixture(options: FixtureOptions = {}): ProxyFixture {
  current = new ProxyFixture(options);
  return current;
}

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

/** A timer fires within this after its time. */
const TICK_MS = 10;

const START_OF_POST = `${wire("POST / HTTP/1.1", "host: h", "content-length: 9")}abc`;

/** The status that the client gets, and after how long; undefined when nothing comes within `limitMs`. */
function wait(
  f: ProxyFixture,
  received: () => string,
  limitMs: number,
): [string, number] | undefined {
  for (let ms = 0; ms <= limitMs; ms += TICK_MS) {
    if (received() !== "") return [received().slice(9, 12), ms];
    f.advance(TICK_MS);
  }
  return undefined;
}

function expectAt(found: [string, number] | undefined, status: string, ms: number): void {
  expect(found?.[0]).toBe(status);
  expect(found?.[1]).toBeGreaterThanOrEqual(ms);
  expect(found?.[1]).toBeLessThanOrEqual(ms + 2 * TICK_MS);
}

describe("the route's timeout", () => {
  test("15 s by default, 504 UT, and the upstream connection goes", () => {
    const f = fixture();
    const client = f.client(get());
    expectAt(
      wait(f, () => client.received, 20_000),
      "504",
      15_000,
    );
    expect(client.received).toEndWith("\r\n\r\nupstream request timeout");
    expect(f.origin.last.hasEnded).toBe(true);
    expect(f.logs()).toEqual(["GET / 504 UT response_timeout"]);
    expect(f.stats()).toMatchObject({
      "cluster.origin.upstream_rq_timeout": 1,
      "cluster.origin.upstream_rq_504": 1,
    });
    f.send(client, get());
    f.send(f.origin.last, ok("next"));
    expect(client.received).toEndWith("next");
  });

  test("begins when the request is complete", () => {
    const f = fixture({ routes: [routeTo("origin", { timeout: "1s" })] });
    const client = f.client(START_OF_POST);
    f.advance(5000);
    expect(client.received).toBe("");
    f.send(client, "defghi");
    expectAt(
      wait(f, () => client.received, 3000),
      "504",
      1000,
    );
  });

  test("in the middle of a body: the client sees that it is cut", () => {
    const f = fixture({ routes: [routeTo("origin", { timeout: "1s" })] });
    const client = f.client(get());
    f.send(f.origin.last, `${wire("HTTP/1.1 200 OK", "content-length: 9")}abc`);
    f.advance(3000);
    expect(client.received).toEndWith("\r\n\r\nabc");
    expect(client.hasEnded).toBe(true);
    expect(f.logs()).toEqual(["GET / 200 UT response_timeout"]);
    expect(f.active()).toEqual({});
  });

  test("0 turns it off", () => {
    const f = fixture({ routes: [routeTo("origin", { timeout: "0s" })] });
    const client = f.client(get());
    expect(f.origin.last.take()).not.toContain("expected-rq-timeout");
    f.advance(200_000);
    expect(client.received).toBe("");
  });

  test("bounds all retries together, and the waiting for a connection", () => {
    const f = fixture({
      routes: [routeTo("origin", { timeout: "3s" })],
      cluster: { connect_timeout: "60s" },
    });
    f.net.silence(f.origin.address);
    const client = f.client(get());
    expectAt(
      wait(f, () => client.received, 5000),
      "504",
      3000,
    );
  });
});

describe("per try", () => {
  const perTry = { retry_on: "5xx", per_try_timeout: "1s", num_retries: 2 };

  test("each attempt has its time; the last one is the answer", () => {
    const f = fixture({ routes: [routeTo("origin", { timeout: "10s", retry_policy: perTry })] });
    const client = f.client(get());
    expect(f.origin.last.take()).toContain("x-envoy-expected-rq-timeout-ms: 1000\r\n");
    const found = wait(f, () => client.received, 5000);
    expect(found?.[0]).toBe("504");
    expect(found?.[1]).toBeGreaterThanOrEqual(3000);
    expect(found?.[1]).toBeLessThanOrEqual(3000 + 25 + 50 + 6 * TICK_MS);
    expect(f.origin.peers).toHaveLength(3);
    expect(f.stat("cluster.origin.upstream_rq_per_try_timeout")).toBe(3);
    expect(f.logs()[0]).toBe("GET / 504 URX,UT upstream_per_try_timeout");
  });

  test("is off once the response has begun", () => {
    const f = fixture({ routes: [routeTo("origin", { timeout: "10s", retry_policy: perTry })] });
    const client = f.client(get());
    f.send(f.origin.last, wire("HTTP/1.1 200 OK", "content-length: 2"));
    f.advance(5000);
    f.send(f.origin.last, "ok");
    expect(client.received).toEndWith("\r\n\r\nok");
  });

  test("one that is not shorter than the route's is ignored", () => {
    const f = fixture({
      routes: [
        routeTo("origin", { timeout: "1s", retry_policy: { ...perTry, per_try_timeout: "1s" } }),
      ],
    });
    const client = f.client(get());
    expectAt(
      wait(f, () => client.received, 3000),
      "504",
      1000,
    );
    expect(f.origin.peers).toHaveLength(1);
  });

  test("per_try_idle_timeout: moved by each byte from upstream", () => {
    const f = fixture({
      routes: [
        routeTo("origin", {
          timeout: "60s",
          retry_policy: { retry_on: "5xx", per_try_idle_timeout: "1s", num_retries: 1 },
        }),
      ],
    });
    const client = f.client(get());
    f.advance(1100);
    expect(f.origin.peers).toHaveLength(2);
    f.send(f.origin.last, wire("HTTP/1.1 200 OK", "content-length: 9"));
    for (let i = 0; i < 8; i += 1) {
      f.advance(900);
      f.send(f.origin.last, "x");
    }
    expect(client.received).toEndWith("xxxxxxxx");
    f.advance(3000);
    expect(client.hasEnded).toBe(true);
    expect(f.stat("cluster.origin.upstream_rq_per_try_idle_timeout")).toBe(2);
  });
});

describe("from downstream", () => {
  test("stream_idle_timeout in the middle of an upload: 408 SI", () => {
    const f = fixture({ hcm: { stream_idle_timeout: "2s" } });
    const client = f.client(START_OF_POST);
    f.advance(1500);
    f.send(client, "d");
    expectAt(
      wait(f, () => client.received, 5000),
      "408",
      2000,
    );
    expect(client.received).toEndWith("stream timeout");
    expect(f.stat("http.test.downstream_rq_idle_timeout")).toBe(1);
    expect(f.logs()).toEqual(["POST / 408 SI stream_idle_timeout"]);
    expect(f.active()).toEqual({});
  });

  test("stream_idle_timeout while the origin thinks: 504", () => {
    const f = fixture({ hcm: { stream_idle_timeout: "2s" } });
    const client = f.client(get());
    expectAt(
      wait(f, () => client.received, 5000),
      "504",
      2000,
    );
  });

  test("stream_idle_timeout is moved by bytes of the response", () => {
    const f = fixture({ hcm: { stream_idle_timeout: "2s" } });
    const client = f.client(get());
    f.send(f.origin.last, wire("HTTP/1.1 200 OK", "content-length: 5"));
    for (let i = 0; i < 5; i += 1) {
      f.advance(1500);
      f.send(f.origin.last, "x");
    }
    expect(client.received).toEndWith("xxxxx");
  });

  test("the route's idle_timeout takes its place, and 0 turns it off", () => {
    const routes = [
      routeTo("origin", { idle_timeout: "1s", timeout: "0s" }, { prefix: "/short" }),
      routeTo("origin", { idle_timeout: "0s", timeout: "0s" }, { prefix: "/none" }),
    ];
    const f = fixture({ hcm: { stream_idle_timeout: "3s" }, routes });
    const short = f.client(get("/short"));
    expectAt(
      wait(f, () => short.received, 5000),
      "504",
      1000,
    );
    const none = f.client(get("/none"));
    f.advance(60_000);
    expect(none.received).toBe("");
  });

  test("request_timeout: the whole request, 408", () => {
    const f = fixture({ hcm: { request_timeout: "2s" } });
    const client = f.client(START_OF_POST);
    f.advance(1500);
    f.send(client, "d");
    expectAt(
      wait(f, () => client.received, 3000),
      "408",
      500,
    );
    expect(client.received).toEndWith("request timeout");
    expect(f.logs()).toEqual(["POST / 408 - request_overall_timeout"]);
    expect(f.stat("http.test.downstream_rq_timeout")).toBe(1);
  });

  test("request_timeout is over when the request is", () => {
    const f = fixture({ hcm: { request_timeout: "2s" } });
    const client = f.client(get());
    f.advance(5000);
    f.send(f.origin.last, ok());
    expect(client.received).toStartWith("HTTP/1.1 200 ");
  });

  test("request_headers_timeout: from the first byte of a head, 408", () => {
    const f = fixture({ hcm: { request_headers_timeout: "2s" } });
    const client = f.client();
    f.advance(5000);
    f.send(client, "GET / HTTP/1.1\r\n");
    expectAt(
      wait(f, () => client.received, 5000),
      "408",
      2000,
    );
    expect(client.received).toEndWith("request header timeout");
    expect(f.stat("http.test.downstream_rq_header_timeout")).toBe(1);
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });

  test("a head that comes byte by byte without end falls to the stream's idle timeout at the latest", () => {
    const f = fixture({ hcm: { stream_idle_timeout: "2s" } });
    const client = f.client("GET / HT");
    expectAt(
      wait(f, () => client.received, 5000),
      "408",
      2000,
    );
  });

  test("max_stream_duration: whatever it does", () => {
    const f = fixture({
      hcm: { common_http_protocol_options: { max_stream_duration: "2s" } },
      routes: [routeTo("origin", { timeout: "0s" })],
    });
    const client = f.client(get());
    expectAt(
      wait(f, () => client.received, 5000),
      "504",
      2000,
    );
    expect(f.logs()).toEqual(["GET / 504 - max_duration_timeout"]);
    expect(f.stat("http.test.downstream_rq_max_duration_reached")).toBe(1);
  });
});

describe("connections", () => {
  test("idle_timeout: after it, and the time to drain, the connection ends", () => {
    const f = fixture({
      hcm: { common_http_protocol_options: { idle_timeout: "10s" }, drain_timeout: "1s" },
    });
    const client = f.client(get());
    f.send(f.origin.last, ok());
    f.advance(9990);
    expect(client.hasEnded).toBe(false);
    f.advance(1100);
    expect(client.hasEnded).toBe(true);
    expect(f.stat("http.test.downstream_cx_idle_timeout")).toBe(1);
    expect(f.active()).toEqual({});
  });

  test("idle_timeout does not count while requests come", () => {
    const f = fixture({ hcm: { common_http_protocol_options: { idle_timeout: "10s" } } });
    const client = f.client();
    for (let i = 0; i < 5; i += 1) {
      f.advance(6000);
      f.send(client, get());
      f.send(f.origin.last, ok());
    }
    expect(client.hasEnded).toBe(false);
    expect(client.received.match(/200 OK/g)).toHaveLength(5);
  });

  test("max_connection_duration: the next answer says close; without one it ends after the drain timeout", () => {
    const options = {
      hcm: {
        common_http_protocol_options: { max_connection_duration: "10s" },
        drain_timeout: "2s",
      },
    };
    const busy = fixture(options);
    const client = busy.client();
    busy.advance(10_010);
    busy.send(client, get());
    busy.send(busy.origin.last, ok());
    expect(client.received).toContain("\r\nconnection: close\r\n");
    const idle = fixture(options);
    const other = idle.client();
    idle.advance(11_900);
    expect(other.hasEnded).toBe(false);
    idle.advance(200);
    expect(other.hasEnded).toBe(true);
  });

  test("the cluster's idle_timeout ends idle upstream connections", () => {
    const f = fixture({
      cluster: {
        typed_extension_protocol_options: {
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            common_http_protocol_options: { idle_timeout: "5s" },
            explicit_http_config: { http_protocol_options: {} },
          },
        },
      },
    });
    f.client(get());
    f.send(f.origin.last, ok());
    f.advance(4900);
    expect(f.origin.last.hasEnded).toBe(false);
    f.advance(200);
    expect(f.origin.last.hasEnded).toBe(true);
  });

  test("delayed close: the peer may close first, and is waited for 1 s; 0 does not wait", () => {
    for (const [delay, ms] of [
      ["1s", 1000],
      ["0s", 0],
      ["0.5s", 500],
    ] as const) {
      const f = fixture({ hcm: { delayed_close_timeout: delay } });
      const client = f.client("nonsense\r\n\r\n");
      expect(client.received).toStartWith("HTTP/1.1 400 ");
      f.advance(Math.max(0, ms - TICK_MS));
      expect(client.hasEnded).toBe(ms === 0);
      f.advance(3 * TICK_MS);
      expect(client.hasEnded).toBe(true);
      expect(f.stat("http.test.downstream_cx_delayed_close_timeout")).toBe(ms === 0 ? 0 : 1);
    }
  });

  test("no timer is left when all connections are gone", () => {
    const f = fixture();
    const before = f.time.timerCount;
    const client = f.client(get());
    f.send(f.origin.last, ok("", "connection: close"));
    f.send(client, get());
    f.close(client);
    f.advance(100);
    expect(f.active()).toEqual({});
    f.logs();
    // The wheel may sleep on for a timer that was taken back; it wakes once, and finds nothing.
    f.advance(3_700_000);
    expect(f.time.timerCount).toBeLessThanOrEqual(before);
    expect(f.stat("http.test.downstream_cx_idle_timeout")).toBe(0);
    expect(f.stat("http.test.downstream_cx_delayed_close_timeout")).toBe(0);
  });
});

describe("a client that does not read what it asked for", () => {
  const SIZE = 40_000;
  const lastAnswer = (): ReturnType<ProxyFixture["client"]> & { f: ProxyFixture } => {
    const f = fixture({ net: { windowBytes: 1024 } });
    const client = f.client(get("/", "connection: close"));
    client.socket?.pause();
    f.send(f.origin.last, ok("x".repeat(SIZE)));
    return Object.assign(client, { f });
  };

  test("after the last answer it is waited for as long as for its close", () => {
    const client = lastAnswer();
    client.f.advance(980);
    expect(client.f.stat("http.test.downstream_cx_active")).toBe(1);
    client.f.advance(60);
    expect(client.f.active()).toEqual({});
    expect(client.f.stat("http.test.downstream_cx_delayed_close_timeout")).toBe(1);
  });

  test("one that reads slowly gets all of it", () => {
    const client = lastAnswer();
    client.onEvent = () => client.socket?.pause();
    for (let i = 0; i < 100; i += 1) {
      client.f.advance(700);
      client.socket?.resume();
      client.f.net.run();
    }
    expect(client.received).toEndWith("x".repeat(SIZE));
    expect(client.f.active()).toEqual({});
  });

  test("nor does one stay that said that it will send nothing more", () => {
    const f = fixture({ net: { windowBytes: 1024 } });
    const client = f.client(get());
    client.socket?.pause();
    f.send(f.origin.last, ok("x".repeat(SIZE)));
    f.end(client);
    f.advance(1100);
    expect(f.active()).toEqual({});
  });

  test("nor one whose answer was cut", () => {
    const f = fixture({ net: { windowBytes: 1024 } });
    const client = f.client(get());
    client.socket?.pause();
    f.send(f.origin.last, `${wire("HTTP/1.1 200 OK", "content-length: 99999")}${"x".repeat(SIZE)}`);
    f.reset(f.origin.last);
    f.advance(1100);
    expect(f.active()).toEqual({});
  });
});
