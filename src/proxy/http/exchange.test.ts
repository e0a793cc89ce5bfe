// HTTP/1 through the whole proxy: what a client sends, what the origin gets, what comes back. Forms as seen on Envoy 1.40.
import { afterEach, describe, expect, test } from "bun:test";
import {
  DATE,
  type FixtureOptions,
  get,
  ok,
  ProxyFixture,
  post,
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

const PROTO = "x-forwarded-proto: http";
const TIMEOUT = "x-envoy-expected-rq-timeout-ms: 15000";
const SERVED = ["x-envoy-upstream-service-time: 0", DATE, "server: envoy"] as const;

describe("one request", () => {
  test("GET: Envoy's fields follow the client's; the origin's fields come before ours", () => {
    const f = fixture();
    const client = f.client(get("/a?b=c", "Accept: */*"));
    expect(f.origin.last.take()).toBe(
      wire("GET /a?b=c HTTP/1.1", "host: h", "accept: */*", PROTO, TIMEOUT),
    );
    f.send(f.origin.last, ok("hello", "x-one: 1"));
    expect(client.take()).toBe(
      `${wire("HTTP/1.1 200 OK", "content-length: 5", "x-one: 1", ...SERVED)}hello`,
    );
  });

  test("GET: one write up, one write down", () => {
    const f = fixture();
    f.client(get());
    f.send(f.origin.last, ok("hello"));
    const byProxy = f.net.writes.filter(({ from }) => from.host === "127.77.0.1");
    expect(byProxy).toHaveLength(1);
    const upstream = f.net.writes.length - byProxy.length - 2; // the client's and the origin's own
    expect(upstream).toBe(1);
  });

  test("the head byte by byte, and the answer byte by byte", () => {
    const f = fixture({ net: { readBytes: 1 } });
    const client = f.client(get("/", "a: b"));
    expect(f.origin.last.take()).toBe(wire("GET / HTTP/1.1", "host: h", "a: b", PROTO, TIMEOUT));
    f.send(f.origin.last, ok("hello"));
    expect(client.take()).toBe(`${wire("HTTP/1.1 200 OK", "content-length: 5", ...SERVED)}hello`);
  });

  test("POST with a length: the body goes on as it comes", () => {
    const f = fixture();
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 6")}ab`);
    const head = wire("POST / HTTP/1.1", "host: h", "content-length: 6", PROTO, TIMEOUT);
    // The expected time is written when the request ends; before it the whole timeout is left.
    expect(f.origin.last.take()).toBe(`${head}ab`);
    f.send(client, "cd");
    expect(f.origin.last.take()).toBe("cd");
    f.send(client, "ef");
    expect(f.origin.last.take()).toBe("ef");
    f.send(f.origin.last, ok());
    expect(client.take()).toBe(wire("HTTP/1.1 200 OK", "content-length: 0", ...SERVED));
  });

  test("POST in chunks: chunks up, sizes anew", () => {
    const f = fixture();
    const client = f.client(
      `${wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked")}3;x=y\r\nabc\r\n`,
    );
    expect(f.origin.last.take()).toBe(
      `${wire("POST / HTTP/1.1", "host: h", PROTO, TIMEOUT, "transfer-encoding: chunked")}3\r\nabc\r\n`,
    );
    f.send(client, "00A\r\n0123456789\r\n0\r\n\r\n");
    expect(f.origin.last.take()).toBe("a\r\n0123456789\r\n0\r\n\r\n");
    f.send(
      f.origin.last,
      `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}2\r\nhi\r\n0\r\n\r\n`,
    );
    expect(client.take()).toBe(
      `${wire("HTTP/1.1 200 OK", ...SERVED, "transfer-encoding: chunked")}2\r\nhi\r\n0\r\n\r\n`,
    );
  });

  test("an upload whose answer has begun: both go on side by side", () => {
    const f = fixture();
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 6")}ab`);
    f.send(f.origin.last, `${wire("HTTP/1.1 200 OK", "content-length: 6")}AB`);
    f.origin.last.take();
    f.send(client, "cd");
    expect(f.origin.last.take()).toBe("cd");
    f.send(f.origin.last, "CD");
    f.send(client, "ef");
    expect(f.origin.last.take()).toBe("ef");
    f.send(f.origin.last, "EF");
    expect(client.take()).toEndWith("\r\n\r\nABCDEF");
  });

  test("a response that ends with its connection becomes chunked", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, `${wire("HTTP/1.1 200 OK")}hello`);
    f.end(f.origin.last);
    expect(client.take()).toBe(
      `${wire("HTTP/1.1 200 OK", ...SERVED, "transfer-encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`,
    );
    f.send(client, get());
    expect(f.origin.peers).toHaveLength(2);
  });

  test.each([
    [
      "HEAD with a length",
      "HEAD",
      wire("HTTP/1.1 200 OK", "content-length: 5"),
      ["content-length: 5"],
    ],
    ["HEAD in chunks", "HEAD", wire("HTTP/1.1 200 OK", "transfer-encoding: chunked"), []],
    ["204", "GET", wire("HTTP/1.1 204 No Content"), []],
    [
      "304 with a length",
      "GET",
      wire("HTTP/1.1 304 Not Modified", "content-length: 5"),
      ["content-length: 5"],
    ],
  ] as const)("no body: %s; the connections serve on", (name, method, response, fields) => {
    const f = fixture();
    const client = f.client(wire(`${method} / HTTP/1.1`, "host: h"));
    f.send(f.origin.last, response);
    const [statusLine] = response.split("\r\n") as [string];
    const last = name === "HEAD in chunks" ? ["transfer-encoding: chunked"] : [];
    expect(client.take()).toBe(wire(statusLine, ...fields, ...SERVED, ...last));
    f.origin.last.take();
    f.send(client, get("/next"));
    expect(f.origin.peers).toHaveLength(1);
    expect(f.origin.last.take()).toStartWith("GET /next HTTP/1.1\r\n");
  });

  test("100 Continue is given here, and the origin does not see the expectation", () => {
    const f = fixture();
    const client = f.client(
      wire("POST / HTTP/1.1", "host: h", "content-length: 2", "expect: 100-continue"),
    );
    expect(client.take()).toBe(wire("HTTP/1.1 100 Continue"));
    expect(f.origin.last.take()).toBe(
      wire("POST / HTTP/1.1", "host: h", "content-length: 2", PROTO, TIMEOUT),
    );
    f.send(client, "hi");
    expect(f.origin.last.take()).toBe("hi");
  });

  test("proxy_100_continue leaves it to the origin", () => {
    const f = fixture({ hcm: { proxy_100_continue: true } });
    const client = f.client(
      wire("POST / HTTP/1.1", "host: h", "content-length: 2", "expect: 100-continue"),
    );
    expect(client.take()).toBe("");
    expect(f.origin.last.take()).toContain("expect: 100-continue\r\n");
    f.send(f.origin.last, wire("HTTP/1.1 100 Continue"));
    expect(client.take()).toBe(wire("HTTP/1.1 100 Continue"));
    f.send(client, "hi");
    f.send(f.origin.last, ok());
    expect(client.take()).toStartWith("HTTP/1.1 200 OK\r\n");
  });

  test("interim responses that nobody asked for are swallowed", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(
      f.origin.last,
      wire("HTTP/1.1 100 Continue") + wire("HTTP/1.1 103 Early Hints", "link: </a>") + ok("x"),
    );
    expect(client.take()).toBe(`${wire("HTTP/1.1 200 OK", "content-length: 1", ...SERVED)}x`);
  });

  test("trailers are dropped, and pass both ways with enable_trailers of listener and cluster", () => {
    for (const isEnabled of [false, true]) {
      const options = { http_protocol_options: { enable_trailers: isEnabled } };
      const f = fixture({ hcm: options, cluster: options });
      const end = (field: string): string => `0\r\n${isEnabled ? `${field}\r\n` : ""}\r\n`;
      const client = f.client(
        `${wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked")}1\r\na\r\n0\r\nx-up: 1\r\n\r\n`,
      );
      expect(f.origin.last.take()).toEndWith(`\r\n\r\n1\r\na\r\n${end("x-up: 1")}`);
      f.send(
        f.origin.last,
        `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}1\r\nb\r\n0\r\nx-down: 2\r\n\r\n`,
      );
      expect(client.take()).toEndWith(`\r\n\r\n1\r\nb\r\n${end("x-down: 2")}`);
      expect(f.errors).toEqual([]);
    }
  });

  test("hop-by-hop fields end here, both ways", () => {
    const f = fixture();
    const client = f.client(
      get("/", "connection: x-hop", "x-hop: 1", "keep-alive: 1", "te: trailers", "x-end: 1"),
    );
    expect(f.origin.last.take()).toBe(
      wire("GET / HTTP/1.1", "host: h", "te: trailers", "x-end: 1", PROTO, TIMEOUT),
    );
    f.send(f.origin.last, ok("", "connection: keep-alive", "keep-alive: timeout=5", "x-end: 2"));
    expect(client.take()).toBe(wire("HTTP/1.1 200 OK", "content-length: 0", "x-end: 2", ...SERVED));
  });

  test("absolute-form: its host stands for Host", () => {
    const f = fixture();
    f.client(wire("GET http://other:81/p?q HTTP/1.1", "host: h"));
    expect(f.origin.last.take()).toStartWith("GET /p?q HTTP/1.1\r\nhost: other:81\r\n");
  });
});

describe("many requests", () => {
  test("keep-alive on both sides: one connection each", () => {
    const f = fixture();
    const client = f.client();
    for (let i = 0; i < 5; i += 1) {
      f.send(client, get(`/${i}`));
      expect(f.origin.last.take()).toStartWith(`GET /${i} `);
      f.send(f.origin.last, ok(String(i)));
      expect(client.take()).toEndWith(`\r\n\r\n${i}`);
    }
    expect(f.origin.peers).toHaveLength(1);
  });

  test("pipelined requests are answered one after another, in order", () => {
    const f = fixture();
    const client = f.client(get("/1") + post("body") + get("/3"));
    const answered: string[] = [];
    for (const body of ["one", "two", "three"]) {
      const seen = f.origin.last.take();
      answered.push(seen.slice(0, seen.indexOf(" HTTP")));
      f.send(f.origin.last, ok(body));
      expect(client.take()).toEndWith(`\r\n\r\n${body}`);
    }
    expect(answered).toEqual(["GET /1", "POST /", "GET /3"]);
    expect(f.origin.peers).toHaveLength(1);
  });

  test("pipelined and cut anywhere: the same", () => {
    const requests = get("/1") + post("body") + get("/3");
    for (let cut = 1; cut < requests.length; cut += 1) {
      const f = fixture();
      const client = f.client(requests.slice(0, cut));
      f.send(client, requests.slice(cut));
      for (let i = 0; i < 3; i += 1) f.send(f.origin.last, ok(String(i)));
      expect(client.take().match(/\r\n\r\n\d/g)).toEqual(["\r\n\r\n0", "\r\n\r\n1", "\r\n\r\n2"]);
      expect(f.errors).toEqual([]);
    }
  });

  test("a bad request among pipelined ones: good, bad, and the end", () => {
    const f = fixture();
    const client = f.client(`${get("/1")}nonsense\r\n\r\n${get("/3")}`);
    f.send(f.origin.last, ok("one"));
    const answers = client.take();
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(answers).toEndWith("\r\nconnection: close\r\n\r\nBad Request");
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
    expect(f.origin.last.take()).not.toContain("/3");
  });

  test("more pipelined bytes than may wait: reading stops, nothing is lost", () => {
    const f = fixture({ net: { windowBytes: 16_384 } });
    const count = 6000; // more than the limit of 64 KiB and the window together
    const requests = get("/").repeat(count);
    const client = f.client(requests);
    expect(client.unsentBytes).toBeGreaterThan(0);
    let answers = 0;
    for (let i = 0; i < count; i += 1) {
      f.send(f.origin.last, ok());
      answers += client.take().match(/200 OK/g)?.length ?? 0;
    }
    expect(answers).toBe(count);
    expect(f.stat("http.test.downstream_flow_control_paused_reading_total")).toBeGreaterThan(0);
  });
});

describe("who closes", () => {
  test("the client says close: it is told so too, last, and the connection ends", () => {
    const f = fixture();
    const client = f.client(get("/", "connection: close"));
    f.send(f.origin.last, ok("x"));
    expect(client.take()).toBe(
      `${wire("HTTP/1.1 200 OK", "content-length: 1", ...SERVED, "connection: close")}x`,
    );
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
    expect(f.origin.last.isClosed).toBe(false);
  });

  test("the origin says close: the next request gets a new connection", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, ok("", "connection: close"));
    expect(client.take()).not.toContain("connection: close");
    expect(f.origin.last.hasEnded).toBe(true);
    f.send(client, get("/2"));
    expect(f.origin.peers).toHaveLength(2);
  });

  test("the origin closes while idle: the next request gets a new connection", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, ok());
    f.end(f.origin.last);
    f.send(client, get("/2"));
    f.send(f.origin.last, ok("two"));
    expect(client.take()).toEndWith("two");
    expect(f.stat("cluster.origin.upstream_cx_destroy_remote")).toBe(1);
  });

  test("bytes after a response end the connection: the next request has an answer of its own", () => {
    const f = fixture();
    const client = f.client(get());
    f.send(f.origin.last, ok("one") + ok("forged"));
    expect(client.take()).toEndWith("\r\n\r\none");
    f.send(client, get("/2"));
    expect(f.origin.peers).toHaveLength(2);
    f.send(f.origin.last, ok("two"));
    expect(client.take()).toEndWith("\r\n\r\ntwo");
  });

  test("max_requests_per_connection: the last answer says so", () => {
    const f = fixture({
      hcm: { common_http_protocol_options: { max_requests_per_connection: 2 } },
    });
    const client = f.client(get());
    f.send(f.origin.last, ok());
    expect(client.take()).not.toContain("connection: close");
    f.send(client, get());
    f.send(f.origin.last, ok());
    expect(client.take()).toContain("connection: close");
    expect(f.stat("http.test.downstream_cx_max_requests_reached")).toBe(1);
  });

  test("the client leaves in the middle: the upstream request is dropped, and logged as DC", () => {
    const f = fixture();
    const client = f.client(get("/gone"));
    f.close(client);
    expect(f.origin.last.hasEnded).toBe(true);
    expect(f.logs()).toEqual(["GET /gone 0 DC downstream_remote_disconnect"]);
    expect(f.stat("http.test.downstream_cx_destroy_remote_active_rq")).toBe(1);
    expect(f.stat("cluster.origin.upstream_rq_cancelled")).toBe(0);
    expect(f.active()).toEqual({});
  });

  test("the client's RST in the middle of an upload", () => {
    const f = fixture();
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 9")}abc`);
    f.reset(client);
    expect(f.origin.last.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });
});

describe("bytes that turn bad after a good head", () => {
  const BAD_CHUNK = `${wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked")}zz\r\n`;

  test("400, and the upstream request goes with it", () => {
    const f = fixture();
    const client = f.client(wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked"));
    f.send(client, "zz\r\n");
    expect(client.take()).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    expect(f.origin.last.hasEnded).toBe(true);
    expect(f.logs()).toEqual(["POST / 400 DPE http1.codec_error"]);
  });

  test("after an answer that came at once: that answer stands, and the request is logged once", () => {
    const f = fixture({ originCount: 0 });
    const client = f.client(BAD_CHUNK);
    expect(client.take().match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 503"]);
    expect(f.logs()).toEqual(["POST / 503 UH no_healthy_upstream"]);
    f.advance(1010);
    expect(f.active()).toEqual({});
  });

  test("after the response began: it is cut, and the request is logged once", () => {
    const f = fixture();
    const client = f.client(wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked"));
    f.send(f.origin.last, `${wire("HTTP/1.1 200 OK", "content-length: 9")}abc`);
    f.send(client, "zz\r\n");
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
    expect(f.logs()).toEqual(["POST / 200 DPE http1.codec_error"]);
    expect(f.active()).toEqual({});
  });
});

describe("HTTP/1.0 and upgrades", () => {
  test("HTTP/1.0 is refused, unless accept_http_10", () => {
    const refused = fixture().client("GET / HTTP/1.0\r\n\r\n");
    expect(refused.take()).toStartWith("HTTP/1.1 426 Upgrade Required\r\n");
    const f = fixture({ hcm: { http_protocol_options: { accept_http_10: true } } });
    const client = f.client("GET / HTTP/1.0\r\nhost: h\r\n\r\n");
    f.send(
      f.origin.last,
      `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}2\r\nhi\r\n0\r\n\r\n`,
    );
    expect(client.take()).toBe(`${wire("HTTP/1.0 200 OK", ...SERVED, "connection: close")}hi`);
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
  });

  const UPGRADE = get("/ws", "connection: Upgrade", "upgrade: WebSocket");

  test("an upgrade nobody configured: 403", () => {
    const f = fixture();
    const client = f.client(UPGRADE);
    expect(client.take()).toBe(
      wire(
        "HTTP/1.1 403 Forbidden",
        DATE,
        "server: envoy",
        "connection: close",
        "content-length: 0",
      ),
    );
    expect(f.origin.peers).toHaveLength(0);
    expect(f.logs()).toEqual(["GET /ws 403 - upgrade_failed"]);
    expect(f.stat("http.test.downstream_rq_ws_on_non_ws_route")).toBe(1);
  });

  test("websocket: head, 101, then bytes both ways until one side ends", () => {
    const f = fixture({ hcm: { upgrade_configs: [{ upgrade_type: "websocket" }] } });
    const client = f.client(UPGRADE);
    expect(f.origin.last.take()).toBe(
      wire(
        "GET /ws HTTP/1.1",
        "host: h",
        PROTO,
        TIMEOUT,
        "connection: upgrade",
        "upgrade: websocket",
      ),
    );
    f.send(
      f.origin.last,
      wire("HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket") +
        "first",
    );
    expect(client.take()).toBe(
      `${wire("HTTP/1.1 101 Switching Protocols", DATE, "server: envoy", "connection: upgrade", "upgrade: websocket")}first`,
    );
    f.send(client, "up");
    expect(f.origin.last.take()).toBe("up");
    f.send(f.origin.last, "down");
    expect(client.take()).toBe("down");
    f.close(f.origin.last);
    f.advance(1010);
    expect(client.isClosed || client.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });

  test("websocket refused by the origin: its answer comes back", () => {
    const f = fixture({ hcm: { upgrade_configs: [{ upgrade_type: "websocket" }] } });
    const client = f.client(UPGRADE);
    f.send(f.origin.last, `${wire("HTTP/1.1 400 Bad Request", "content-length: 2")}no`);
    expect(client.take()).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    f.advance(1010);
    expect(f.active()).toEqual({});
  });
});
