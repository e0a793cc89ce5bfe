// Ten thousand requests of every kind leave nothing behind: no gauge, no connection beyond the pool, no timer, no memory that grows.
import { expect, test } from "bun:test";
import { get, ok, ProxyFixture, post, routeTo, wire } from "../testing/proxy-fixture.ts";

const REQUESTS = 10_000;

test("10,000 requests", () => {
  const f = new ProxyFixture({
    routes: [
      routeTo("origin", { retry_policy: { retry_on: "5xx,reset" } }, { prefix: "/retried" }),
      routeTo("absent", {}, { prefix: "/absent" }),
      routeTo("origin"),
    ],
    hcm: { delayed_close_timeout: "0.1s" },
  });
  const connectionsBefore = f.origin.peers.length;
  let client = f.client();
  const timersBefore = f.time.timerCount;
  for (let i = 0; i < REQUESTS; i += 1) {
    const kind = i % 8;
    const path = kind === 5 ? "/retried" : kind === 6 ? "/absent" : "/";
    f.send(client, kind === 1 ? post("body") : get(path));
    const origin = f.origin.peers.at(-1);
    if (origin === undefined) throw new Error("nobody asked the origin");
    if (kind === 2) f.reset(origin);
    else if (kind === 3)
      f.send(origin, `${wire("HTTP/1.1 200 OK", "transfer-encoding: chunked")}1\r\na\r\n0\r\n\r\n`);
    else if (kind === 4) f.close(client);
    else if (kind === 5) {
      f.send(origin, wire("HTTP/1.1 503 X", "content-length: 0"));
      f.advance(30);
      f.send(f.origin.last, ok("retried"));
    } else if (kind !== 6) f.send(origin, ok("body"));
    if (kind === 4) client = f.client();
    else expect(client.take()).toStartWith("HTTP/1.1 ");
    origin.take();
    f.net.writes.length = 0;
  }
  f.close(client);
  f.advance(20_000);
  expect(f.active()).toEqual({});
  expect(f.errors).toEqual([]);
  expect(f.stat("http.test.downstream_rq_total")).toBe(REQUESTS);
  // One connection was ever needed at a time: one is idle at most.
  expect(f.stat("cluster.origin.upstream_cx_active")).toBeLessThanOrEqual(1);
  expect(f.origin.peers.length).toBeGreaterThan(connectionsBefore);
  expect(f.time.timerCount).toBeLessThanOrEqual(timersBefore + 1);
  expect(f.proxy.listeners.connectionCount).toBe(0);
});
