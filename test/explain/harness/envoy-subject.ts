// A real Envoy under our xDS server, with origins on loopback: one process for all meshes, which are offered to it one after another.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { parseConfigDump } from "#explain/config-dump.ts";
import type { ExplainedRequest } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { parseProxy } from "#pilot/model/parse-proxy.ts";
import { EncodedCache } from "#pilot/push/encoded-cache.ts";
import { World } from "#pilot/push/world.ts";
import type { ResourceSource } from "#xds/server/resource.ts";
import { AdsServer } from "../../support/ads-server.ts";
import { Envoy, until } from "../../support/envoy.ts";
import type { OriginMode, Subject } from "./agreement.ts";
import { echoText, parseAnswer, requestText } from "./http-text.ts";
import { bootstrapOf } from "./memory-subject.ts";
import type { Places, RandomMesh } from "./random-mesh.ts";
import { type Seen, seenOf } from "./seen.ts";

/** Instances that a random mesh may have. */
const ORIGINS = 36;
/** Requests at a time: those that wait for a delay wait together. */
const CONNECTIONS = 12;
/** Nothing in a quick mesh takes half as long. */
const PATIENCE_MS = 3_000;

const EMPTY_WORLD: ResourceSource = { list: () => [], get: () => undefined };

interface Buffered {
  text: string;
}

export class EnvoySubject implements Subject {
  /** A busy machine may be late by so much. */
  readonly slackMs = 1_500;
  readonly places: Places;
  readonly #envoy: Envoy;
  readonly #server: AdsServer;
  readonly #origins: readonly Bun.TCPSocketListener<Buffered>[];
  readonly #folder: string;
  #mode: OriginMode = "echo";
  #arrived = new Map<string, number>();
  #nextCase = 1;

  private constructor(
    parts: Pick<EnvoySubject, "places"> & {
      readonly envoy: Envoy;
      readonly server: AdsServer;
      readonly origins: readonly Bun.TCPSocketListener<Buffered>[];
      readonly folder: string;
      readonly listen: (subject: EnvoySubject) => void;
    },
  ) {
    this.places = parts.places;
    this.#envoy = parts.envoy;
    this.#server = parts.server;
    this.#origins = parts.origins;
    this.#folder = parts.folder;
    parts.listen(this);
  }

  static async start(path: string): Promise<EnvoySubject> {
    const folder = mkdtempSync(join(tmpdir(), "sampan-agreement-"));
    writeFileSync(join(folder, "access.log"), "");
    let subject: EnvoySubject | undefined;
    const origins = Array.from({ length: ORIGINS }, () =>
      serveOrigin((name, head) => subject?.answer(name, head) ?? ""),
    );
    const [httpProxyPort, first, second, gatewayPort] = freePorts(4) as [
      number,
      number,
      number,
      number,
    ];
    const places: Places = {
      proxyHost: "127.0.0.1",
      httpProxyPort,
      servicePorts: [first, second],
      gatewayPort,
      origin: (index) => ({ host: "127.0.0.1", port: origins[index]?.port ?? 0 }),
      accessLogFile: join(folder, "access.log"),
      isQuick: true,
    };
    const server = await AdsServer.start(EMPTY_WORLD);
    const bootstrap = bootstrapOf(
      { isGateway: false, labels: {}, locality: "r1/a" },
      places,
      server.address,
    );
    const envoy = await Envoy.start({
      path,
      bootstrap: { ...bootstrap },
      args: ["--file-flush-interval-msec", "20"],
    });
    return new EnvoySubject({
      ...{ places, envoy, server, origins, folder },
      listen: (made) => {
        subject = made;
      },
    });
  }

  /** Envoy runs on this mesh when it returns what its admin pages show. */
  async offer(mesh: RandomMesh): Promise<ProxyConfiguration> {
    const message = messageFromJson(
      BootstrapSchema,
      bootstrapOf(mesh, this.places, this.#server.address),
    );
    if (message.kind === "rejected" || message.value.node === undefined) throw new Error("no node");
    const { proxy } = parseProxy(message.value.node);
    this.#server.offer(new World(proxy, mesh.snapshot, new EncodedCache()));
    await until(() => this.#server.isLive, 10_000);
    const refused = this.#server.nacks();
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
    const dump = await until(async () => {
      const text = await this.#envoy.admin("/config_dump?include_eds");
      return /"(?:dynamic_warming_clusters|warming_state)"/.test(text) ? undefined : text;
    }, 10_000);
    const parsed = parseConfigDump(dump, await this.#envoy.admin("/clusters?format=json"));
    if (parsed.kind === "failed") throw new Error(parsed.reason);
    return parsed.configuration;
  }

  setMode(mode: OriginMode): void {
    this.#mode = mode;
  }

  takeArrived(): ReadonlyMap<string, number> {
    const taken = this.#arrived;
    this.#arrived = new Map();
    return taken;
  }

  answer(name: string, head: string): string {
    this.#arrived.set(name, (this.#arrived.get(name) ?? 0) + 1);
    if (this.#mode === "echo") return echoText(name, head, "200 OK");
    return this.#mode === "fail" ? echoText(name, "", "503 Service Unavailable") : "";
  }

  async sendMany(
    request: ExplainedRequest,
    count: number,
    isSlow: boolean,
  ): Promise<readonly Seen[]> {
    const first = this.#nextCase;
    this.#nextCase += count;
    const seen: Seen[] = [];
    let next = 0;
    const sendSome = async (): Promise<void> => {
      const line = new ClientLine(request, this.places);
      while (next < count) {
        const index = next++;
        seen[index] = await line.send(first + index);
      }
      line.close();
    };
    await Promise.all(Array.from({ length: isSlow ? Math.min(CONNECTIONS, count) : 1 }, sendSome));
    const flags = await this.#flagsOf(first, seen);
    return seen.map((one, index) => ({ ...one, flags: flags.get(first + index) }));
  }

  /** A connection that no listener took is in no log. */
  async #flagsOf(first: number, seen: readonly Seen[]): Promise<ReadonlyMap<number, string>> {
    const wanted = seen.filter(({ status }) => status !== 0).length;
    const read = (): Map<number, string> => {
      const lines = readFileSync(this.places.accessLogFile, "utf8").split("\n").slice(0, -1);
      const all = lines.map((line) => line.split(" "));
      return new Map(
        all
          .map(([id, flags = ""]) => [Number(id), flags] as const)
          .filter(([id]) => id >= first && id < first + seen.length),
      );
    };
    await until(() => read().size >= wanted, 5_000).catch(() => {});
    const flags = read();
    writeFileSync(this.places.accessLogFile, "");
    return flags;
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#server.close();
    for (const origin of this.#origins) origin.stop(true);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function serveOrigin(
  answer: (name: string, head: string) => string,
): Bun.TCPSocketListener<Buffered> {
  const listener = Bun.listen<Buffered>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: "" };
      },
      data(socket, bytes) {
        socket.data.text += bytes.toString("latin1");
        for (;;) {
          const end = socket.data.text.indexOf("\r\n\r\n");
          if (end === -1) return;
          const head = socket.data.text.slice(0, end);
          socket.data.text = socket.data.text.slice(end + 4);
          socket.write(Buffer.from(answer(`127.0.0.1:${listener.port}`, head), "latin1"));
        }
      },
    },
  });
  return listener;
}

/** Ports that nobody listens on at this moment. */
function freePorts(count: number): number[] {
  const held = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }),
  );
  const ports = held.map(({ port }) => port);
  for (const listener of held) listener.stop(true);
  return ports;
}

/** One connection after another, one request at a time. */
class ClientLine {
  readonly #request: ExplainedRequest;
  readonly #address: { readonly hostname: string; readonly port: number };
  #socket: Bun.Socket<undefined> | undefined;
  #text = "";
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(request: ExplainedRequest, places: Places) {
    const { entrance } = request;
    const port = entrance.kind === "address" ? entrance.port : places.httpProxyPort;
    this.#request = request;
    this.#address = { hostname: places.proxyHost, port };
  }

  async send(id: number): Promise<Seen> {
    const startMs = performance.now();
    const socket = this.#socket ?? (await this.#connect());
    this.#text = "";
    socket?.write(Buffer.from(requestText(this.#request, [`x-case: ${id}`]), "latin1"));
    const untilMs = startMs + PATIENCE_MS;
    let answer = parseAnswer(this.#text);
    while (answer === undefined && !this.#isClosed && performance.now() < untilMs) {
      await this.#changed(untilMs - performance.now());
      answer = parseAnswer(this.#text);
    }
    const delayMs = performance.now() - startMs;
    if (answer === undefined || answer.closes || this.#isClosed) this.close();
    return seenOf(answer, delayMs);
  }

  close(): void {
    this.#socket?.end();
    this.#socket = undefined;
  }

  async #connect(): Promise<Bun.Socket<undefined> | undefined> {
    this.#isClosed = false;
    const closed = (): void => {
      this.#isClosed = true;
      this.#wake();
    };
    const connecting = Bun.connect<undefined>({
      ...this.#address,
      socket: {
        data: (_socket, bytes) => {
          this.#text += bytes.toString("latin1");
          this.#wake();
        },
        close: closed,
        error: closed,
        connectError: closed,
      },
    });
    this.#socket = await connecting.catch(() => undefined);
    if (this.#socket === undefined) this.#isClosed = true;
    return this.#socket;
  }

  #changed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
