// Our proxy in memory, fed by our pilot's translation over xDS, with an origin at every instance; time moves only when asked.
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { SILENT_LOG } from "#base/log.ts";
import { createSeededRandom } from "#base/random.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { bootstrapFor } from "#cli/up/bootstrap.ts";
import { parseConfigDump } from "#explain/config-dump.ts";
import type { ExplainedRequest } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { parseProxy } from "#pilot/model/parse-proxy.ts";
import { EncodedCache } from "#pilot/push/encoded-cache.ts";
import { World } from "#pilot/push/world.ts";
import { parseBootstrap } from "#proxy/config/parse-bootstrap.ts";
import { formatRejected } from "#proxy/config/parsed.ts";
import { Proxy } from "#proxy/proxy.ts";
import { MemoryNet } from "#proxy/testing/memory-net.ts";
import { dial, type Peer, serve } from "#proxy/testing/peer.ts";
import { MemoryTransport } from "#xds/testing/memory-transport.ts";
import type { OriginMode, Subject } from "./agreement.ts";
import { echoText, parseAnswer, requestText } from "./http-text.ts";
import type { Places, RandomMesh } from "./random-mesh.ts";
import { type Seen, seenOf } from "./seen.ts";

export const MEMORY_PLACES: Places = {
  proxyHost: "127.90.0.1",
  httpProxyPort: 15001,
  servicePorts: [8000, 9080],
  gatewayPort: 8080,
  origin: (index) => ({ host: `127.91.0.${index + 1}`, port: 7000 + index }),
  accessLogFile: "/dev/stdout",
  isQuick: false,
};

const ADMIN = { host: "127.90.0.1", port: 15000 };
/** A request that has no answer after so much virtual time never gets one. */
const PATIENCE_MS = 60_000;

/** A node and bootstrap as `sampan up` writes them. */
export function bootstrapOf(
  mesh: Pick<RandomMesh, "isGateway" | "labels" | "locality">,
  places: Places,
  xds: { host: string; port: number },
): object {
  return bootstrapFor(
    {
      type: mesh.isGateway ? "router" : "sidecar",
      address: places.proxyHost,
      admin: ADMIN,
      name: "client-1",
      namespace: "default",
      cluster: "client",
      labels: mesh.labels,
      locality: mesh.locality,
      metadata: {},
    },
    xds,
  );
}

export class MemorySubject implements Subject {
  /** The timer wheel's tick, and what waits for the next one. */
  readonly slackMs = 60;
  #mode: OriginMode = "echo";
  #arrived = new Map<string, number>();
  readonly #time = new FakeTime();
  readonly #net = new MemoryNet();
  readonly #proxy: Proxy;
  readonly #places: Places;
  #client: Peer | undefined;
  #log = "";

  constructor(mesh: RandomMesh, places: Places) {
    this.#places = places;
    const json = bootstrapOf(mesh, places, { host: "127.0.0.1", port: 15010 });
    const message = messageFromJson(BootstrapSchema, json);
    if (message.kind === "rejected") throw new Error(JSON.stringify(message.problems));
    const config = parseBootstrap(message.value);
    if (config.kind === "rejected") throw new Error(formatRejected(config));
    const { node } = message.value;
    if (node === undefined) throw new Error("no node");
    const world = new World(parseProxy(node).proxy, mesh.snapshot, new EncodedCache());
    const transport = new MemoryTransport(world, this.#time, this.#time);
    this.#proxy = this.#create(config.value, transport, mesh.seed);
    for (const { address, ports } of mesh.instances) {
      this.#serve(`${address}:${ports["http"] ?? 0}`, address, ports["http"] ?? 0);
    }
    const error = this.#proxy.start();
    if (error !== undefined) throw new Error(error.message);
    this.#settle(transport);
    const refused = transport.outcomes.filter(({ kind }) => kind === "nacked");
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
  }

  #create(
    config: ConstructorParameters<typeof Proxy>[0],
    xds: MemoryTransport,
    seed: number,
  ): Proxy {
    const time = this.#time;
    const write = (bytes: Uint8Array): void => {
      this.#log += Buffer.from(bytes).toString("latin1");
    };
    return new Proxy(
      config,
      {
        clock: time,
        timers: time,
        random: createSeededRandom(seed),
        net: this.#net,
        dns: { resolve: async () => ({ kind: "failed", reason: "no names here" }) },
        files: {
          read: async () => ({ kind: "failed", reason: "no files here" }),
          list: async () => [],
          watch: () => ({ close() {} }),
          append: () => ({ write, flush() {}, close() {} }),
        },
        log: SILENT_LOG,
        xds,
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
        serviceNode: "client-1",
        drainTimeMs: 600_000,
        sharesPorts: false,
        onQuit: () => {},
      },
    );
  }

  #settle(transport: MemoryTransport): void {
    for (let round = 0; round < 20; round += 1) {
      transport.deliver();
      this.#time.advance(100, () => this.#net.run());
      this.#net.run();
    }
  }

  #serve(name: string, host: string, port: number): void {
    serve(this.#net, { host, port }, (peer) => {
      for (;;) {
        const end = peer.received.indexOf("\r\n\r\n");
        if (end === -1) return;
        const head = peer.received.slice(0, end);
        peer.received = peer.received.slice(end + 4);
        this.#arrived.set(name, (this.#arrived.get(name) ?? 0) + 1);
        if (this.#mode === "echo") peer.send(echoText(name, head, "200 OK"));
        else if (this.#mode === "fail") peer.send(echoText(name, "", "503 Service Unavailable"));
      }
    });
  }

  /** What the admin pages show: what `why` is told by a running proxy. */
  configuration(): ProxyConfiguration {
    const dump = parseConfigDump(
      this.#page("/config_dump?include_eds"),
      this.#page("/clusters?format=json"),
    );
    if (dump.kind === "failed") throw new Error(dump.reason);
    return dump.configuration;
  }

  #page(path: string): string {
    const peer = dial(this.#net, ADMIN);
    peer.send(`GET ${path} HTTP/1.1\r\nhost: admin\r\n\r\n`);
    this.#net.run();
    const answer = parseAnswer(peer.take());
    peer.socket?.close();
    this.#net.run();
    if (answer?.status !== 200) throw new Error(`no page ${path}`);
    return answer.body;
  }

  async sendMany(request: ExplainedRequest, count: number): Promise<readonly Seen[]> {
    this.#hangUp(); // the last request may have come by another door
    const seen = Array.from({ length: count }, () => this.#send(request));
    const flags = this.#takeFlags();
    return seen.map((one, index) => ({ ...one, flags: flags[index] }));
  }

  setMode(mode: OriginMode): void {
    this.#mode = mode;
  }

  takeArrived(): ReadonlyMap<string, number> {
    const taken = this.#arrived;
    this.#arrived = new Map();
    return taken;
  }

  #send(request: ExplainedRequest): Seen {
    const client = this.#connection(request);
    const startMs = this.#time.nowMs();
    client.send(requestText(request, ["x-case: 1"]));
    this.#net.run();
    this.#net.writes.length = 0;
    let answer = parseAnswer(client.received);
    while (answer === undefined && !client.isClosed) {
      const nextMs = this.#time.nextTimerMs();
      if (nextMs === undefined || nextMs > startMs + PATIENCE_MS) break;
      this.#time.advance(nextMs - this.#time.nowMs(), () => this.#net.run());
      answer = parseAnswer(client.received);
    }
    client.received = "";
    if (answer === undefined || answer.closes || client.isClosed || client.hasEnded) this.#hangUp();
    return seenOf(answer, this.#time.nowMs() - startMs);
  }

  /** Response flags of the requests since the last call, in their order. */
  #takeFlags(): readonly string[] {
    this.#time.advance(1000, () => this.#net.run());
    const lines = this.#log.split("\n").slice(0, -1);
    this.#log = "";
    return lines.filter((line) => line.startsWith("1 ")).map((line) => line.slice(2));
  }

  #connection(request: ExplainedRequest): Peer {
    if (this.#client !== undefined) return this.#client;
    const { entrance } = request;
    const { proxyHost, httpProxyPort } = this.#places;
    const peer = dial(
      this.#net,
      entrance.kind === "address" ? entrance : { host: proxyHost, port: httpProxyPort },
    );
    this.#net.run();
    this.#client = peer;
    return peer;
  }

  #hangUp(): void {
    this.#client?.socket?.close();
    this.#net.run();
    this.#client = undefined;
  }

  close(): void {
    this.#proxy.close();
    this.#net.run();
  }
}
