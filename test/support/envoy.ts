// A real Envoy as a child process: started with a bootstrap, asked through its admin interface, ended by its own id.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface EnvoyOptions {
  readonly path: string;
  /** A bootstrap as an object; `admin` is added: 127.0.0.1, a port of the kernel's. */
  readonly bootstrap: Readonly<Record<string, unknown>>;
  readonly logLevel?: string;
  /** Further flags. */
  readonly args?: readonly string[];
}

export class Envoy {
  readonly #process: Bun.Subprocess;
  readonly #folder: string;
  readonly adminUrl: string;

  private constructor(process: Bun.Subprocess, folder: string, adminUrl: string) {
    this.#process = process;
    this.#folder = folder;
    this.adminUrl = adminUrl;
  }

  static async start(options: EnvoyOptions): Promise<Envoy> {
    const folder = mkdtempSync(join(tmpdir(), "sampan-envoy-"));
    const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
    const file = join(folder, "bootstrap.json");
    writeFileSync(file, JSON.stringify({ ...options.bootstrap, admin }));
    const log = join(folder, "log");
    const child = Bun.spawn(
      [
        options.path,
        ...["-c", file, "--concurrency", "1", "--disable-hot-restart"],
        ...["-l", options.logLevel ?? "warning", "--log-path", log],
        ...["--admin-address-path", join(folder, "admin")],
        ...(options.args ?? []),
      ],
      { stdout: "ignore", stderr: "ignore", stdin: "ignore" },
    );
    const address = await until(() => readIfThere(join(folder, "admin")), 10_000).catch(() => "");
    if (address === "") {
      child.kill("SIGKILL");
      const said = readIfThere(log) ?? "";
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`envoy did not start:\n${said.slice(-2000)}`);
    }
    return new Envoy(child, folder, `http://${address}`);
  }

  async admin(path: string): Promise<string> {
    return (await fetch(this.adminUrl + path)).text();
  }

  /** One counter or gauge; undefined while Envoy does not have it. */
  async stat(name: string): Promise<number | undefined> {
    const text = await this.admin("/stats");
    const line = text.split("\n").find((l) => l.startsWith(`${name}: `));
    return line === undefined ? undefined : Number(line.slice(name.length + 2));
  }

  log(): string {
    return readIfThere(join(this.#folder, "log")) ?? "";
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8") || undefined;
  } catch {
    return undefined;
  }
}

/** Asks again every 20 ms until the answer is neither undefined nor false; throws after `limitMs`. */
export async function until<T>(
  ask: () => T | Promise<T>,
  limitMs = 5_000,
): Promise<Exclude<T, undefined | false>> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${ask.toString()}`);
    await Bun.sleep(20);
  }
}
