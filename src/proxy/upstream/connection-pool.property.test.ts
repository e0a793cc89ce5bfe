// The connection pool under anything that can happen in any order: limits hold, nobody is told twice, nothing is lost.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { StatsStore } from "../stats/stats-store.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { Host } from "./host.ts";
import { NOT_WAITING } from "./pending-queue.ts";
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

const LIMITS = {
  maxConnections: 3,
  maxPendingRequests: 4,
  maxRequests: 5,
  perHostMaxConnections: 2,
};

type Step =
  | { readonly kind: "request" | "connected" | "failed" | "closed"; readonly pick: number }
  | {
      readonly kind: "release" | "releaseForGood" | "cancel" | "cancelExcess";
      readonly pick: number;
    }
  | { readonly kind: "advance"; readonly pick: number }
  | { readonly kind: "drainConnections" | "drain"; readonly pick: number };

class ExactlyOnceWaiter extends TestWaiter {
  isCancelled = false;

  get isTold(): boolean {
    return this.connection !== undefined || this.failure !== undefined;
  }

  override onConnectionReady(connection: TestConnection): void {
    expect(this.isTold || this.isCancelled).toBe(false);
    super.onConnectionReady(connection);
  }

  override onPoolFailure(reason: "overflow"): void {
    expect(this.isTold || this.isCancelled).toBe(false);
    super.onPoolFailure(reason);
  }
}

/** Two hosts of one cluster, so that they compete for its limits. */
class Model {
  readonly loop = new TestLoop();
  readonly store = new StatsStore();
  readonly connections = new TestConnections();
  readonly waiters: ExactlyOnceWaiter[] = [];
  readonly pools: ConnectionPool<TestConnection>[];
  readonly info = clusterInfo(
    { thresholds: thresholds(LIMITS), maxRequestsPerConnection: 3, idleTimeoutMs: 400 },
    this.loop,
    this.store,
  );

  constructor() {
    this.pools = [1, 2].map((index) => {
      const member = endpoint(`127.77.3.${index}:80`);
      const host = new Host(this.info, member.address, member, locality([]), 0);
      return host.pool(this.connections, "default");
    });
  }

  /** Connections in one of these states. */
  in(...states: string[]): TestConnection[] {
    return this.connections.made.filter(({ poolEntry }) => states.includes(poolEntry.state));
  }

  waiting(): ExactlyOnceWaiter[] {
    return this.waiters.filter((waiter) => !waiter.isTold && !waiter.isCancelled);
  }

  take({ kind, pick }: Step): void {
    const choose = <T>(items: readonly T[]): T | undefined => items[pick % items.length];
    const pool = choose(this.pools);
    if (pool === undefined) return;
    const connecting = choose(this.in("connecting"));
    const busy = choose(this.in("busy", "draining"));
    const waiter = choose(this.waiting());
    switch (kind) {
      case "request":
        this.#request(pool);
        break;
      case "connected":
        connecting?.pool.onConnected(connecting);
        break;
      case "failed":
        connecting?.pool.onConnectFailed(connecting, "remoteConnectFailure");
        break;
      case "closed": {
        const open = choose(this.in("connecting", "ready", "busy", "draining"));
        open?.pool.onClosed(open, pick % 2 === 0 ? "remote" : "local");
        break;
      }
      case "releaseForGood":
      case "release":
        if (busy === undefined) break;
        busy.reusable = kind === "release";
        busy.pool.release(busy);
        break;
      case "cancelExcess":
      case "cancel":
        if (waiter === undefined) break;
        waiter.isCancelled = true;
        for (const other of this.pools) other.cancel(waiter, kind === "cancelExcess");
        break;
      case "advance":
        this.loop.time.advance(pick % 700);
        break;
      case "drainConnections":
        pool.drainConnections();
        break;
      case "drain":
        // Once in a while: a drained pool is of no further interest.
        if (pick % 5 === 0) pool.drain();
        break;
    }
  }

  #request(pool: ConnectionPool<TestConnection>): void {
    const waiter = new ExactlyOnceWaiter();
    this.waiters.push(waiter);
    const answer = pool.acquire(waiter);
    if (answer === "overflow") waiter.failure = "overflow";
    else if (answer !== "pending") waiter.connection = answer;
  }

  check(): void {
    const { connections, pendingRequests, requests } = this.info.breaker("default");
    const open = this.in("connecting", "ready", "busy", "draining");
    const busy = this.in("busy", "draining");
    const waiting = this.waiting();
    expect(connections.active).toBe(open.length);
    expect(requests.active).toBe(busy.length);
    expect(pendingRequests.active).toBe(waiting.length);
    expect(requests.active).toBeLessThanOrEqual(LIMITS.maxRequests);
    expect(pendingRequests.active).toBeLessThanOrEqual(LIMITS.maxPendingRequests);
    for (const pool of this.pools) {
      const mine = open.filter((connection) => connection.pool === pool);
      expect(pool.connectionCount).toBe(mine.length);
      // One more than the cluster's limit only as a host's single starvation connection; never more than the host's own.
      const rest = open.length - mine.length;
      expect(mine.length).toBeLessThanOrEqual(LIMITS.perHostMaxConnections);
      if (mine.length > 1) expect(Math.min(rest, 1) + mine.length).toBeLessThanOrEqual(3);
      // Nobody waits beside an idle connection, nor without one under way or busy.
      if (pool.pendingCount > 0) {
        expect(mine.some(({ poolEntry }) => poolEntry.state === "ready")).toBe(false);
        expect(mine.length).toBeGreaterThan(0);
      }
    }
    for (const connection of this.connections.made) {
      expect(connection.poolEntry.requestCount).toBeLessThanOrEqual(3);
    }
    expect(
      this.waiters.filter((waiter) => waiter.isTold && waiter.poolSlot !== NOT_WAITING),
    ).toEqual([]);
    const gauge = (name: string): number | undefined =>
      statOf(this.store, `cluster.backend.${name}`);
    expect(gauge("upstream_cx_active")).toBe(open.length);
    expect(gauge("upstream_rq_active")).toBe(busy.length);
    expect(gauge("upstream_rq_pending_active")).toBe(waiting.length);
  }
}

test("ConnectionPool keeps its limits and its books, whatever happens", () => {
  const kinds = fc.constantFrom(
    ...(["request", "request", "request", "connected", "connected", "failed", "closed"] as const),
    ...(["release", "release", "releaseForGood", "cancel", "cancelExcess", "advance"] as const),
    ...(["drainConnections", "drain"] as const),
  );
  const steps = fc.array(fc.record({ kind: kinds, pick: fc.nat(1000) }), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (given) => {
      const model = new Model();
      for (const step of given) {
        model.take(step);
        model.check();
      }
      // In the end everything can be brought to rest, and everybody has been told.
      for (const pool of model.pools) pool.drain();
      for (const connection of model.in("busy", "draining")) connection.pool.release(connection);
      for (let round = 0; round < 20; round += 1) {
        for (const connection of model.in("connecting")) connection.pool.onConnected(connection);
        for (const connection of model.in("busy", "draining")) connection.pool.release(connection);
      }
      expect(model.waiting()).toEqual([]);
      for (const pool of model.pools) expect(pool.isIdle).toBe(true);
      expect(model.connections.made.every(({ poolEntry }) => poolEntry.state === "closed")).toBe(
        true,
      );
      model.check();
    }),
    { numRuns: 150 },
  );
});
