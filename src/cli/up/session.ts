// One run of `up`: what it was asked for, and what its phases share. Each thing is made when the first of them needs it.
import { SILENT_LOG } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { PilotClient } from "../client/pilot-client.ts";
import type { PreflightFlags } from "../preflight/options.ts";
import type { Shell } from "../shell/shell.ts";
import type { Mesh } from "./mesh.ts";
import { type MeshPlan, planMesh } from "./plan.ts";
import type { Reporter } from "./reporter.ts";
import type { RegistryService } from "./summary.ts";

export interface UpSettings {
  /** As the user gave it. */
  readonly folder: string;
  /** The same, absolute. */
  readonly directory: string;
  readonly dataPlane: "sampan" | "envoy";
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  /** How long to wait until everything serves. */
  readonly timeoutMs: number;
  readonly hasHostSidecar: boolean;
  /** What is not ready in time is a failure. */
  readonly isAtomic: boolean;
  readonly preflight: PreflightFlags;
  /** The one phase that runs; undefined: all. */
  readonly only: string | undefined;
  readonly isDryRun: boolean;
}

export type StoreOpening = Awaited<ReturnType<typeof FolderStore.open>>;

export class UpSession {
  readonly shell: Shell;
  readonly settings: UpSettings;
  readonly reporter: Reporter;
  readonly startedMs: number;
  readonly #createMesh: (session: UpSession) => Promise<Mesh>;
  #opening: Promise<StoreOpening> | undefined;
  #creating: Promise<Mesh> | undefined;
  #mesh: Mesh | undefined;
  /** What the wait gave up on; undefined: nobody waited. */
  missing: readonly string[] | undefined;

  constructor(
    shell: Shell,
    settings: UpSettings,
    reporter: Reporter,
    createMesh: (session: UpSession) => Promise<Mesh>,
  ) {
    this.shell = shell;
    this.settings = settings;
    this.reporter = reporter;
    this.startedMs = shell.clock.nowMs();
    this.#createMesh = createMesh;
  }

  /** undefined: nothing was started. */
  get mesh(): Mesh | undefined {
    return this.#mesh;
  }

  get pilot(): PilotClient {
    return new PilotClient(this.shell.httpClient, this.settings.httpAddress);
  }

  openStore(): Promise<StoreOpening> {
    const { files, clock, timers } = this.shell;
    this.#opening ??= FolderStore.open({
      folder: this.settings.directory,
      files,
      clock,
      timers,
      log: SILENT_LOG, // the pilot reads the same folder, and says what is wrong with it
    });
    return this.#opening;
  }

  /** What is to run; nothing where the folder cannot be read. */
  async plan(): Promise<MeshPlan> {
    const opened = await this.openStore();
    return planMesh(opened.kind === "opened" ? opened.store.list() : []);
  }

  /** The mesh, which follows the folder from now on. Throws where its folder cannot be read. */
  startMesh(): Promise<Mesh> {
    this.#creating ??= this.#follow();
    return this.#creating;
  }

  /** Where a pilot serves already. */
  async hasPilot(): Promise<boolean> {
    const { host, port } = this.settings.httpAddress;
    const answer = await this.shell.httpClient.request({
      method: "GET",
      url: `http://${host}:${port}/ready`,
      timeoutMs: 2_000,
    });
    return answer.kind === "answered" && answer.status === 200;
  }

  async services(): Promise<readonly RegistryService[]> {
    const answer = await this.pilot.get<readonly RegistryService[]>("/debug/registryz");
    return answer.kind === "answered" ? answer.value : [];
  }

  async close(): Promise<void> {
    const opened = await this.#opening;
    if (opened?.kind === "opened") opened.store.close();
  }

  async #follow(): Promise<Mesh> {
    const opened = await this.openStore();
    if (opened.kind === "failed") throw new Error(cannotRead(this.settings.folder, opened.reason));
    const { store } = opened;
    const mesh = await this.#createMesh(this);
    this.#mesh = mesh;
    store.onChange(() => mesh.apply(store.list()));
    return mesh;
  }
}

export const cannotRead = (folder: string, reason: string): string =>
  `Cannot read the folder ${folder}: ${reason}`;
