// The example mesh in a copy of its folder, ready to be asked, changed and broken.
import { copyFileSync, cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../support/envoy.ts";
import { get, type Target } from "./connection.ts";
import { ROOT, UpProcess } from "./up-process.ts";

const EXAMPLE = join(ROOT, "examples", "bookinfo");

export const GATEWAY: Target = { host: "127.0.0.1", port: 8080 };
export const PILOT: Target = { host: "127.0.0.1", port: 15014 };

/** A folder of its own, absolute and without links. */
export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "sampan-end-to-end-")));
}

/** Where the copy of the example is; never the example itself. */
export function copyOfExample(): string {
  const folder = temporaryFolder();
  cpSync(EXAMPLE, folder, { recursive: true });
  return folder;
}

export interface ServiceAddress {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export class MeshProcess {
  readonly up: UpProcess;
  /** From the start of the command to the first answer with status 200. */
  readonly firstAnswerMs: number;

  private constructor(up: UpProcess, firstAnswerMs: number) {
    this.up = up;
    this.firstAnswerMs = firstAnswerMs;
  }

  /** Returns when the page is served and the summary printed. Throws with what it printed when that does not happen. */
  static async start(flags: readonly string[], env: Record<string, string>): Promise<MeshProcess> {
    const startedMs = performance.now();
    const up = new UpProcess(copyOfExample(), { flags, env });
    try {
      const firstAnswerMs = await until(() => firstAnswer(up), 20_000);
      await up.says("Ctrl-C stops everything.", 20_000);
      return new MeshProcess(up, firstAnswerMs - startedMs);
    } catch (error) {
      await up.stop();
      throw new Error(`the mesh did not start: ${error}\n${up.output()}`);
    }
  }

  /** The moment before the file is there. */
  addTask(name: string): number {
    const nowMs = performance.now();
    const { folder } = this.up;
    copyFileSync(join(folder, "tasks", `${name}.yaml`), join(folder, `${name}.yaml`));
    return nowMs;
  }

  /** The moment before the file is gone. */
  removeTask(name: string): number {
    const nowMs = performance.now();
    rmSync(join(this.up.folder, `${name}.yaml`));
    return nowMs;
  }

  /** Whatever a case that failed has left. */
  removeTasks(): void {
    const { folder } = this.up;
    for (const name of readdirSync(join(folder, "tasks"))) {
      rmSync(join(folder, name), { force: true });
    }
  }

  async services(): Promise<readonly ServiceAddress[]> {
    const { body } = await get(PILOT, "/debug/registryz");
    const services = JSON.parse(body) as readonly {
      readonly hostname: string;
      readonly autoAddress: string;
      readonly ports: readonly { readonly number: number }[];
    }[];
    return services.map(({ hostname, autoAddress, ports }) => ({
      name: hostname.split(".")[0] ?? "",
      address: autoAddress,
      port: ports[0]?.number ?? 0,
    }));
  }

  /** Proxy name -> "live", "behind" or "rejected", as the pilot knows it. */
  async states(): Promise<Readonly<Record<string, string>>> {
    const { body } = await get(PILOT, "/debug/syncz");
    const proxies = JSON.parse(body) as readonly {
      readonly name: string;
      readonly state: string;
    }[];
    return Object.fromEntries(proxies.map(({ name, state }) => [name, state]));
  }

  async close(): Promise<void> {
    await this.up.stop();
    rmSync(this.up.folder, { recursive: true, force: true });
  }
}

/** When the first answer with status 200 came; throws when the process is gone. */
async function firstAnswer(up: UpProcess): Promise<number | undefined> {
  if (!up.isRunning) throw new Error(`exit status ${await up.exited}`);
  try {
    const { status } = await get(GATEWAY, "/api/v1/products/0/reviews");
    return status === 200 ? performance.now() : undefined;
  } catch {
    return undefined;
  }
}
