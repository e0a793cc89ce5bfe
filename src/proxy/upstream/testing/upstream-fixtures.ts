// For tests: clusters, hosts and connections made of a few words, on a virtual clock.
import { create } from "@bufbuild/protobuf";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { Dns, Resolution } from "#base/dns.ts";
import type { SocketAddress } from "#base/net.ts";
import { createSeededRandom, type Random } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import type {
  ClusterConfig,
  EndpointConfig,
  EndpointsConfig,
  LocalityConfig,
  OutlierDetectionConfig,
  ThresholdsConfig,
} from "../../config/cluster-config.ts";
import { StatsStore } from "../../stats/stats-store.ts";
import { TimerWheel } from "../../timer-wheel.ts";
import { ClusterInfo, type UpstreamLoop } from "../cluster-info.ts";
import {
  type ConnectionPool,
  PoolEntry,
  type PooledConnection,
  type PoolFailureReason,
  type PoolKind,
  type PoolWaiter,
} from "../connection-pool.ts";
import { Host } from "../host.ts";
import { NOT_WAITING } from "../pending-queue.ts";

/** An event loop whose time a test moves. */
export class TestLoop implements UpstreamLoop {
  readonly time: FakeTime = new FakeTime();
  readonly wheel: TimerWheel = new TimerWheel(this.time, this.time);
  readonly random: Random;

  constructor(seed: number = 1) {
    this.random = createSeededRandom(seed);
  }

  get nowMs(): number {
    return this.time.nowMs();
  }

  run(task: () => void): void {
    task();
  }
}

const THRESHOLDS: ThresholdsConfig = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: undefined,
  trackRemaining: false,
};

/** Limits that are Envoy's defaults but for what is given. */
export function thresholds(given: Partial<ThresholdsConfig> = {}): {
  readonly default: ThresholdsConfig;
  readonly high: ThresholdsConfig;
} {
  return { default: { ...THRESHOLDS, ...given }, high: THRESHOLDS };
}

let configCount = 0;

/** A static cluster "backend" without hosts and with Envoy's defaults, but for what is given. Each one has a hash of its own. */
export function clusterConfig(given: Partial<ClusterConfig> = {}): ClusterConfig {
  configCount += 1;
  const name = given.name ?? "backend";
  return {
    name,
    statName: name,
    discovery: { kind: "static", endpoints: endpoints([]) },
    loadBalancer: { kind: "roundRobin" },
    connectTimeoutMs: 5000,
    bufferLimitBytes: 1_048_576,
    thresholds: thresholds(),
    outlierDetection: undefined,
    healthyPanicPercent: 50,
    localityWeighted: false,
    idleTimeoutMs: 3_600_000,
    maxRequestsPerConnection: undefined,
    maxConnectionDurationMs: undefined,
    enableTrailers: false,
    metadata: {},
    message: create(ClusterSchema),
    hash: `hash ${configCount}`,
    addedViaApi: true,
    ...given,
  };
}

/** Envoy's defaults, but for what is given. */
export function outlierConfig(given: Partial<OutlierDetectionConfig> = {}): OutlierDetectionConfig {
  return {
    consecutive5xx: 5,
    enforcingConsecutive5xxPercent: 100,
    consecutiveGatewayFailure: 5,
    enforcingConsecutiveGatewayFailurePercent: 0,
    consecutiveLocalOriginFailure: 5,
    enforcingConsecutiveLocalOriginFailurePercent: 100,
    splitExternalLocalOriginErrors: false,
    intervalMs: 10_000,
    baseEjectionTimeMs: 30_000,
    maxEjectionTimeMs: 300_000,
    maxEjectionTimeJitterMs: 0,
    maxEjectionPercent: 10,
    alwaysEjectOneHost: false,
    enforcingSuccessRatePercent: 100,
    enforcingFailurePercentagePercent: 0,
    ...given,
  };
}

/** "127.77.3.1:80" */
export function address(text: string): SocketAddress {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

export function endpoint(text: string, given: Partial<EndpointConfig> = {}): EndpointConfig {
  return {
    address: address(text),
    hostname: "",
    weight: 1,
    health: "unknown",
    metadata: {},
    ...given,
  };
}

export function locality(
  members: readonly EndpointConfig[],
  given: Partial<LocalityConfig> = {},
): LocalityConfig {
  return {
    region: "",
    zone: "",
    subZone: "",
    weight: undefined,
    priority: 0,
    endpoints: members,
    ...given,
  };
}

export function endpoints(
  localities: readonly LocalityConfig[],
  given: Partial<EndpointsConfig> = {},
): EndpointsConfig {
  return { clusterName: "backend", localities, overprovisioningFactor: 140, ...given };
}

export function clusterInfo(
  given: Partial<ClusterConfig> = {},
  loop: UpstreamLoop = new TestLoop(),
  stats: StatsStore = new StatsStore(),
): ClusterInfo {
  return new ClusterInfo(clusterConfig(given), stats, loop, undefined);
}

/** Hosts 127.77.3.1:80, 127.77.3.2:80, …, one for each weight. */
export function hostsOfWeights(
  weights: readonly number[],
  info: ClusterInfo = clusterInfo(),
): readonly Host[] {
  return weights.map((weight, index) => {
    const member = endpoint(`127.77.3.${index + 1}:80`, { weight });
    return new Host(info, member.address, member, locality([]), 0);
  });
}

/** What a store says of `name`, or undefined when it has no such counter or gauge. */
export function statOf(store: StatsStore, name: string): number | undefined {
  return store.snapshot().scalars.find((sample) => sample.name === name)?.value;
}

/** A connection that a test opens, breaks and closes by hand. */
export class TestConnection implements PooledConnection {
  readonly poolEntry: PoolEntry = new PoolEntry();
  readonly id: number;
  readonly pool: ConnectionPool<TestConnection>;
  reusable = true;
  isClosed = false;

  constructor(id: number, pool: ConnectionPool<TestConnection>) {
    this.id = id;
    this.pool = pool;
  }

  isReusable(): boolean {
    return this.reusable;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Makes connections that never connect by themselves, and keeps all of them. */
export class TestConnections implements PoolKind<TestConnection> {
  readonly protocol: "http1" = "http1";
  readonly made: TestConnection[] = [];

  connect(_host: Host, pool: ConnectionPool<TestConnection>): TestConnection {
    const connection = new TestConnection(this.made.length, pool);
    this.made.push(connection);
    return connection;
  }

  /** The connection made as number `id`. */
  at(id: number): TestConnection {
    const connection = this.made[id];
    if (connection === undefined) throw new Error(`no connection ${id} was made`);
    return connection;
  }
}

/** A request that remembers what the pool told it. */
export class TestWaiter implements PoolWaiter<TestConnection> {
  poolSlot: number = NOT_WAITING;
  connection: TestConnection | undefined;
  failure: PoolFailureReason | undefined;

  onConnectionReady(connection: TestConnection): void {
    this.connection = connection;
  }

  onPoolFailure(reason: PoolFailureReason): void {
    this.failure = reason;
  }
}

/** Name resolution that answers what a test put in, when the test says so. */
export class TestDns implements Dns {
  readonly answers: Map<string, Resolution> = new Map();
  readonly asked: string[] = [];

  resolve(hostname: string): Promise<Resolution> {
    this.asked.push(hostname);
    return Promise.resolve(
      this.answers.get(hostname) ?? { kind: "failed", reason: "no such name" },
    );
  }

  answer(hostname: string, addresses: readonly string[], ttlMs?: number): void {
    this.answers.set(hostname, { kind: "resolved", addresses, ttlMs });
  }

  fail(hostname: string): void {
    this.answers.delete(hostname);
  }
}

/** Lets promises that are settled take effect. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}
