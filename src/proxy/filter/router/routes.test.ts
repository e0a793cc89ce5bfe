// What a route does to a request end to end: redirects, direct responses, header operations, rewrites, weights, mirrors.
import { afterEach, describe, expect, test } from "bun:test";
import { serve } from "../../testing/peer.ts";
import {
  clusterOf,
  DATE,
  type FixtureOptions,
  get,
  ok,
  ProxyFixture,
  post,
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

const SHADOW = { host: "127.77.2.1", port: 80 };

describe("answers of the route itself", () => {
  test("redirect: location first, no body, the connection serves on", () => {
    const f = fixture({
      routes: [
        { match: { prefix: "/old" }, redirect: { prefix_rewrite: "/new", https_redirect: true } },
        routeTo("origin"),
      ],
    });
    const client = f.client(get("/old/x?y"));
    expect(client.take()).toBe(
      wire(
        "HTTP/1.1 301 Moved Permanently",
        "location: https://h/new/x?y",
        DATE,
        "server: envoy",
        "content-length: 0",
      ),
    );
    f.send(client, get());
    f.send(f.origin.last, ok("up"));
    expect(client.take()).toEndWith("up");
    expect(f.logs()[0]).toBe("GET /old/x?y 301 - direct_response");
    expect(f.stat("http.test.rq_direct_response")).toBe(1);
  });

  test("direct response: its body, the route's response fields; HEAD without the body", () => {
    const f = fixture({
      routes: [
        {
          match: { prefix: "/" },
          direct_response: { status: 418, body: { inline_string: "tea" } },
          response_headers_to_add: [{ header: { key: "x-pot", value: "short" } }],
        },
      ],
    });
    const client = f.client(get());
    const head = [
      "HTTP/1.1 418 Unknown",
      "x-pot: short",
      "content-length: 3",
      "content-type: text/plain",
      DATE,
      "server: envoy",
    ];
    expect(client.take()).toBe(`${wire(...head)}tea`);
    f.send(client, wire("HEAD / HTTP/1.1", "host: h"));
    expect(client.take()).toEndWith("\r\nserver: envoy\r\n\r\n");
  });

  test("a direct response to an upload: answered, and the rest of the upload is not waited for", () => {
    const f = fixture({ routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }] });
    const client = f.client(wire("POST / HTTP/1.1", "host: h", "content-length: 100"));
    expect(client.take()).toContain("connection: close\r\n");
    f.advance(1010);
    expect(client.hasEnded).toBe(true);
  });
});

describe("on the way", () => {
  test("header operations of route and virtual host, both ways; formats see the request", () => {
    const f = fixture({
      routes: [
        {
          ...routeTo("origin"),
          request_headers_to_add: [{ header: { key: "x-route", value: "%REQ(x-in)%!" } }],
          request_headers_to_remove: ["x-gone"],
          response_headers_to_remove: ["x-secret"],
        },
      ],
      virtualHost: {
        request_headers_to_add: [
          { header: { key: "x-in", value: "host" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
        ],
        response_headers_to_add: [{ header: { key: "x-code", value: "%RESPONSE_CODE%" } }],
      },
    });
    const client = f.client(get("/", "x-in: client", "x-gone: 1"));
    const seen = f.origin.last.take();
    expect(seen).toContain("\r\nx-route: client!\r\n");
    expect(seen).toContain("\r\nx-in: host\r\n");
    expect(seen).not.toContain("x-gone");
    f.send(f.origin.last, ok("", "x-secret: 1"));
    const answer = client.take();
    expect(answer).not.toContain("x-secret");
    expect(answer).toContain("\r\nx-code: 200\r\n");
  });

  test("prefix and host rewrite, with Envoy's marks; the log shows the original path where asked", () => {
    const f = fixture({
      routes: [
        routeTo(
          "origin",
          { prefix_rewrite: "/v2", host_rewrite_literal: "inside" },
          { prefix: "/api" },
        ),
      ],
    });
    f.client(get("/api/x?y"));
    const seen = f.origin.last.take();
    expect(seen).toStartWith("GET /v2/x?y HTTP/1.1\r\nhost: inside\r\n");
    expect(seen).toContain("\r\nx-envoy-original-path: /api/x?y\r\n");
  });

  test("auto_host_rewrite takes the name that the host was given", () => {
    const f = fixture({
      routes: [routeTo("named", { auto_host_rewrite: true })],
      clusters: [
        {
          ...clusterOf("named", []),
          load_assignment: {
            cluster_name: "named",
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: {
                      hostname: "reviews.internal",
                      address: { socket_address: { address: "127.77.1.1", port_value: 80 } },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    });
    f.client(get());
    expect(f.origin.last.take()).toStartWith("GET / HTTP/1.1\r\nhost: reviews.internal\r\n");
  });

  test("weights: 100 requests of a seed fall close to 80 and 20", () => {
    const other = { host: "127.77.3.1", port: 80 };
    const f = fixture({
      clusters: [clusterOf("other", [other])],
      routes: [
        {
          match: { prefix: "/" },
          route: {
            weighted_clusters: {
              clusters: [
                { name: "origin", weight: 80 },
                { name: "other", weight: 20 },
              ],
            },
          },
        },
      ],
    });
    serve(f.net, other, (peer) => peer.take() !== "" && peer.send(ok()));
    const client = f.client();
    for (let i = 0; i < 200; i += 1) {
      f.send(client, get());
      const peer = f.origin.peers[0];
      if (peer !== undefined && peer.take() !== "") f.send(peer, ok());
      expect(client.take()).toStartWith("HTTP/1.1 200 ");
    }
    const share = f.stat("cluster.other.upstream_rq_total");
    expect(share).toBeGreaterThan(25);
    expect(share).toBeLessThan(57);
  });
});

describe("mirrors", () => {
  function mirrored(more: FixtureOptions = {}): {
    f: ProxyFixture;
    shadow: ReturnType<typeof serve>;
  } {
    const f = fixture({
      clusters: [clusterOf("shadow", [SHADOW])],
      routes: [routeTo("origin", { request_mirror_policies: [{ cluster: "shadow" }] })],
      ...more,
    });
    return { f, shadow: serve(f.net, SHADOW) };
  }

  test("head and body go to both; Host gets its suffix; the answer is dropped", () => {
    const { f, shadow } = mirrored();
    const client = f.client(post("hello", "x-a: 1"));
    const seen = shadow.last.take();
    expect(seen).toStartWith("POST / HTTP/1.1\r\nhost: h-shadow\r\n");
    expect(seen).toContain("\r\nx-a: 1\r\n");
    expect(seen).toEndWith("\r\n\r\nhello");
    f.send(shadow.last, ok("not for the client"));
    expect(client.take()).toBe("");
    f.send(f.origin.last, ok("mine"));
    expect(client.take()).toEndWith("\r\n\r\nmine");
    expect(f.stat("cluster.shadow.upstream_rq_200")).toBe(1);
    expect(f.origin.last.take()).not.toContain("x-envoy-internal");
    expect(f.active()).not.toHaveProperty("cluster.shadow.upstream_rq_active");
    f.advance(20_000);
    expect(f.stat("cluster.shadow.upstream_rq_timeout")).toBe(0);
  });

  test("a request that finds no host is not copied", () => {
    const { f, shadow } = mirrored({ originCount: 0 });
    expect(f.client(get()).take()).toContain("503 Service Unavailable");
    expect(shadow.peers).toEqual([]);
  });

  test("a shadow that never answers holds nothing up, and ends with the route's timeout", () => {
    const { f, shadow } = mirrored();
    const client = f.client(get());
    f.send(f.origin.last, ok("mine"));
    expect(client.take()).toEndWith("mine");
    f.advance(14_900);
    expect(shadow.last.hasEnded).toBe(false);
    f.advance(200);
    expect(shadow.last.hasEnded).toBe(true);
    f.close(client);
    expect(f.active()).toEqual({});
  });

  test("a shadow that breaks, or speaks nonsense, or is not there", () => {
    for (const act of [
      (f: ProxyFixture, shadow: ReturnType<typeof serve>) => f.reset(shadow.last),
      (f: ProxyFixture, shadow: ReturnType<typeof serve>) =>
        f.send(shadow.last, "nonsense\r\n\r\n"),
    ]) {
      const { f, shadow } = mirrored();
      const client = f.client(get());
      act(f, shadow);
      f.send(f.origin.last, ok("mine"));
      expect(client.take()).toEndWith("mine");
      f.close(client);
      expect(f.active()).toEqual({});
      expect(f.errors).toEqual([]);
    }
    const f = fixture({
      routes: [routeTo("origin", { request_mirror_policies: [{ cluster: "absent" }] })],
    });
    const client = f.client(get());
    f.send(f.origin.last, ok("mine"));
    expect(client.take()).toEndWith("mine");
  });

  test("the client leaves in the middle of an upload: so does the shadow", () => {
    const { f, shadow } = mirrored();
    const client = f.client(`${wire("POST / HTTP/1.1", "host: h", "content-length: 9")}abc`);
    expect(shadow.last.take()).toEndWith("abc");
    f.reset(client);
    expect(shadow.last.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });

  test("a shadow that reads slowly loses the request, not the client its speed", () => {
    const { f, shadow } = mirrored({
      net: { windowBytes: 1024 },
      cluster: { per_connection_buffer_limit_bytes: 1_000_000 },
      clusters: [clusterOf("shadow", [SHADOW], { per_connection_buffer_limit_bytes: 2048 })],
    });
    const body = "x".repeat(100_000);
    const client = f.client(wire("POST / HTTP/1.1", "host: h", `content-length: ${body.length}`));
    shadow.last.socket?.pause();
    f.send(client, body);
    expect(f.origin.last.take()).toEndWith(body);
    f.send(f.origin.last, ok("mine"));
    expect(client.take()).toEndWith("mine");
    expect(f.stat("cluster.shadow.retry_or_shadow_abandoned")).toBe(1);
  });
});
