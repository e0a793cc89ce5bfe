// `sampan proxy` as a child process: started with a bootstrap, asked through its admin interface, ended by its own id.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./envoy.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** Ports that were free a moment ago. */
export async function freePorts(host: string, count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, host, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface SampanProxyOptions {
  /** `admin` is added. */
  readonly bootstrap: Readonly<Record<string, unknown>>;
  readonly host: string;
  readonly flags?: readonly string[];
  /** Left out: one that was free a moment ago. */
  readonly adminPort?: number;
}

export class SampanProxy {
  readonly #process: Bun.Subprocess;
  readonly #folder: string;
  readonly adminUrl: string;

  private constructor(process: Bun.Subprocess, folder: string, adminUrl: string) {
    this.#process = process;
    this.#folder = folder;
    this.adminUrl = adminUrl;
  }

  /** Started, and LIVE. */
  static async start(options: SampanProxyOptions): Promise<SampanProxy> {
    const { bootstrap, host, flags = [], adminPort } = options;
    const folder = mkdtempSync(join(tmpdir(), "sampan-proxy-"));
    const port = adminPort ?? (await freePorts(host, 1))[0] ?? 0;
    const admin = { address: { socket_address: { address: host, port_value: port } } };
    const file = join(folder, "bootstrap.json");
    writeFileSync(file, JSON.stringify({ ...bootstrap, admin }));
    const output = Bun.file(join(folder, "output"));
    // What the machine is like is another test's business.
    const command = [
      join(ROOT, "bin", "sampan"),
      "proxy",
      "-c",
      file,
      "--skip-phases",
      "preflight",
    ];
    const child = Bun.spawn([...command, ...flags], {
      stdout: "ignore",
      stderr: output,
      stdin: "ignore",
    });
    const made = new SampanProxy(child, folder, `http://${host}:${port}`);
    try {
      await until(() => made.isLive(), 15_000);
    } catch {
      child.kill("SIGKILL");
      throw new Error(`sampan proxy did not start:\n${made.log().slice(-2000)}`);
    }
    return made;
  }

  async isLive(): Promise<boolean> {
    return fetch(`${this.adminUrl}/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  async admin(path: string, method = "GET"): Promise<string> {
    return (await fetch(this.adminUrl + path, { method })).text();
  }

  /** One counter or gauge; undefined while there is none. */
  async stat(name: string): Promise<number | undefined> {
    const text = await this.admin("/stats");
    const line = text.split("\n").find((l) => l.startsWith(`${name}: `));
    return line === undefined ? undefined : Number(line.slice(name.length + 2));
  }

  log(): string {
    return readFileSync(join(this.#folder, "output"), "utf8");
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#process.kill(name);
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
