// A request that a filter holds: what comes meanwhile waits, within the buffer limit, and goes on in order.
import { afterEach, expect, test } from "bun:test";
import { type FixtureOptions, get, ok, ProxyFixture, wire } from "../testing/proxy-fixture.ts";

let current: ProxyFixture | undefined;

function delayed(options: FixtureOptions = {}): ProxyFixture {
  current = new ProxyFixture({
    filters: [
      {
        name: "envoy.filters.http.fault",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
          delay: { fixed_delay: "1s", percentage: { numerator: 100 } },
        },
      },
    ],
    ...options,
  });
  return current;
}

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
});

test("head and the whole body go on together, in one write", () => {
  const f = delayed();
  const client = f.client(wire("POST / HTTP/1.1", "host: h", "content-length: 6"));
  f.send(client, "abc");
  f.send(client, "def");
  expect(f.origin.peers).toHaveLength(0);
  f.advance(1010);
  expect(f.origin.last.take()).toEndWith("\r\n\r\nabcdef");
  f.send(f.origin.last, ok("done"));
  expect(client.take()).toEndWith("done");
  expect(f.logs()).toEqual(["POST / 200 DI via_upstream"]);
});

test("a body that is only begun goes on, and its rest follows", () => {
  const f = delayed();
  const client = f.client(wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked"));
  f.send(client, "3\r\nabc\r\n");
  f.advance(1010);
  expect(f.origin.last.take()).toEndWith("\r\n\r\n3\r\nabc\r\n");
  f.send(client, "1\r\nd\r\n0\r\n\r\n");
  expect(f.origin.last.take()).toBe("1\r\nd\r\n0\r\n\r\n");
});

test("trailers wait, too", () => {
  const f = delayed({
    hcm: { http_protocol_options: { enable_trailers: true } },
    cluster: {
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          explicit_http_config: { http_protocol_options: { enable_trailers: true } },
        },
      },
    },
  });
  f.client(
    `${wire("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked")}1\r\na\r\n0\r\nx-t: 1\r\n\r\n`,
  );
  f.advance(1010);
  expect(f.origin.last.take()).toEndWith("\r\n\r\n1\r\na\r\n0\r\nx-t: 1\r\n\r\n");
});

test("more than the buffer limit is not read before the request goes on", () => {
  const f = delayed({
    listener: { per_connection_buffer_limit_bytes: 1024 },
    net: { windowBytes: 512, readBytes: 512 },
  });
  const size = 100_000;
  const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${size}`));
  f.send(client, "x".repeat(size));
  expect(size - client.unsentBytes).toBeLessThanOrEqual(1024 + 3 * 512);
  f.advance(1010);
  expect(f.origin.last.take()).toEndWith("x".repeat(size));
});

test("a client that leaves meanwhile is forgotten", () => {
  const f = delayed();
  const client = f.client(get());
  f.close(client);
  f.advance(2000);
  expect(f.origin.peers).toHaveLength(0);
  expect(f.active()).toEqual({});
});

test("pipelined requests are held one after another", () => {
  const f = delayed();
  const client = f.client(get("/1") + get("/2"));
  f.advance(1010);
  f.send(f.origin.last, ok("1"));
  expect(client.take()).toEndWith("\r\n\r\n1");
  expect(f.origin.last.take()).not.toContain("/2");
  f.advance(1010);
  f.send(f.origin.last, ok("2"));
  expect(client.take()).toEndWith("\r\n\r\n2");
});
