// A whole proxy in memory for tests: Envoy's own configuration in, bytes at both ends, time that moves only when told.
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { assert } from "#base/assert.ts";
import type { Appender, Files } from "#base/files.ts";
import type { Log, LogFields } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { parseBootstrap } from "../config/parse-bootstrap.ts";
import { Proxy } from "../proxy.ts";
import type { Host } from "../upstream/host.ts";
import { MemoryNet, type MemoryNetOptions } from "./memory-net.ts";
import { dial, type Origin, type Peer, serve } from "./peer.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface FixtureOptions {
  /** Routes of the only virtual host; default: everything to cluster "origin". */
  readonly routes?: readonly Json[];
  /** Further fields of the virtual host, the route configuration, the connection manager, the listener. */
  readonly virtualHost?: Json;
  readonly routeConfig?: Json;
  readonly hcm?: Json;
  readonly listener?: Json;
  /** HTTP filters before the router. */
  readonly filters?: readonly Json[];
  /** Further fields of the cluster "origin". */
  readonly cluster?: Json;
  /** Hosts of the cluster "origin": originAddress(0), …; default 1. All are served. */
  readonly originCount?: number;
  /** Further clusters. */
  readonly clusters?: readonly Json[];
  readonly net?: MemoryNetOptions;
  readonly seed?: number;
}

const TYPE = "type.googleapis.com/envoy.extensions.filters";
const LISTENER_ADDRESS: SocketAddress = { host: "127.77.0.1", port: 10_000 };

/** Midnight is far: a test that lasts minutes of virtual time says this date, give or take its seconds. */
export const DATE = "date: Fri, 02 Jan 2026 03:04:05 GMT";

export const originAddress = (index: number): SocketAddress => ({
  host: `127.77.1.${index + 1}`,
  port: 80,
});

/** A STATIC cluster of `hosts`. */
export function clusterOf(name: string, hosts: readonly SocketAddress[], more: Json = {}): Json {
  const endpoints = hosts.map(({ host, port }) => ({
    endpoint: { address: { socket_address: { address: host, port_value: port } } },
  }));
  return {
    name,
    type: "STATIC",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...more,
  };
}

export const routeTo = (
  cluster: string,
  action: Json = {},
  match: Json = { prefix: "/" },
): Json => ({
  match,
  route: { cluster, ...action },
});

/** A head of these lines; `+ body` follows it. */
export const wire = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;

/** A request without a body. */
export const get = (path = "/", ...fields: readonly string[]): string =>
  wire(`GET ${path} HTTP/1.1`, "host: h", ...fields);

export const post = (body: string, ...fields: readonly string[]): string =>
  wire("POST / HTTP/1.1", "host: h", `content-length: ${body.length}`, ...fields) + body;

/** A response with `content-length`. */
export const ok = (body = "", ...fields: readonly string[]): string =>
  wire("HTTP/1.1 200 OK", `content-length: ${body.length}`, ...fields) + body;

function bootstrapJson(options: FixtureOptions): Json {
  const hcm = {
    "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "test",
    // Ids are random: the one test that is about them turns them on.
    generate_request_id: false,
    route_config: {
      name: "routes",
      validate_clusters: false,
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: options.routes ?? [routeTo("origin")],
          ...options.virtualHost,
        },
      ],
      ...options.routeConfig,
    },
    http_filters: [
      ...(options.filters ?? []),
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${TYPE}.http.router.v3.Router` },
      },
    ],
    access_log: [
      {
        name: "envoy.access_loggers.stdout",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
          log_format: {
            text_format_source: {
              inline_string:
                "%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n",
            },
          },
        },
      },
    ],
    ...options.hcm,
  };
  const hosts = Array.from({ length: options.originCount ?? 1 }, (_, index) =>
    originAddress(index),
  );
  const { host, port } = LISTENER_ADDRESS;
  return {
    node: { id: "proxy-1", cluster: "test" },
    static_resources: {
      listeners: [
        {
          name: "http",
          address: { socket_address: { address: host, port_value: port } },
          filter_chains: [
            {
              filters: [
                { name: "envoy.filters.network.http_connection_manager", typed_config: hcm },
              ],
            },
          ],
          ...options.listener,
        },
      ],
      clusters: [clusterOf("origin", hosts, options.cluster), ...(options.clusters ?? [])],
    },
  };
}

/** Keeps what is said as an error: a proxy under test has no reason to say any. */
class ErrorLog implements Log {
  readonly errors: string[] = [];
  debug(): void {}
  info(): void {}
  warning(): void {}
  error(message: string, fields?: LogFields): void {
    this.errors.push(`${message} ${JSON.stringify(fields ?? {})}`);
  }
  child(): Log {
    return this;
  }
}

export class ProxyFixture {
  readonly time: FakeTime = new FakeTime();
  readonly net: MemoryNet;
  readonly proxy: Proxy;
  readonly origins: readonly Origin[];
  readonly #log = new ErrorLog();
  #logText = "";

  constructor(options: FixtureOptions = {}) {
    this.net = new MemoryNet(options.net);
    const message = messageFromJson(BootstrapSchema, bootstrapJson(options));
    assert(
      message.kind !== "rejected",
      message.kind === "rejected" ? JSON.stringify(message.problems) : "",
    );
    const config = parseBootstrap(message.value);
    assert(
      config.kind === "parsed",
      config.kind === "parsed" ? "" : `${config.path}: ${config.message}`,
    );
    this.proxy = new Proxy(
      config.value,
      {
        clock: this.time,
        timers: this.time,
        random: createSeededRandom(options.seed ?? 1),
        net: this.net,
        dns: { resolve: async () => ({ kind: "failed", reason: "no names here" }) },
        files: this.#files(),
        log: this.#log,
        xds: undefined,
        environment: { hostname: "here", environment: () => undefined },
        memory: () => ({ usedHeapBytes: 0, totalHeapBytes: 0, residentBytes: 0 }),
        logLevel: () => "info",
        setLogLevel: () => {},
      },
      {
        version: "test",
        concurrency: 1,
        configPath: "",
        serviceCluster: "test",
        serviceNode: "proxy-1",
        drainTimeMs: 600_000,
        sharesPorts: false,
        onQuit: () => {},
      },
    );
    this.origins = Array.from({ length: options.originCount ?? 1 }, (_, index) =>
      serve(this.net, originAddress(index)),
    );
    assert(this.proxy.start() === undefined, "the proxy starts");
  }

  /** The only origin, or the first. */
  get origin(): Origin {
    return this.origins[0] as Origin;
  }

  /** What the proxy said went wrong in itself: must stay empty. */
  get errors(): readonly string[] {
    return this.#log.errors;
  }

  /** A new connection to the listener, which has sent `data` (latin1) and whatever followed has happened. */
  client(data = ""): Peer {
    const peer = dial(this.net, LISTENER_ADDRESS);
    this.net.run();
    if (data !== "") this.send(peer, data);
    return peer;
  }

  /** Sends, and lets everything happen that follows. */
  send(peer: Peer, data: string | Uint8Array): void {
    peer.send(data);
    this.net.run();
  }

  end(peer: Peer): void {
    peer.socket?.end();
    this.net.run();
  }

  close(peer: Peer): void {
    peer.socket?.close();
    this.net.run();
  }

  reset(peer: Peer): void {
    peer.socket?.reset();
    this.net.run();
  }

  advance(ms: number): void {
    this.time.advance(ms, () => this.net.run());
    this.net.run();
  }

  /** All counters and gauges that are not 0, by name. */
  stats(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { name, value } of this.proxy.stats.snapshot().scalars) {
      if (value !== 0) found[name] = value;
    }
    return found;
  }

  /** 0 for one that is not there. */
  stat(name: string): number {
    return this.stats()[name] ?? 0;
  }

  host(index = 0, cluster = "origin"): Host {
    const host = this.proxy.clusters.cluster(cluster)?.hosts[index];
    assert(host !== undefined, "the cluster has such a host");
    return host;
  }

  /** Gauges that say that something is still under way, but for idle upstream connections; empty when all is at rest. */
  active(): Readonly<Record<string, number>> {
    const names = /(_active|_open|pending_requests|remaining_\w+|_buffered)$/;
    return Object.fromEntries(
      Object.entries(this.stats()).filter(
        ([name]) =>
          names.test(name) &&
          !/^listener_manager|^filesystem|upstream_cx_active$|\.cx_open$/.test(name),
      ),
    );
  }

  /** Access log lines so far; lets a second of virtual time pass, as the log is flushed by time. */
  logs(): readonly string[] {
    this.advance(1000);
    return this.#logText.split("\n").slice(0, -1);
  }

  #files(): Files {
    const appender: Appender = {
      write: (bytes) => {
        this.#logText += Buffer.from(bytes).toString("latin1");
      },
      flush() {},
      close() {},
    };
    return {
      read: async () => ({ kind: "failed", reason: "no files here" }),
      list: async () => [],
      watch: () => ({ close() {} }),
      append: () => appender,
    };
  }
}
