// The two proxies side by side: a real Envoy and ours, started with files that differ only in an IP address.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../support/envoy.ts";
import { findPeer } from "../../support/peers.ts";
import { type Json, type Place, socketAddress } from "./config.ts";
import { Origin } from "./origin.ts";

/** The resources of one side; called once for each. */
export type Resources = (place: Place) => {
  readonly listeners: readonly Json[];
  readonly clusters: readonly Json[];
};

export interface PairOptions {
  readonly resources: Resources;
  /** Ports at which an origin stands. */
  readonly origins: readonly string[];
  /** Ports that the proxy listens on, or that nobody listens on. */
  readonly ports: readonly string[];
}

const IPS = { envoy: "127.77.40.1", ours: "127.77.40.2" } as const;
export type SideName = keyof typeof IPS;

/**
 * SAMPAN_DIFFERENTIAL=envoy puts a second Envoy in our place: every case must then pass, or it is the case that is at fault.
 */
const program = (side: SideName): SideName =>
  process.env["SAMPAN_DIFFERENTIAL"] === "envoy" ? "envoy" : side;

function command(side: SideName, file: string): readonly string[] {
  if (program(side) === "envoy") {
    const peer = findPeer("envoy");
    if (peer.kind === "missing") throw new Error(peer.reason);
    return [
      peer.path,
      ...["-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"],
      ...["--file-flush-interval-msec", "5"],
    ];
  }
  const root = join(import.meta.dir, "..", "..", "..");
  const flags = ["-l", "warn", "--drain-time-s", "5", "--skip-phases", "preflight"];
  return [join(root, "bin", "sampan"), "proxy", "-c", file, ...flags];
}

export class Side {
  readonly name: SideName;
  readonly place: Place;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(name: SideName, place: Place, origins: Map<string, Origin>, folder: string) {
    this.name = name;
    this.place = place;
    this.origins = origins;
    this.#folder = folder;
    const [executable = "", ...args] = command(name, join(folder, "bootstrap.json"));
    const output = openSync(join(folder, "output"), "w");
    this.#child = spawn(executable, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    this.#exited = new Promise((resolve) => this.#child.on("exit", (code) => resolve(code)));
  }

  static async start(name: SideName, options: PairOptions, ports: Ports): Promise<Side> {
    const folder = mkdtempSync(join(tmpdir(), `sampan-differential-${name}-`));
    const place: Place = {
      ip: IPS[name],
      port: (port) => {
        const number = ports.get(port);
        if (number === undefined) throw new Error(`No port is called "${port}"`);
        return number;
      },
      file: (file) => join(folder, file),
    };
    const origins = new Map<string, Origin>();
    for (const origin of options.origins) {
      origins.set(origin, await Origin.listen(place.ip, place.port(origin)));
    }
    const bootstrap = {
      admin: { address: socketAddress(place.ip, place.port("admin")) },
      static_resources: options.resources(place),
    };
    writeFileSync(join(folder, "bootstrap.json"), JSON.stringify(bootstrap, null, 1));
    const side = new Side(name, place, origins, folder);
    const isReady = await until(() => side.#isReady(), 15_000).catch(() => false);
    if (!isReady) {
      const said = side.output();
      await side.stop();
      throw new Error(`${name} did not start:\n${said.slice(-4000)}`);
    }
    return side;
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error("it ended");
    try {
      return (await this.admin("/ready")) === "LIVE\n";
    } catch {
      return false;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isOurs(): boolean {
    return program(this.name) === "ours";
  }

  origin(name: string): Origin {
    const origin = this.origins.get(name);
    if (origin === undefined) throw new Error(`No origin is called "${name}"`);
    return origin;
  }

  adminUrl(path: string): string {
    return `http://${this.place.ip}:${this.place.port("admin")}${path}`;
  }

  async admin(path: string, method = "GET"): Promise<string> {
    const response = await fetch(this.adminUrl(path), {
      method,
      headers: { connection: "close" },
    });
    return response.text();
  }

  /** What the proxy printed: its log. */
  output(): string {
    return readFileSync(join(this.#folder, "output"), "utf8");
  }

  /** The lines of an access log so far. */
  async logLines(file: string): Promise<string[]> {
    // Ours buffers for ten seconds, as Envoy does without its flag; opening the files anew writes what is there.
    if (this.isOurs) await this.admin("/reopen_logs", "POST");
    try {
      return readFileSync(this.place.file(file), "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit status; null after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
    for (const origin of this.origins.values()) await origin.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type Ports = ReadonlyMap<string, number>;

function listenOn(ip: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, ip, () => resolve(server));
  });
}

/** Ports that are free on both sides' addresses at this moment. */
async function freePorts(names: readonly string[]): Promise<Ports> {
  const held: Server[] = [];
  const ports = new Map<string, number>();
  for (const name of names) {
    while (!ports.has(name)) {
      const first = await listenOn(IPS.envoy, 0);
      const address = first?.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const second = await listenOn(IPS.ours, port);
      for (const server of [first, second]) if (server !== undefined) held.push(server);
      if (second !== undefined) ports.set(name, port);
    }
  }
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

export interface Pair {
  readonly envoy: Side;
  readonly ours: Side;
}

export async function startPair(options: PairOptions): Promise<Pair> {
  const ports = await freePorts(["admin", ...options.origins, ...options.ports]);
  const sides = await Promise.allSettled([
    Side.start("envoy", options, ports),
    Side.start("ours", options, ports),
  ]);
  const [envoy, ours] = sides;
  if (envoy.status === "fulfilled" && ours.status === "fulfilled") {
    return { envoy: envoy.value, ours: ours.value };
  }
  for (const side of sides) if (side.status === "fulfilled") await side.value.stop();
  throw sides.find((side) => side.status === "rejected")?.reason;
}

/** Our proxy alone, for what Envoy does in another way. */
export async function startOurs(options: PairOptions): Promise<Side> {
  return Side.start(
    "ours",
    options,
    await freePorts(["admin", ...options.origins, ...options.ports]),
  );
}

export const sidesOf = (pair: Pair): readonly Side[] => [pair.envoy, pair.ours];

export async function stopPair(pair: Pair | undefined): Promise<void> {
  if (pair !== undefined) await Promise.all(sidesOf(pair).map((side) => side.stop()));
}
