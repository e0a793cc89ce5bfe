import { describe, expect, test } from "bun:test";
import { SILENT_LOG } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type { ClusterConfig } from "../config/cluster-config.ts";
import type { TcpProxyConfig } from "../config/listener-config.ts";
import { dispatchedNet } from "../dispatched-net.ts";
import { Dispatcher } from "../dispatcher.ts";
import { formatFlags } from "../response-flags.ts";
import { StatsStore } from "../stats/stats-store.ts";
import type { StreamInfo } from "../stream-info.ts";
import { MemoryNet, type MemoryNetOptions } from "../testing/memory-net.ts";
import { dial, type Origin, type Peer, serve } from "../testing/peer.ts";
import { ClusterManager } from "../upstream/cluster-manager.ts";
import {
  address,
  clusterConfig,
  endpoint,
  endpoints,
  locality,
  outlierConfig,
  statOf,
  TestDns,
  thresholds,
} from "../upstream/testing/upstream-fixtures.ts";
import { TcpPoolKind } from "./tcp-client-connection.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import type { TcpSession } from "./tcp-session.ts";

const FRONT: SocketAddress = { host: "127.77.21.1", port: 1000 };
const A = "127.77.21.2:2000";
const B = "127.77.21.3:2000";

interface Options {
  readonly proxy?: Partial<TcpProxyConfig>;
  readonly cluster?: Partial<ClusterConfig>;
  readonly hosts?: readonly string[];
  readonly bufferLimitBytes?: number;
  readonly net?: MemoryNetOptions;
}

/** A listener with a TCP proxy before a cluster "backend", on a virtual network and clock. */
class World {
  readonly time: FakeTime = new FakeTime();
  readonly net: MemoryNet;
  readonly stats: StatsStore = new StatsStore();
  readonly clusters: ClusterManager;
  readonly sessions: Set<TcpSession> = new Set();
  /** What the access log would say of the sessions that have ended. */
  readonly logged: string[] = [];
  readonly infos: StreamInfo[] = [];

  constructor(options: Options = {}) {
    const { time } = this;
    this.net = new MemoryNet(options.net);
    const random = createSeededRandom(1);
    const dispatcher = new Dispatcher({ clock: time, timers: time, random, log: SILENT_LOG });
    const net = dispatchedNet(this.net, dispatcher);
    this.clusters = new ClusterManager({
      loop: dispatcher,
      dns: new TestDns(),
      stats: this.stats,
      log: SILENT_LOG,
    });
    this.addCluster("backend", options.hosts ?? [A], options.cluster);
    const proxy = new TcpProxy({
      services: {
        dispatcher,
        clusters: this.clusters,
        stats: this.stats,
        poolKind: new TcpPoolKind(dispatcher, net),
      },
      config: {
        statPrefix: "front",
        clusters: [{ name: "backend", weight: 1 }],
        idleTimeoutMs: 3_600_000,
        maxDownstreamConnectionDurationMs: undefined,
        maxConnectAttempts: 1,
        accessLogs: [],
        ...options.proxy,
      },
      logs: [{ write: (info) => this.#log(info) }],
      bufferLimitBytes: options.bufferLimitBytes ?? 1_048_576,
    });
    net.listen({ ...FRONT, reusePort: false }, (socket) => {
      const facts = {
        id: dispatcher.nextConnectionId(),
        remoteAddress: socket.remote,
        localAddress: socket.local,
        filterChainName: "",
        requestedServerName: undefined,
      };
      const session = proxy.accept(socket, facts, {
        onConnectionClosed: (closed) => this.sessions.delete(closed),
      });
      this.sessions.add(session);
      return session;
    });
  }

  addCluster(name: string, hosts: readonly string[], given: Partial<ClusterConfig> = {}): void {
    const members = hosts.map((text) => endpoint(text));
    const discovery = { kind: "static", endpoints: endpoints([locality(members)]) } as const;
    this.clusters.update(clusterConfig({ name, discovery, ...given }));
  }

  #log(info: StreamInfo): void {
    this.infos.push(info);
    const up = info.upstreamHost === undefined ? "-" : info.upstreamHost.host;
    const { attemptCount, bytesReceived, bytesSent } = info;
    this.logged.push(
      `${formatFlags(info.responseFlags)} attempts ${attemptCount} rx ${bytesReceived} tx ${bytesSent} up ${up}`,
    );
  }

  serve(text: string, onEvent?: (peer: Peer) => void): Origin {
    return serve(this.net, address(text), onEvent);
  }

  dial(): Peer {
    const peer = dial(this.net, FRONT);
    this.net.run();
    return peer;
  }

  run(): void {
    this.net.run();
  }

  wait(ms: number): void {
    this.net.run();
    this.time.advance(ms, () => this.net.run());
    this.net.run();
  }

  stat(name: string): number | undefined {
    return statOf(this.stats, name);
  }
}

describe("bytes", () => {
  test("pass both ways, whoever speaks first", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    origin.last.send("220 ready\r\n");
    world.run();
    expect(client.take()).toBe("220 ready\r\n");
    client.send("HELO\r\n");
    world.run();
    expect(origin.last.take()).toBe("HELO\r\n");
    expect(world.stat("tcp.front.downstream_cx_total")).toBe(1);
    expect(world.stat("tcp.front.downstream_cx_rx_bytes_total")).toBe(6);
    expect(world.stat("tcp.front.downstream_cx_tx_bytes_total")).toBe(11);
    expect(world.stat("cluster.backend.upstream_cx_rx_bytes_total")).toBe(11);
    expect(world.stat("cluster.backend.upstream_cx_tx_bytes_total")).toBe(6);
    expect(world.stat("cluster.backend.upstream_cx_active")).toBe(1);
    expect(world.logged).toEqual([]);
  });

  test("arrive whole and in order, however much there is", () => {
    const world = new World({ net: { windowBytes: 1000, readBytes: 700 } });
    const origin = world.serve(A, (peer) => {
      if (peer.received !== "") peer.send(peer.take());
    });
    const client = world.dial();
    const text = Array.from({ length: 20_000 }, (_, i) => `${i};`).join("");
    client.send(text);
    world.run();
    expect(client.received).toBe(text);
    expect(origin.peers.length).toBe(1);
  });

  test("are not read from downstream before there is an upstream", () => {
    const world = new World();
    world.net.silence(address(A));
    const client = world.dial();
    client.send("x".repeat(200_000));
    world.run();
    expect(client.unsentBytes).toBe(200_000 - world.net.windowBytes);
  });
});

describe("a slow reader", () => {
  const limits = { bufferLimitBytes: 10_000, net: { windowBytes: 4000, readBytes: 4000 } };

  test("downstream stops the reading from upstream, and lets it go on", () => {
    const world = new World(limits);
    const origin = world.serve(A);
    const client = world.dial();
    client.socket?.pause();
    origin.last.send("u".repeat(100_000));
    world.run();
    // Both kernels' windows, the watermark, and one read beyond it.
    expect(origin.last.unsentBytes).toBeGreaterThanOrEqual(100_000 - 10_000 - 3 * 4000);
    expect(world.stat("cluster.backend.upstream_flow_control_paused_reading_total")).toBe(1);
    client.socket?.resume();
    world.run();
    expect(client.receivedBytes).toBe(100_000);
    expect(world.stat("cluster.backend.upstream_flow_control_resumed_reading_total")).toBe(
      world.stat("cluster.backend.upstream_flow_control_paused_reading_total"),
    );
  });

  test("upstream stops the reading from downstream, and lets it go on", () => {
    const world = new World({ ...limits, cluster: { bufferLimitBytes: 10_000 } });
    const origin = world.serve(A);
    const client = world.dial();
    origin.last.socket?.pause();
    client.send("d".repeat(100_000));
    world.run();
    expect(client.unsentBytes).toBeGreaterThanOrEqual(100_000 - 10_000 - 3 * 4000);
    expect(world.stat("tcp.front.downstream_flow_control_paused_reading_total")).toBe(1);
    expect(world.stat("cluster.backend.upstream_flow_control_backed_up_total")).toBe(1);
    origin.last.socket?.resume();
    world.run();
    expect(origin.last.receivedBytes).toBe(100_000);
    expect(world.stat("tcp.front.downstream_flow_control_resumed_reading_total")).toBe(
      world.stat("tcp.front.downstream_flow_control_paused_reading_total"),
    );
  });
});

describe("ends", () => {
  test("of the downstream half pass on, and the answer still comes", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    client.send("question");
    client.socket?.end();
    world.run();
    expect(origin.last.received).toBe("question");
    expect(origin.last.hasEnded).toBe(true);
    expect(client.hasEnded).toBe(false);
    origin.last.send("answer");
    origin.last.socket?.end();
    world.run();
    expect(client.received).toBe("answer");
    expect(client.isClosed).toBe(true);
    expect(client.error).toBeUndefined();
    expect(world.logged).toEqual(["- attempts 1 rx 8 tx 6 up 127.77.21.2"]);
    expect(world.sessions.size).toBe(0);
    expect(world.stat("cluster.backend.upstream_cx_active")).toBe(0);
    expect(world.stat("cluster.backend.upstream_rq_active")).toBe(0);
    // The upstream's was the last word.
    expect(world.stat("cluster.backend.upstream_cx_destroy_remote_with_active_rq")).toBe(1);
  });

  test("of the upstream half pass on, and more can be sent to it", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    origin.last.send("bye");
    origin.last.socket?.end();
    world.run();
    expect(client.received).toBe("bye");
    expect(client.hasEnded).toBe(true);
    expect(origin.last.hasEnded).toBe(false);
    client.send("one more thing");
    client.socket?.end();
    world.run();
    expect(origin.last.received).toBe("one more thing");
    expect(origin.last.isClosed).toBe(true);
    expect(world.logged).toEqual(["- attempts 1 rx 14 tx 3 up 127.77.21.2"]);
    expect(world.stat("cluster.backend.upstream_cx_destroy_local_with_active_rq")).toBe(1);
  });

  /** One part fills the kernel's window to the slow side, the other stays in the proxy. */
  const half = "x".repeat(5000);
  const slow = { net: { windowBytes: 6000, readBytes: 6000 } };

  test("wait until a slow downstream has read all", () => {
    const world = new World(slow);
    const origin = world.serve(A);
    const client = world.dial();
    client.socket?.pause();
    client.socket?.end();
    origin.last.send(half);
    world.run();
    origin.last.send(half);
    origin.last.socket?.end();
    world.run();
    expect(world.sessions.size).toBe(1);
    client.socket?.resume();
    world.run();
    expect(client.receivedBytes).toBe(10_000);
    expect(client.error).toBeUndefined();
    expect(world.sessions.size).toBe(0);
  });

  test("wait until a slow upstream has read all, which is counted", () => {
    const world = new World(slow);
    const origin = world.serve(A);
    const client = world.dial();
    origin.last.socket?.end();
    origin.last.socket?.pause();
    client.send(half);
    world.run();
    client.send(half);
    client.socket?.end();
    world.run();
    expect(world.stat("tcp.front.upstream_flush_active")).toBe(1);
    origin.last.socket?.resume();
    world.run();
    expect(origin.last.receivedBytes).toBe(10_000);
    expect(world.stat("tcp.front.upstream_flush_active")).toBe(0);
    expect(world.stat("tcp.front.upstream_flush_total")).toBe(1);
    expect(world.sessions.size).toBe(0);
  });

  test("an upstream's reset is passed on and flagged UR", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    origin.last.socket?.reset();
    world.run();
    expect(client.error?.code).toBe("ECONNRESET");
    expect(world.logged).toEqual(["UR attempts 1 rx 0 tx 0 up 127.77.21.2"]);
    expect(world.stat("cluster.backend.upstream_cx_destroy_remote_with_active_rq")).toBe(1);
  });

  test("a downstream's reset is passed on", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    client.socket?.reset();
    world.run();
    expect(origin.last.error?.code).toBe("ECONNRESET");
    expect(world.logged).toEqual(["- attempts 1 rx 0 tx 0 up 127.77.21.2"]);
    expect(world.stat("cluster.backend.upstream_cx_destroy_local_with_active_rq")).toBe(1);
  });

  test("the listener's close ends both sides, and its drain neither", () => {
    const world = new World();
    const origin = world.serve(A);
    const client = world.dial();
    const [session] = world.sessions;
    session?.drain(true);
    world.run();
    expect(client.hasEnded).toBe(false);
    expect(session?.isIdle).toBe(false);
    session?.close();
    world.run();
    expect(client.hasEnded).toBe(true);
    expect(origin.last.hasEnded).toBe(true);
    expect(world.logged.length).toBe(1);
    expect(world.time.timerCount).toBeLessThanOrEqual(1);
  });
});

describe("an upstream that cannot be had", () => {
  test("refused: the next host is tried, as often as max_connect_attempts allows", () => {
    const world = new World({ hosts: [A, B], proxy: { maxConnectAttempts: 2 } });
    const origin = world.serve(B);
    const clients = [world.dial(), world.dial()];
    for (const client of clients) client.send("hello");
    world.run();
    expect(origin.peers.map((peer) => peer.received)).toEqual(["hello", "hello"]);
    for (const client of clients) client.socket?.reset();
    world.run();
    expect(world.logged).toContain("UF attempts 2 rx 5 tx 0 up 127.77.21.3");
    expect(world.stat("cluster.backend.upstream_cx_connect_fail")).toBeGreaterThan(0);
    expect(world.stat("cluster.backend.upstream_cx_connect_attempts_exceeded")).toBe(0);
  });

  test("refused for good: closed, UF and URX, with the reason", () => {
    const world = new World({ proxy: { maxConnectAttempts: 3 } });
    const client = world.dial();
    expect(client.isClosed || client.hasEnded).toBe(true);
    expect(world.logged).toEqual(["UF,URX attempts 3 rx 0 tx 0 up 127.77.21.2"]);
    expect(world.infos[0]?.upstreamTransportFailureReason).toBe(
      "delayed connect error: Connection refused",
    );
    expect(world.stat("cluster.backend.upstream_cx_connect_fail")).toBe(3);
    expect(world.stat("cluster.backend.upstream_cx_connect_attempts_exceeded")).toBe(1);
    expect(world.sessions.size).toBe(0);
  });

  test("silent: each attempt ends with the connect timeout", () => {
    const world = new World({
      proxy: { maxConnectAttempts: 2 },
      cluster: { connectTimeoutMs: 1000 },
    });
    world.net.silence(address(A));
    const client = world.dial();
    world.wait(1900);
    expect(client.hasEnded).toBe(false);
    world.wait(200);
    expect(client.hasEnded).toBe(true);
    expect(world.logged).toEqual(["UF,URX attempts 2 rx 0 tx 0 up 127.77.21.2"]);
    expect(world.stat("cluster.backend.upstream_cx_connect_timeout")).toBe(2);
    expect(world.infos[0]?.connectionPoolReadyMs).toBeGreaterThanOrEqual(2000);
  });

  test("failures are reported to outlier detection, and success is", () => {
    const outlierDetection = outlierConfig({ consecutive5xx: 2, maxEjectionPercent: 100 });
    const world = new World({ hosts: [A, B], cluster: { outlierDetection } });
    world.serve(B);
    for (let i = 0; i < 8; i += 1) world.dial();
    expect(world.stat("cluster.backend.outlier_detection.ejections_active")).toBe(1);
    const failed = world.logged.length;
    for (let i = 0; i < 8; i += 1) world.dial();
    expect(world.logged.length).toBe(failed);
  });

  test.each<[string, string, Options, string]>([
    [
      "no cluster",
      "NC",
      { proxy: { clusters: [{ name: "x", weight: 1 }] } },
      "tcp.front.downstream_cx_no_route",
    ],
    ["no host", "UH", { hosts: [] }, "cluster.backend.upstream_cx_none_healthy"],
    [
      "max_connections",
      "UO",
      { cluster: { thresholds: thresholds({ maxConnections: 0 }) } },
      "cluster.backend.upstream_cx_overflow",
    ],
    [
      "max_pending_requests",
      "URX",
      { cluster: { thresholds: thresholds({ maxPendingRequests: 0 }) } },
      "cluster.backend.upstream_rq_pending_overflow",
    ],
  ])("%s: closed and flagged %s", (_what, flag, options, counter) => {
    const world = new World(options);
    world.serve(A);
    const client = world.dial();
    expect(client.hasEnded).toBe(true);
    const attempts = flag === "URX" ? 1 : 0;
    expect(world.logged).toEqual([`${flag} attempts ${attempts} rx 0 tx 0 up -`]);
    expect(world.stat(counter)).toBe(1);
    expect(world.sessions.size).toBe(0);
  });

  test("one connection too many is closed, and has its place when another has gone", () => {
    const world = new World({ cluster: { thresholds: thresholds({ maxConnections: 1 }) } });
    world.serve(A);
    const first = world.dial();
    const second = world.dial();
    expect(first.hasEnded).toBe(false);
    expect(second.hasEnded).toBe(true);
    expect(world.logged).toEqual(["UO attempts 0 rx 0 tx 0 up -"]);
    first.socket?.reset();
    world.run();
    expect(world.dial().hasEnded).toBe(false);
  });
});

describe("timeouts", () => {
  test("idle: counted from the last byte of either side", () => {
    const world = new World({ proxy: { idleTimeoutMs: 1000 } });
    const origin = world.serve(A);
    const client = world.dial();
    world.wait(800);
    client.send("a");
    world.wait(800);
    origin.last.send("b");
    world.wait(800);
    expect(client.hasEnded).toBe(false);
    world.wait(250);
    expect(client.hasEnded).toBe(true);
    expect(origin.last.hasEnded).toBe(true);
    expect(world.stat("tcp.front.idle_timeout")).toBe(1);
    expect(world.logged).toEqual(["- attempts 1 rx 1 tx 1 up 127.77.21.2"]);
  });

  test("idle: while connecting too, and the attempt is given up", () => {
    const world = new World({ proxy: { idleTimeoutMs: 1000 } });
    world.net.silence(address(A));
    const client = world.dial();
    world.wait(1010);
    expect(client.hasEnded).toBe(true);
    expect(world.logged).toEqual(["- attempts 1 rx 0 tx 0 up -"]);
    expect(world.stat("cluster.backend.upstream_rq_cancelled")).toBe(1);
    expect(world.stat("cluster.backend.upstream_rq_pending_active")).toBe(0);
    expect(world.stat("cluster.backend.upstream_cx_active")).toBe(0);
  });

  test("the longest that a connection may last, busy or not: DT", () => {
    const world = new World({ proxy: { maxDownstreamConnectionDurationMs: 1000 } });
    world.serve(A);
    const client = world.dial();
    for (let i = 0; i < 12; i += 1) {
      client.send("x");
      world.wait(100);
    }
    expect(client.hasEnded).toBe(true);
    expect(world.stat("tcp.front.max_downstream_connection_duration")).toBe(1);
    expect(world.logged[0]).toStartWith("DT ");
  });
});

test("weighted clusters share connections by their weights", () => {
  const clusters = [
    { name: "backend", weight: 80 },
    { name: "canary", weight: 20 },
  ];
  const world = new World({ proxy: { clusters } });
  world.addCluster("canary", [B]);
  const stable = world.serve(A);
  const canary = world.serve(B);
  for (let i = 0; i < 1000; i += 1) world.dial();
  expect(stable.peers.length + canary.peers.length).toBe(1000);
  // Five standard deviations of a binomial distribution, whatever the seed.
  expect(Math.abs(canary.peers.length - 200)).toBeLessThan(64);
});

test("a stream id is a UUID, the same each time it is asked for", () => {
  const world = new World();
  world.dial();
  const id = world.infos[0]?.streamId;
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(world.infos[0]?.streamId).toBe(id as string);
});
