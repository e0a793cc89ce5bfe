// Two workers in memory for tests: worker 0 with its admin interface, and a follower behind a channel, each with a network of its
// own (one port, two sockets, as SO_REUSEPORT has it), so that a test says which of them a connection goes to.
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { assert } from "#base/assert.ts";
import type { Resolution } from "#base/dns.ts";
import type { Files } from "#base/files.ts";
import type { Log, LogFields, LogLevel } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { parseBootstrap } from "../../config/parse-bootstrap.ts";
import { Proxy } from "../../proxy.ts";
import { MemoryNet } from "../../testing/memory-net.ts";
import { dial, type Origin, type Peer, serve } from "../../testing/peer.ts";
import { follow } from "../follower.ts";
import type { WorkerAnswer, WorkerCommand } from "../messages.ts";
import { WorkerGroup } from "../worker-group.ts";
import { MemoryChannel } from "./memory-channel.ts";

type Json = Readonly<Record<string, unknown>>;

export const ADMIN: SocketAddress = { host: "127.77.0.1", port: 15_000 };
export const LISTENER: SocketAddress = { host: "127.77.0.1", port: 10_000 };
export const ORIGIN: SocketAddress = { host: "127.77.1.1", port: 80 };

const jsonAddress = ({ host, port }: SocketAddress): Json => ({
  socket_address: { address: host, port_value: port },
});

export const clusterJson = (name: string, host: SocketAddress, more: Json = {}): Json => ({
  name,
  type: "STATIC",
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: jsonAddress(host) } }] }],
  },
  ...more,
});

export const routesJson = (name: string, cluster: string): Json => ({
  name,
  virtual_hosts: [
    { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster } }] },
  ],
});

export const listenerJson = (name: string, address: SocketAddress, hcm: Json): Json => ({
  name,
  address: jsonAddress(address),
  filter_chains: [
    {
      filters: [
        {
          name: "envoy.filters.network.http_connection_manager",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix: "in",
            http_filters: [
              {
                name: "envoy.filters.http.router",
                typed_config: {
                  "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                },
              },
            ],
            ...hcm,
          },
        },
      ],
    },
  ],
});

class KeptLog implements Log {
  readonly warnings: string[] = [];
  debug(): void {}
  info(): void {}
  warning(message: string): void {
    this.warnings.push(message);
  }
  error(message: string, fields?: LogFields): void {
    throw new Error(`${message} ${JSON.stringify(fields ?? {})}`);
  }
  child(): Log {
    return this;
  }
}

const NO_FILES: Files = {
  read: async () => ({ kind: "failed", reason: "no files here" }),
  list: async () => [],
  watch: () => ({ close() {} }),
  append: () => ({ kind: "failed", reason: "no files here" }),
};

export interface WorkerPairOptions {
  readonly listener?: Json;
  readonly cluster?: Json;
}

export class WorkerPair {
  readonly time: FakeTime = new FakeTime();
  /** By worker. */
  readonly nets: readonly [MemoryNet, MemoryNet] = [new MemoryNet(), new MemoryNet()];
  readonly origins: readonly Origin[];
  readonly levels: LogLevel[] = ["info", "info"];
  readonly log: KeptLog = new KeptLog();
  readonly proxy: Proxy;
  /** Names that were looked up, by whom whatever. */
  readonly lookedUp: string[] = [];
  readonly #channel = new MemoryChannel<WorkerAnswer, WorkerCommand>();
  /** While true, nothing that worker 1 is sent arrives. */
  isWorker1Busy = false;

  constructor(options: WorkerPairOptions = {}) {
    this.origins = this.nets.map((net) => serve(net, ORIGIN));
    follow(this.#channel.child, ({ index }) => ({ ...this.#ports(index) }));
    const bootstrap = bootstrapOf(options);
    const workers = new WorkerGroup([this.#channel.parent], { timers: this.time, log: this.log });
    const settings = {
      workerCount: 2,
      sharesPorts: true,
      drainTimeMs: 60_000,
      statsFlushIntervalMs: bootstrap.statsFlushIntervalMs,
    };
    void workers.start(settings, "info");
    this.proxy = new Proxy(
      bootstrap,
      {
        ...this.#ports(0),
        dns: { resolve: async (name) => this.#lookUp(name) },
        xds: undefined,
        workers,
        logLevel: () => this.levels[0] ?? "info",
      },
      {
        version: "test",
        concurrency: 2,
        configPath: "",
        serviceCluster: "",
        serviceNode: "",
        drainTimeMs: 60_000,
        sharesPorts: true,
        onQuit: () => {},
      },
    );
    assert(this.proxy.start() === undefined, "the proxy starts");
  }

  /** Lets everything happen that is under way, promises too. */
  async run(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      if (!this.isWorker1Busy) this.#channel.run();
      for (const net of this.nets) net.run();
      await Promise.resolve();
    }
  }

  async advance(ms: number): Promise<void> {
    this.time.advance(ms, () => {
      for (const net of this.nets) net.run();
    });
    await this.run();
  }

  /** A new connection to a worker, on which `text` was sent. */
  async client(worker: 0 | 1, text: string, to: SocketAddress = LISTENER): Promise<Peer> {
    const peer = dial(this.nets[worker], to);
    this.nets[worker].run();
    peer.send(text);
    await this.run();
    return peer;
  }

  async admin(target: string, method = "GET"): Promise<string> {
    return (await this.client(0, `${method} ${target} HTTP/1.1\r\nhost: h\r\n\r\n`, ADMIN))
      .received;
  }

  #lookUp(name: string): Resolution {
    this.lookedUp.push(name);
    return { kind: "resolved", addresses: [ORIGIN.host], ttlMs: undefined };
  }

  #ports(index: number) {
    const net = this.nets[index];
    assert(net !== undefined, "there are two workers");
    return {
      clock: this.time,
      timers: this.time,
      random: createSeededRandom(index + 1),
      net,
      files: NO_FILES,
      log: this.log,
      environment: { hostname: "here", environment: () => undefined },
      memory: () => ({ usedHeapBytes: 10, totalHeapBytes: 20, residentBytes: 100 }),
      setLogLevel: (level: LogLevel) => {
        this.levels[index] = level;
      },
    };
  }
}

function bootstrapOf({ cluster, listener }: WorkerPairOptions) {
  const json = {
    node: { id: "proxy-1", cluster: "test" },
    admin: { address: jsonAddress(ADMIN) },
    static_resources: {
      clusters: [clusterJson("origin", ORIGIN, cluster)],
      listeners: [
        {
          ...listenerJson("http", LISTENER, { route_config: routesJson("r", "origin") }),
          ...listener,
        },
      ],
    },
  };
  const message = messageFromJson(BootstrapSchema, json);
  assert(
    message.kind !== "rejected",
    message.kind === "rejected" ? JSON.stringify(message.problems) : "",
  );
  const config = parseBootstrap(message.value);
  assert(config.kind === "parsed", config.kind === "parsed" ? "" : config.message);
  return config.value;
}
