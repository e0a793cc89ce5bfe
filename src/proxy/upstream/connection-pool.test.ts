import { describe, expect, test } from "bun:test";
import type { ClusterConfig } from "../config/cluster-config.ts";
import { StatsStore } from "../stats/stats-store.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { Host } from "./host.ts";
import {
  clusterInfo,
  endpoint,
  locality,
  statOf,
  type TestConnection,
  TestConnections,
  TestLoop,
  TestWaiter,
  thresholds,
} from "./testing/upstream-fixtures.ts";

/** One cluster with as many hosts as asked for, and everything a test wants to see. */
class Bench {
  readonly loop: TestLoop = new TestLoop();
  readonly store: StatsStore = new StatsStore();
  readonly connections: TestConnections = new TestConnections();
  readonly hosts: Host[];
  readonly pool: ConnectionPool<TestConnection>;

  constructor(given: Partial<ClusterConfig> = {}, hostCount = 1) {
    const info = clusterInfo(given, this.loop, this.store);
    this.hosts = Array.from({ length: hostCount }, (_, index) => {
      const member = endpoint(`127.77.3.${index + 1}:80`);
      return new Host(info, member.address, member, locality([]), 0);
    });
    this.pool = this.poolOf(0);
  }

  poolOf(host: number): ConnectionPool<TestConnection> {
    const found = this.hosts[host];
    if (found === undefined) throw new Error(`no host ${host}`);
    return found.pool(this.connections, "default");
  }

  /** A new request, and what the pool said at once. */
  request(pool: ConnectionPool<TestConnection> = this.pool): TestWaiter {
    const waiter = new TestWaiter();
    const answer = pool.acquire(waiter);
    if (answer === "overflow") waiter.failure = "overflow";
    else if (answer !== "pending") waiter.connection = answer;
    return waiter;
  }

  connected(id: number): TestConnection {
    const connection = this.connections.at(id);
    connection.pool.onConnected(connection);
    return connection;
  }

  /** `cluster.backend.` is left out. Those that are 0 too. */
  stats(...names: string[]): Record<string, number> {
    const found: Record<string, number> = {};
    for (const name of names) {
      const value = statOf(this.store, `cluster.backend.${name}`);
      if (value === undefined) throw new Error(`no such stat ${name}`);
      if (value !== 0) found[name] = value;
    }
    return found;
  }
}

/** A connection, or loudly none. */
function given(waiter: TestWaiter): TestConnection {
  if (waiter.connection === undefined) throw new Error("the request has no connection");
  return waiter.connection;
}

describe("connections and requests", () => {
  test("the first request opens a connection and waits for it", () => {
    const bench = new Bench();
    const first = bench.request();
    expect(first.connection).toBeUndefined();
    expect(bench.connections.made).toHaveLength(1);
    const connection = bench.connected(0);
    expect(first.connection).toBe(connection);
    expect(
      bench.stats("upstream_cx_total", "upstream_cx_active", "upstream_cx_http1_total"),
    ).toEqual({ upstream_cx_total: 1, upstream_cx_active: 1, upstream_cx_http1_total: 1 });
    expect(
      bench.stats(
        "upstream_rq_total",
        "upstream_rq_active",
        "upstream_rq_pending_total",
        "upstream_rq_pending_active",
      ),
    ).toEqual({ upstream_rq_total: 1, upstream_rq_active: 1, upstream_rq_pending_total: 1 });
    expect(bench.hosts[0]?.stats).toMatchObject({
      cxActive: 1,
      cxTotal: 1,
      rqActive: 1,
      rqTotal: 1,
    });
  });

  test("a released connection serves the next request at once", () => {
    const bench = new Bench();
    bench.request();
    const connection = bench.connected(0);
    bench.pool.release(connection);
    expect(bench.request().connection).toBe(connection);
    expect(bench.connections.made).toHaveLength(1);
    expect(bench.stats("upstream_rq_pending_total", "upstream_rq_total")).toEqual({
      upstream_rq_pending_total: 1,
      upstream_rq_total: 2,
    });
  });

  test("the connection used last is used next", () => {
    const bench = new Bench();
    const waiters = [bench.request(), bench.request(), bench.request()];
    for (const id of [0, 1, 2]) bench.connected(id);
    bench.pool.release(given(waiters[1] as TestWaiter));
    bench.pool.release(given(waiters[2] as TestWaiter));
    bench.pool.release(given(waiters[0] as TestWaiter));
    expect(given(bench.request()).id).toBe(0);
    expect(given(bench.request()).id).toBe(2);
    expect(given(bench.request()).id).toBe(1);
  });

  test("who waits longest is served first, by whichever connection is there first", () => {
    const bench = new Bench();
    const waiters = [bench.request(), bench.request(), bench.request()];
    bench.connected(2);
    expect(waiters.map((waiter) => waiter.connection?.id)).toEqual([2, undefined, undefined]);
    bench.pool.release(bench.connections.at(2));
    expect(waiters.map((waiter) => waiter.connection?.id)).toEqual([2, 2, undefined]);
    bench.connected(0);
    expect(waiters.map((waiter) => waiter.connection?.id)).toEqual([2, 2, 0]);
  });

  test("a connection that may not be used again closes, and one more is opened for who waits", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 1 }) });
    bench.request();
    const first = bench.connected(0);
    const second = bench.request();
    first.reusable = false;
    bench.pool.release(first);
    expect(first.isClosed).toBe(true);
    expect(bench.connections.made).toHaveLength(2);
    expect(second.connection).toBeUndefined();
    expect(bench.connected(1)).toBe(given(second));
    expect(bench.stats("upstream_cx_destroy", "upstream_cx_destroy_local")).toEqual({
      upstream_cx_destroy: 1,
      upstream_cx_destroy_local: 1,
    });
  });

  test("priorities and protocols have pools of their own", () => {
    const { hosts, connections } = new Bench();
    const tcp = { protocol: "tcp" as const, connect: connections.connect.bind(connections) };
    const pools = [
      hosts[0]?.pool(connections, "default"),
      hosts[0]?.pool(connections, "high"),
      hosts[0]?.pool(tcp, "default"),
      hosts[0]?.pool(tcp, "high"),
    ];
    expect(new Set(pools).size).toBe(4);
    expect(hosts[0]?.pool(connections, "high")).toBe(pools[1] as ConnectionPool<TestConnection>);
  });
});

// Envoy 1.40 was run with limits of 1 and the same requests; counters and gauges are what it showed.
describe("circuit breakers", () => {
  test("max_connections 1, max_pending_requests 1: one runs, one waits, the third overflows", () => {
    const bench = new Bench({
      thresholds: thresholds({ maxConnections: 1, maxPendingRequests: 1 }),
    });
    bench.request();
    bench.connected(0);
    const second = bench.request();
    const third = bench.request();
    expect(second.failure).toBeUndefined();
    expect(third.failure).toBe("overflow");
    expect(
      bench.stats(
        "circuit_breakers.default.cx_open",
        "circuit_breakers.default.rq_pending_open",
        "circuit_breakers.default.rq_open",
        "upstream_cx_active",
        "upstream_cx_overflow",
        "upstream_rq_active",
        "upstream_rq_pending_active",
        "upstream_rq_pending_overflow",
        "upstream_rq_pending_total",
        "upstream_rq_active_overflow",
      ),
    ).toEqual({
      "circuit_breakers.default.cx_open": 1,
      "circuit_breakers.default.rq_pending_open": 1,
      upstream_cx_active: 1,
      upstream_cx_overflow: 1,
      upstream_rq_active: 1,
      upstream_rq_pending_active: 1,
      upstream_rq_pending_overflow: 1,
      upstream_rq_pending_total: 2,
    });
    bench.pool.release(bench.connections.at(0));
    expect(second.connection?.id).toBe(0);
  });

  test("max_requests 1: the second request gets its connection made, and is refused when it is there", () => {
    const bench = new Bench({ thresholds: thresholds({ maxRequests: 1 }) });
    bench.request();
    bench.connected(0);
    const second = bench.request();
    expect(second.failure).toBeUndefined();
    bench.connected(1);
    expect(second.failure).toBe("overflow");
    expect(
      bench.stats(
        "circuit_breakers.default.rq_open",
        "upstream_cx_active",
        "upstream_rq_active",
        "upstream_rq_active_overflow",
        "upstream_rq_pending_overflow",
        "upstream_rq_pending_total",
        "upstream_rq_total",
      ),
    ).toEqual({
      "circuit_breakers.default.rq_open": 1,
      upstream_cx_active: 2,
      upstream_rq_active: 1,
      upstream_rq_active_overflow: 1,
      upstream_rq_pending_total: 2,
      upstream_rq_total: 1,
    });
    // The connection is ready, and a third request is refused on the spot.
    expect(bench.request().failure).toBe("overflow");
    expect(bench.stats("upstream_rq_active_overflow", "upstream_rq_pending_total")).toEqual({
      upstream_rq_active_overflow: 2,
      upstream_rq_pending_total: 2,
    });
  });

  test("a host without any connection gets one even beyond max_connections", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 1 }) }, 2);
    bench.request(bench.poolOf(0));
    bench.request(bench.poolOf(1));
    expect(bench.connections.made).toHaveLength(2);
    expect(
      bench.stats("circuit_breakers.default.cx_open", "upstream_cx_active", "upstream_cx_overflow"),
    ).toEqual({
      "circuit_breakers.default.cx_open": 1,
      upstream_cx_active: 2,
      upstream_cx_overflow: 1,
    });
  });

  test("max_connections 0: three requests share one starvation connection, and 4 overflows are counted", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 0 }) });
    const waiters = [bench.request(), bench.request(), bench.request()];
    expect(bench.stats("upstream_cx_overflow")).toEqual({ upstream_cx_overflow: 3 });
    bench.connected(0);
    expect(bench.stats("upstream_cx_overflow")).toEqual({ upstream_cx_overflow: 4 });
    bench.pool.release(given(waiters[0] as TestWaiter));
    bench.pool.release(given(waiters[1] as TestWaiter));
    expect(waiters.map((waiter) => waiter.connection?.id)).toEqual([0, 0, 0]);
    expect(bench.connections.made).toHaveLength(1);
  });

  test("per-host max_connections 1: the second request waits, and the cluster's breaker is not open", () => {
    const bench = new Bench({ thresholds: thresholds({ perHostMaxConnections: 1 }) });
    bench.request();
    bench.connected(0);
    bench.request();
    expect(
      bench.stats(
        "circuit_breakers.default.cx_open",
        "upstream_cx_active",
        "upstream_cx_overflow",
        "upstream_rq_pending_active",
      ),
    ).toEqual({ upstream_cx_active: 1, upstream_cx_overflow: 1, upstream_rq_pending_active: 1 });
  });
});

describe("failed connections", () => {
  // Seen on Envoy 1.40: cx_connect_fail 1, cx_destroy_remote 1, rq_pending_failure_eject 1.
  test("a refused connection fails who waits", () => {
    const bench = new Bench();
    const waiter = bench.request();
    bench.pool.onConnectFailed(bench.connections.at(0), "remoteConnectFailure");
    expect(waiter.failure).toBe("remoteConnectFailure");
    expect(
      bench.stats(
        "upstream_cx_active",
        "upstream_cx_connect_fail",
        "upstream_cx_destroy",
        "upstream_cx_destroy_remote",
        "upstream_cx_total",
        "upstream_rq_pending_active",
        "upstream_rq_pending_failure_eject",
        "upstream_rq_pending_total",
        "upstream_rq_total",
      ),
    ).toEqual({
      upstream_cx_connect_fail: 1,
      upstream_cx_destroy: 1,
      upstream_cx_destroy_remote: 1,
      upstream_cx_total: 1,
      upstream_rq_pending_failure_eject: 1,
      upstream_rq_pending_total: 1,
    });
    expect(bench.hosts[0]?.stats).toMatchObject({ cxActive: 0, cxConnectFail: 1 });
    expect(bench.pool.isIdle).toBe(true);
  });

  test("one failure fails all who wait, and the connections still under way serve later requests", () => {
    const bench = new Bench();
    const waiters = [bench.request(), bench.request()];
    bench.pool.onConnectFailed(bench.connections.at(0), "remoteConnectFailure");
    expect(waiters.map((waiter) => waiter.failure)).toEqual([
      "remoteConnectFailure",
      "remoteConnectFailure",
    ]);
    bench.connected(1);
    expect(bench.request().connection?.id).toBe(1);
  });

  test("a retry from inside the failure waits for a connection of its own", () => {
    const bench = new Bench();
    const waiter = bench.request();
    const retry = new TestWaiter();
    waiter.onPoolFailure = () => {
      expect(bench.pool.acquire(retry)).toBe("pending");
    };
    bench.pool.onConnectFailed(bench.connections.at(0), "remoteConnectFailure");
    expect(retry.failure).toBeUndefined();
    expect(bench.connections.made).toHaveLength(2);
    bench.connected(1);
    expect(retry.connection?.id).toBe(1);
  });

  test("a waiter that cancels another from inside the failure spares it", () => {
    const bench = new Bench();
    const waiters = [bench.request(), bench.request()];
    const [first, second] = waiters as [TestWaiter, TestWaiter];
    first.onPoolFailure = () => bench.pool.cancel(second);
    bench.pool.onConnectFailed(bench.connections.at(0), "remoteConnectFailure");
    expect(second.failure).toBeUndefined();
    expect(bench.stats("upstream_rq_cancelled", "upstream_rq_pending_active")).toEqual({
      upstream_rq_cancelled: 1,
    });
  });

  test("a connection that takes longer than connect_timeout fails", () => {
    const bench = new Bench({ connectTimeoutMs: 250 });
    const first = bench.request();
    bench.loop.time.advance(100);
    const second = bench.request();
    bench.loop.time.advance(140);
    expect(first.failure).toBeUndefined();
    bench.loop.time.advance(20);
    expect(first.failure).toBe("connectTimeout");
    expect(second.failure).toBe("connectTimeout");
    expect(bench.connections.at(0).isClosed).toBe(true);
    expect(bench.connections.at(1).isClosed).toBe(false);
    bench.loop.time.advance(100);
    expect(bench.connections.at(1).isClosed).toBe(true);
    expect(bench.stats("upstream_cx_connect_timeout", "upstream_cx_connect_fail")).toEqual({
      upstream_cx_connect_timeout: 2,
      upstream_cx_connect_fail: 2,
    });
    expect(bench.loop.wheel.armedCount).toBe(0);
  });

  test("an upstream that closes a connection takes its request along, and who waits gets a new connection", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 1 }) });
    bench.request();
    const first = bench.connected(0);
    const second = bench.request();
    bench.pool.onClosed(first, "remote");
    expect(bench.connections.made).toHaveLength(2);
    expect(bench.connected(1)).toBe(given(second));
    expect(
      bench.stats(
        "upstream_cx_destroy_remote",
        "upstream_cx_destroy_with_active_rq",
        "upstream_cx_destroy_remote_with_active_rq",
        "upstream_rq_active",
      ),
    ).toEqual({
      upstream_cx_destroy_remote: 1,
      upstream_cx_destroy_with_active_rq: 1,
      upstream_cx_destroy_remote_with_active_rq: 1,
      upstream_rq_active: 1,
    });
  });

  test("an idle connection that the upstream closes is never given out", () => {
    const bench = new Bench();
    bench.request();
    const first = bench.connected(0);
    bench.pool.release(first);
    bench.pool.onClosed(first, "remote");
    expect(bench.request().connection).toBeUndefined();
    expect(bench.connections.made).toHaveLength(2);
    expect(bench.stats("upstream_cx_destroy_with_active_rq")).toEqual({});
  });

  test("news of a connection that is closed already changes nothing", () => {
    const bench = new Bench();
    bench.request();
    const connection = bench.connected(0);
    bench.pool.onClosed(connection, "remote");
    bench.pool.onClosed(connection, "local");
    bench.pool.onConnected(connection);
    bench.pool.onConnectFailed(connection, "localConnectFailure");
    expect(bench.stats("upstream_cx_destroy", "upstream_cx_connect_fail")).toEqual({
      upstream_cx_destroy: 1,
    });
    expect(bench.pool.isIdle).toBe(true);
  });
});

describe("cancelling", () => {
  test("a request that gives up leaves its connection to the next one", () => {
    const bench = new Bench();
    const first = bench.request();
    bench.pool.cancel(first);
    bench.pool.cancel(first);
    bench.connected(0);
    expect(first.connection).toBeUndefined();
    expect(bench.request().connection?.id).toBe(0);
    expect(bench.stats("upstream_rq_cancelled", "upstream_rq_pending_active")).toEqual({
      upstream_rq_cancelled: 1,
    });
  });

  test("with close-excess the connection that nobody needs any more is given up, others stay", () => {
    const bench = new Bench();
    const first = bench.request();
    const second = bench.request();
    bench.pool.cancel(first, true);
    expect(bench.connections.at(1).isClosed).toBe(true);
    expect(second.failure).toBeUndefined();
    expect(bench.connected(0)).toBe(given(second));
    expect(bench.stats("upstream_cx_connect_fail", "upstream_cx_destroy_local")).toEqual({
      upstream_cx_destroy_local: 1,
    });
  });
});

describe("ends of connections", () => {
  // Seen on Envoy 1.40 with 3 requests one after the other: cx_total 2, cx_max_requests 1, cx_destroy_local 1.
  test("max_requests_per_connection 2: the second request is the last", () => {
    const bench = new Bench({ maxRequestsPerConnection: 2 });
    bench.request();
    bench.pool.release(bench.connected(0));
    bench.pool.release(given(bench.request()));
    expect(bench.connections.at(0).isClosed).toBe(true);
    bench.request();
    expect(
      bench.stats("upstream_cx_total", "upstream_cx_max_requests", "upstream_cx_destroy_local"),
    ).toEqual({ upstream_cx_total: 2, upstream_cx_max_requests: 1, upstream_cx_destroy_local: 1 });
  });

  test("idle connections close after idle_timeout, the one idle longest first; busy ones do not", () => {
    const bench = new Bench({ idleTimeoutMs: 1000 });
    const waiters = [bench.request(), bench.request(), bench.request()];
    for (const id of [0, 1, 2]) bench.connected(id);
    bench.pool.release(given(waiters[0] as TestWaiter));
    bench.loop.time.advance(500);
    bench.pool.release(given(waiters[1] as TestWaiter));
    bench.loop.time.advance(510);
    expect(bench.connections.made.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    bench.loop.time.advance(510);
    expect(bench.connections.made.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
    bench.loop.time.advance(60_000);
    expect(bench.connections.made.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
    expect(bench.stats("upstream_cx_idle_timeout", "upstream_cx_destroy_local")).toEqual({
      upstream_cx_idle_timeout: 2,
      upstream_cx_destroy_local: 2,
    });
  });

  test("use puts the idle timeout off", () => {
    const bench = new Bench({ idleTimeoutMs: 1000 });
    bench.request();
    bench.pool.release(bench.connected(0));
    for (let round = 0; round < 5; round += 1) {
      bench.loop.time.advance(900);
      bench.pool.release(given(bench.request()));
    }
    expect(bench.connections.made).toHaveLength(1);
  });

  test("max_connection_duration ends idle connections at once and busy ones after their request", () => {
    const bench = new Bench({ maxConnectionDurationMs: 1000 });
    bench.request();
    const idle = bench.connected(0);
    const waiting = bench.request();
    const busy = bench.connected(1);
    bench.pool.release(idle);
    bench.loop.time.advance(1010);
    expect(idle.isClosed).toBe(true);
    expect(busy.isClosed).toBe(false);
    bench.pool.release(given(waiting));
    expect(busy.isClosed).toBe(true);
    expect(bench.stats("upstream_cx_max_duration_reached")).toEqual({
      upstream_cx_max_duration_reached: 2,
    });
  });

  test("draining closes idle connections, lets requests finish, and still serves who waits", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 2 }) });
    bench.request();
    const busy = bench.connected(0);
    bench.request();
    const idle = bench.connected(1);
    bench.pool.release(idle);
    bench.pool.drain();
    expect([busy.isClosed, idle.isClosed]).toEqual([false, true]);
    const late = bench.request();
    bench.pool.release(busy);
    expect(busy.isClosed).toBe(true);
    const last = bench.connected(2);
    expect(given(late)).toBe(last);
    bench.pool.release(last);
    expect(last.isClosed).toBe(true);
    expect(bench.pool.isIdle).toBe(true);
  });

  test("draining gives up connections that nobody waits for", () => {
    const bench = new Bench();
    bench.pool.cancel(bench.request());
    bench.pool.drain();
    expect(bench.connections.at(0).isClosed).toBe(true);
    expect(bench.stats("upstream_cx_active", "upstream_cx_connect_fail")).toEqual({});
    expect(bench.loop.wheel.armedCount).toBe(0);
  });

  test("connections of a doubtful host are not kept, but new ones may be made and kept", () => {
    const bench = new Bench();
    bench.request();
    const busy = bench.connected(0);
    bench.pool.drainConnections();
    bench.pool.release(busy);
    expect(busy.isClosed).toBe(true);
    bench.request();
    const fresh = bench.connected(1);
    bench.pool.release(fresh);
    expect(bench.request().connection).toBe(fresh);
  });

  test("closing ends everything and tells who waits", () => {
    const bench = new Bench({ thresholds: thresholds({ maxConnections: 1 }) });
    bench.request();
    const busy = bench.connected(0);
    const waiting = bench.request();
    bench.pool.close();
    expect(busy.isClosed).toBe(true);
    expect(waiting.failure).toBe("localConnectFailure");
    expect(bench.stats("upstream_cx_active", "upstream_rq_active")).toEqual({});
    expect(bench.pool.isIdle).toBe(true);
  });
});
