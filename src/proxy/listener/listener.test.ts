// Listeners of a whole proxy in memory: updates in place, moves, removal, drain, inspectors, and connections nobody serves.
import { afterEach, describe, expect, test } from "bun:test";
import { ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { SocketAddress, SocketError } from "#base/net.ts";
import { parseListener } from "../config/parse-listener.ts";
import { readMessage } from "../config/testing/messages.ts";
import { dial, type Peer, serve } from "../testing/peer.ts";
import { clusterOf, get, type Json, ok, ProxyFixture } from "../testing/proxy-fixture.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters";
const TCP_ORIGIN: SocketAddress = { host: "127.77.2.1", port: 25 };

let current: ProxyFixture | undefined;

function fixture(): ProxyFixture {
  current = new ProxyFixture({ clusters: [clusterOf("tcp", [TCP_ORIGIN])] });
  return current;
}

afterEach(() => {
  expect(current?.errors ?? []).toEqual([]);
  current?.proxy.close();
  current?.net.run();
});

/** A chain that answers every request with `body`. */
const answering = (name: string, body: string, match?: Json): Json => ({
  name,
  ...(match === undefined ? {} : { filter_chain_match: match }),
  filters: [
    {
      name: "envoy.filters.network.http_connection_manager",
      typed_config: {
        "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
        stat_prefix: "other",
        route_config: {
          name: "routes",
          virtual_hosts: [
            {
              name: "all",
              domains: ["*"],
              routes: [
                { match: { prefix: "/up" }, route: { cluster: "origin" } },
                {
                  match: { prefix: "/" },
                  direct_response: { status: 200, body: { inline_string: body } },
                },
              ],
            },
          ],
        },
        http_filters: [
          {
            name: "envoy.filters.http.router",
            typed_config: { "@type": `${TYPE}.http.router.v3.Router` },
          },
        ],
      },
    },
  ],
});

const forwarding = (name: string, match?: Json): Json => ({
  name,
  ...(match === undefined ? {} : { filter_chain_match: match }),
  filters: [
    {
      name: "envoy.filters.network.tcp_proxy",
      typed_config: {
        "@type": `${TYPE}.network.tcp_proxy.v3.TcpProxy`,
        stat_prefix: "raw",
        cluster: "tcp",
      },
    },
  ],
});

const inspector = (name: "http_inspector" | "tls_inspector"): Json => ({
  name: `envoy.filters.listener.${name}`,
  typed_config: {
    "@type": `${TYPE}.listener.${name}.v3.${name === "http_inspector" ? "HttpInspector" : "TlsInspector"}`,
  },
});

const address = (port: number): SocketAddress => ({ host: "127.77.0.1", port });

/** Gives the proxy a listener named "second" on this port; returns why it cannot. */
function update(
  f: ProxyFixture,
  port: number,
  chains: readonly Json[],
  more: Json = {},
): SocketError | undefined {
  const message = readMessage(ListenerSchema, {
    name: "second",
    address: { socket_address: { address: "127.77.0.1", port_value: port } },
    filter_chains: chains,
    ...more,
  });
  const parsed = parseListener(message, { addedViaApi: true });
  if (parsed.kind === "rejected") throw new Error(`${parsed.path}: ${parsed.message}`);
  const error = f.proxy.listeners.update(parsed.value);
  f.net.run();
  return error;
}

function ask(f: ProxyFixture, port: number, data = get()): Peer {
  const peer = dial(f.net, address(port));
  f.net.run();
  f.send(peer, data);
  return peer;
}

const bodyOf = (text: string): string => text.slice(text.indexOf("\r\n\r\n") + 4);

describe("updates", () => {
  test("in place: new connections see the new chain, those of an unchanged chain stay", () => {
    const f = fixture();
    const loopback = { prefix_ranges: [{ address_prefix: "127.0.0.0", prefix_len: 8 }] };
    update(f, 20_000, [answering("a", "one", loopback), answering("b", "two")]);
    const before = ask(f, 20_000);
    expect(bodyOf(before.take())).toBe("one");
    update(f, 20_000, [answering("a", "one", loopback), answering("b", "changed")]);
    f.send(before, get());
    expect(before.take()).not.toContain("connection: close");
    expect(f.stat("listener_manager.listener_in_place_updated")).toBe(1);
    expect(f.stat("listener_manager.total_filter_chains_draining")).toBe(0);
  });

  test("in place: connections of a changed chain are told to end with their next answer", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const before = ask(f, 20_000);
    expect(bodyOf(before.take())).toBe("one");
    update(f, 20_000, [answering("a", "two")]);
    expect(f.stat("listener_manager.total_filter_chains_draining")).toBe(1);
    expect(bodyOf(ask(f, 20_000).take())).toBe("two");
    f.send(before, get());
    const last = before.take();
    expect(bodyOf(last)).toBe("one");
    expect(last).toContain("connection: close\r\n");
    expect(before.hasEnded || before.isClosed).toBe(true);
    expect(f.stat("http.other.downstream_cx_drain_close")).toBe(1);
  });

  test("a chain that drains for longer than the drain time is ended", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const before = ask(f, 20_000);
    before.take();
    update(f, 20_000, [answering("a", "two")]);
    f.advance(599_000);
    expect(before.isClosed || before.hasEnded).toBe(false);
    f.advance(2000);
    expect(before.isClosed || before.hasEnded).toBe(true);
  });

  test("a request under way when its chain goes is answered as it began", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const client = ask(f, 20_000, get("/up"));
    update(f, 20_000, [answering("a", "two")]);
    f.send(f.origin.last, ok("late"));
    const answer = client.take();
    expect(bodyOf(answer)).toBe("late");
    expect(answer).toContain("connection: close\r\n");
  });

  test("the same configuration again changes nothing", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    update(f, 20_000, [answering("a", "one")]);
    expect(f.stat("listener_manager.listener_modified")).toBe(0);
  });

  test("another buffer limit on the same address: no connection is refused meanwhile", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const error = update(f, 20_000, [answering("a", "one")], {
      per_connection_buffer_limit_bytes: 32_768,
    });
    expect(error).toBeUndefined();
    expect(bodyOf(ask(f, 20_000).take())).toBe("one");
  });

  test("another address: the old one takes no more, its connections finish", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const before = ask(f, 20_000);
    before.take();
    update(f, 20_001, [answering("a", "one")]);
    expect(ask(f, 20_000).error?.code).toBe("ECONNREFUSED");
    expect(bodyOf(ask(f, 20_001).take())).toBe("one");
    f.send(before, get());
    expect(before.take()).toContain("connection: close\r\n");
    expect(f.stat("listener_manager.total_listeners_active")).toBe(2);
  });

  test("an address that is taken: the update fails, and what there was serves on", () => {
    const f = fixture();
    serve(f.net, address(20_001));
    update(f, 20_000, [answering("a", "one")]);
    expect(update(f, 20_001, [answering("a", "two")])?.code).toBe("EADDRINUSE");
    expect(bodyOf(ask(f, 20_000).take())).toBe("one");
    expect(f.stat("listener_manager.listener_create_failure")).toBe(1);
  });

  test("removed: no more connections; the last ones drain, and then it is forgotten", () => {
    const f = fixture();
    update(f, 20_000, [answering("a", "one")]);
    const before = ask(f, 20_000);
    before.take();
    f.proxy.listeners.remove("second");
    expect(ask(f, 20_000).error?.code).toBe("ECONNREFUSED");
    expect(f.stat("listener_manager.total_listeners_draining")).toBe(1);
    f.send(before, get());
    expect(before.take()).toContain("connection: close\r\n");
    f.advance(1000);
    expect(f.stat("listener_manager.total_listeners_draining")).toBe(0);
    expect(f.stat("listener_manager.listener_removed")).toBe(1);
  });
});

describe("inspected connections", () => {
  const chains = [
    answering("http", "http", { application_protocols: ["http/1.1", "h2c"] }),
    forwarding("tls", { transport_protocol: "tls" }),
  ];
  const filters = { listener_filters: [inspector("tls_inspector"), inspector("http_inspector")] };

  test("HTTP and TLS on one port, each to its chain, not a byte lost", () => {
    const f = fixture();
    const origin = serve(f.net, TCP_ORIGIN);
    update(f, 20_000, chains, filters);
    const http = dial(f.net, address(20_000));
    f.net.run();
    for (const byte of get()) f.send(http, byte);
    expect(bodyOf(http.take())).toBe("http");
    const hello = "\x16\x03\x01\x00\x04\x01\x00\x00\x00";
    const tls = ask(f, 20_000, hello);
    expect(origin.last.take()).toBe(hello);
    f.send(origin.last, "server hello");
    expect(tls.take()).toBe("server hello");
    expect(f.stat("listener.127.77.0.1_20000.downstream_pre_cx_active")).toBe(0);
  });

  test("bytes that no chain wants: closed and counted", () => {
    const f = fixture();
    update(f, 20_000, chains, filters);
    const client = ask(f, 20_000, "EHLO there\r\n");
    expect(client.isClosed || client.hasEnded).toBe(true);
    expect(f.stat("listener.127.77.0.1_20000.no_filter_chain_match")).toBe(1);
  });

  test("a client that says nothing is closed after the listener filters' timeout", () => {
    const f = fixture();
    update(f, 20_000, chains, filters);
    const client = dial(f.net, address(20_000));
    f.net.run();
    f.advance(14_900);
    expect(client.hasEnded || client.isClosed).toBe(false);
    expect(f.stat("listener.127.77.0.1_20000.downstream_pre_cx_active")).toBe(1);
    f.advance(200);
    expect(client.hasEnded || client.isClosed).toBe(true);
    expect(f.stat("listener.127.77.0.1_20000.downstream_pre_cx_timeout")).toBe(1);
    expect(f.stat("listener.127.77.0.1_20000.downstream_pre_cx_active")).toBe(0);
  });

  test("… or served as raw bytes with continue_on_listener_filters_timeout", () => {
    const f = fixture();
    const origin = serve(f.net, TCP_ORIGIN);
    update(
      f,
      20_000,
      [answering("http", "http", { application_protocols: ["http/1.1"] }), forwarding("raw")],
      {
        ...filters,
        listener_filters_timeout: "1s",
        continue_on_listener_filters_timeout: true,
      },
    );
    dial(f.net, address(20_000));
    f.net.run();
    f.advance(1100);
    f.send(origin.last, "220 ready");
    expect(origin.peers.length).toBe(1);
  });

  test("a client that leaves before it is known", () => {
    const f = fixture();
    update(f, 20_000, chains, filters);
    const client = ask(f, 20_000, "GE");
    f.end(client);
    expect(client.isClosed || client.hasEnded).toBe(true);
    expect(f.stat("listener.127.77.0.1_20000.downstream_listener_filter_remote_close")).toBe(1);
  });

  test("without an inspector the protocols are unknown, and only such chains match", () => {
    const f = fixture();
    update(f, 20_000, [...chains, answering("any", "any")]);
    expect(bodyOf(ask(f, 20_000).take())).toBe("any");
  });
});

describe("drain of the whole proxy", () => {
  test("stops accepting, closes what is idle, finishes what runs, then is done", async () => {
    const f = fixture();
    const idle = f.client(get());
    f.send(f.origin.last, ok());
    const busy = f.client(get());
    let isDone = false;
    const drained = f.proxy.drain(30_000).then(() => {
      isDone = true;
    });
    f.net.run();
    expect(f.proxy.state).toBe("DRAINING");
    expect(idle.hasEnded || idle.isClosed).toBe(true);
    expect(f.client().error?.code).toBe("ECONNREFUSED");
    f.advance(10_000);
    await Promise.resolve();
    expect(isDone).toBe(false);
    busy.take();
    f.send(f.origin.last, ok("done"));
    expect(busy.take()).toContain("connection: close\r\n");
    f.advance(1000);
    await drained;
    expect(isDone).toBe(true);
    expect(f.active()).toEqual({});
    expect(f.time.timerCount).toBe(0);
  });

  test("what does not finish in time is ended", async () => {
    const f = fixture();
    const busy = f.client(get());
    const drained = f.proxy.drain(5000);
    f.advance(4900);
    expect(busy.isClosed || busy.hasEnded).toBe(false);
    f.advance(200);
    await drained;
    f.net.run();
    expect(busy.isClosed || busy.hasEnded).toBe(true);
    expect(f.active()).toEqual({});
  });
});
