// Back-pressure in both directions: a slow reader or a slow origin never makes us hold more than the watermark and one read.
import { afterEach, expect, test } from "bun:test";
import type { Peer } from "../testing/peer.ts";
import { get, ok, ProxyFixture, routeTo, wire } from "../testing/proxy-fixture.ts";

const KIB = 1024;
const LIMIT = 32 * KIB;
const WINDOW = 8 * KIB;
const BODY = 4 * 1024 * KIB;

let current: ProxyFixture | undefined;

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

function fixture(retries = false): ProxyFixture {
  current = new ProxyFixture({
    net: { windowBytes: WINDOW, readBytes: WINDOW },
    routes: [routeTo("origin", retries ? { retry_policy: { retry_on: "5xx" } } : {})],
    listener: { per_connection_buffer_limit_bytes: LIMIT },
    cluster: { per_connection_buffer_limit_bytes: LIMIT },
  });
  return current;
}

const CHUNK = new Uint8Array(64 * KIB).fill(120);

function sendBody(f: ProxyFixture, from: Peer, size: number): void {
  for (let sent = 0; sent < size; sent += CHUNK.length) from.send(CHUNK);
  f.net.run();
}

/** Lets `peer` read one window after another until nothing more comes; returns the most that was ever on its way inside. */
function readSlowly(f: ProxyFixture, peer: Peer, source: Peer, total: number): number {
  let mostHeld = 0;
  peer.onEvent = () => peer.socket?.pause();
  for (let before = -1; before < peer.receivedBytes; ) {
    before = peer.receivedBytes;
    const sent = total - source.unsentBytes;
    // Two windows are the network's, not ours.
    mostHeld = Math.max(mostHeld, sent - before - 2 * WINDOW);
    peer.socket?.resume();
    f.net.run();
  }
  return mostHeld;
}

test("a slow reader: the origin is slowed down, and nothing is lost", () => {
  const f = fixture();
  const client = f.client(get());
  client.keepText = false;
  client.socket?.pause();
  f.send(f.origin.last, wire("HTTP/1.1 200 OK", `content-length: ${BODY}`));
  sendBody(f, f.origin.last, BODY);
  const held = readSlowly(f, client, f.origin.last, BODY);
  expect(client.receivedBytes).toBeGreaterThan(BODY);
  expect(held).toBeLessThanOrEqual(LIMIT + 2 * WINDOW);
  expect(f.stat("cluster.origin.upstream_flow_control_paused_reading_total")).toBeGreaterThan(0);
  expect(f.stat("cluster.origin.upstream_flow_control_resumed_reading_total")).toBe(
    f.stat("cluster.origin.upstream_flow_control_paused_reading_total"),
  );
});

test("a slow origin: the client is slowed down, and nothing is lost", () => {
  const f = fixture();
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${BODY}`));
  f.origin.last.keepText = false;
  f.origin.last.socket?.pause();
  sendBody(f, client, BODY);
  const held = readSlowly(f, f.origin.last, client, BODY);
  expect(f.origin.last.receivedBytes).toBeGreaterThan(BODY);
  expect(held).toBeLessThanOrEqual(LIMIT + 2 * WINDOW);
  f.send(f.origin.last, ok("done"));
  expect(client.take()).toEndWith("done");
  expect(f.stat("http.test.downstream_flow_control_paused_reading_total")).toBeGreaterThan(0);
});

test("an upload whose connection is not there yet waits within the limit", () => {
  const f = fixture();
  f.net.silence(f.origin.address);
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${BODY}`));
  sendBody(f, client, BODY);
  const taken = BODY - client.unsentBytes;
  expect(taken).toBeLessThanOrEqual(LIMIT + 3 * WINDOW);
});

test("an upload that may be retried: kept up to the limit, then streamed", () => {
  const f = fixture(true);
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${BODY}`));
  f.origin.last.keepText = false;
  sendBody(f, client, BODY);
  expect(f.origin.last.receivedBytes).toBeGreaterThan(BODY);
  expect(f.stat("cluster.origin.retry_or_shadow_abandoned")).toBe(1);
  f.send(f.origin.last, ok("done"));
  expect(client.take()).toEndWith("done");
});

test("chunks are passed on as slowly as they are read, too", () => {
  const f = fixture();
  const client = f.client(get());
  client.keepText = false;
  client.socket?.pause();
  const origin = f.origin.last;
  f.send(origin, wire("HTTP/1.1 200 OK", "transfer-encoding: chunked"));
  for (let i = 0; i < 64; i += 1) {
    origin.send(`${CHUNK.length.toString(16)}\r\n`);
    origin.send(CHUNK);
    origin.send("\r\n");
  }
  origin.send("0\r\n\r\n");
  f.net.run();
  const total = 64 * CHUNK.length;
  const held = readSlowly(f, client, origin, total);
  expect(client.receivedBytes).toBeGreaterThan(total);
  expect(held).toBeLessThanOrEqual(LIMIT + 2 * WINDOW);
});

test("the reader leaves while the origin is paused: its connection goes", () => {
  const f = fixture();
  const client = f.client(get());
  client.socket?.pause();
  f.send(f.origin.last, wire("HTTP/1.1 200 OK", `content-length: ${BODY}`));
  sendBody(f, f.origin.last, BODY);
  f.reset(client);
  expect(f.origin.last.isClosed || f.origin.last.hasEnded).toBe(true);
  expect(f.active()).toEqual({});
});

test("the response ends while the reader is slow: the upstream connection serves the next request", () => {
  const f = fixture();
  const slow = f.client(get());
  slow.socket?.pause();
  const size = LIMIT + WINDOW;
  f.send(f.origin.last, wire("HTTP/1.1 200 OK", `content-length: ${size}`));
  f.send(f.origin.last, CHUNK.subarray(0, size));
  slow.keepText = false;
  readSlowly(f, slow, f.origin.last, size);
  const other = f.client(get("/other"));
  f.send(f.origin.last, ok("other"));
  expect(other.take()).toEndWith("other");
  expect(f.origin.peers).toHaveLength(1);
});

test("a client that asks and asks and never reads: no more is answered than fits", () => {
  const BODY_BYTES = 4000;
  const COUNT = 3000;
  current = new ProxyFixture({
    routes: [
      routeTo("origin", {}, { prefix: "/up" }),
      {
        match: { prefix: "/" },
        direct_response: { status: 200, body: { inline_string: "x".repeat(BODY_BYTES) } },
      },
    ],
    listener: { per_connection_buffer_limit_bytes: LIMIT },
  });
  const f = current;
  for (const path of ["/", "/up"]) {
    const client = f.client();
    client.socket?.pause();
    client.keepText = false;
    const before = f.stat("http.test.downstream_rq_total");
    f.send(client, get(path).repeat(COUNT));
    const answer = (): void => {
      for (const peer of f.origin.peers)
        if (peer.take() !== "") peer.send(ok("x".repeat(BODY_BYTES)));
      f.net.run();
    };
    for (let i = 0; i < COUNT; i += 1) answer();
    const begun = f.stat("http.test.downstream_rq_total") - before;
    expect(begun).toBeGreaterThan(5);
    // The watermark, what the network holds, and one more.
    expect(begun).toBeLessThanOrEqual((LIMIT + 65_536) / BODY_BYTES + 2);
    client.socket?.resume();
    for (let i = 0; i < COUNT; i += 1) answer();
    expect(f.stat("http.test.downstream_rq_total") - before).toBe(COUNT);
    expect(client.receivedBytes).toBeGreaterThan(COUNT * BODY_BYTES);
    expect(f.stat("http.test.downstream_rq_active")).toBe(0);
  }
});

test("an origin that answers without reading keeps its connection to itself", () => {
  const f = fixture();
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${3 * WINDOW}`));
  const first = f.origin.last;
  first.socket?.pause();
  f.send(client, CHUNK.subarray(0, 3 * WINDOW));
  expect(client.unsentBytes).toBe(0);
  f.send(first, ok("early"));
  expect(client.take()).toEndWith("early");
  // Behind what it did not read, the next upload would wait without bounds.
  f.send(client, get("/next"));
  expect(f.origin.peers).toHaveLength(2);
  f.send(f.origin.last, ok("next"));
  expect(client.take()).toEndWith("next");
});

test("an upload that was slowed down to its end leaves its connection readable", () => {
  const f = fixture();
  // The kernel takes one window, the watermark is passed with the last read.
  const size = WINDOW + LIMIT + 4 * KIB;
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${size}`));
  f.origin.last.socket?.pause();
  f.send(client, CHUNK.subarray(0, size));
  expect(client.unsentBytes).toBe(0);
  expect(f.stat("http.test.downstream_flow_control_paused_reading_total")).toBe(1);
  f.send(f.origin.last, ok("early"));
  expect(client.take()).toEndWith("early");
  f.send(client, get("/next"));
  f.send(f.origin.last, ok("next"));
  expect(client.take()).toEndWith("next");
});

test("a request that begins while much is still unread of the answer before: its answer is slowed down from the start", () => {
  const f = fixture();
  const client = f.client(get());
  client.keepText = false;
  client.socket?.pause();
  // Its last read brings it, with its head, above the watermark.
  const first = WINDOW + LIMIT;
  f.send(f.origin.last, wire("HTTP/1.1 200 OK", `content-length: ${first}`));
  f.send(f.origin.last, CHUNK.subarray(0, first));
  // One window is read: less than the watermark waits, but more than its half.
  client.onEvent = () => client.socket?.pause();
  client.socket?.resume();
  f.net.run();
  f.send(client, get("/next"));
  const origin = f.origin.last;
  f.send(origin, wire("HTTP/1.1 200 OK", `content-length: ${BODY}`));
  sendBody(f, origin, BODY);
  expect(BODY - origin.unsentBytes).toBeLessThanOrEqual(LIMIT + 3 * WINDOW);
  readSlowly(f, client, origin, BODY);
  expect(client.receivedBytes).toBeGreaterThan(first + BODY);
});

test("once the answer has begun, an upload is kept for no retry", () => {
  const f = fixture(true);
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${BODY}`));
  f.send(f.origin.last, wire("HTTP/1.1 200 OK", "content-length: 2"));
  f.origin.last.keepText = false;
  sendBody(f, client, BODY);
  expect(f.origin.last.receivedBytes).toBeGreaterThanOrEqual(BODY);
  expect(f.stat("cluster.origin.retry_or_shadow_abandoned")).toBe(0);
});
