// The running mesh of one machine: pilot, instances with their sidecars, gateways, host sidecar; each started and stopped on its
// own, and held to what the folder says.
import type { ConfigObject } from "#pilot/model/object.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { Gateways } from "./gateways.ts";
import { HOST_SIDECAR } from "./identity.ts";
import type { Instance } from "./instance.ts";
import { Instances } from "./instances.ts";
import { readPilotLine } from "./log-line.ts";
import type { MeshOptions } from "./mesh-options.ts";
import { type GatewayPlan, planMesh } from "./plan.ts";
import { describeCrash, Supervised } from "./supervised.ts";
import { SupervisedProxy } from "./supervised-proxy.ts";

const WAIT_POLL_MS = 50;
/** Of what the pilot printed last, this much tells why it did not start. */
const PILOT_LAST_LINES = 3;

export type PilotStart =
  | { readonly kind: "ready" }
  /** It ended before it served. */
  | { readonly kind: "failed"; readonly reason: string };

/** How far the start of everything is. */
export interface Readiness {
  readonly total: number;
  /** Names of what does not serve yet. */
  readonly missing: readonly string[];
}

export class Mesh {
  readonly #options: MeshOptions;
  readonly #instances: Instances;
  readonly #gateways: Gateways;
  #pilot: Supervised | undefined;
  #onPilotReady: () => void = () => {};
  #hostSidecar: SupervisedProxy | undefined;
  #hasWorkloads = false;
  #hasGateways = false;
  #isStopping = false;
  /** Mistakes in annotations that were said. */
  #problems: readonly string[] = [];

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#instances = new Instances(options);
    this.#gateways = new Gateways(options, () => this.#instances.takeAddress()?.host);
  }

  get instances(): readonly Instance[] {
    return this.#instances.list();
  }

  get gateways(): readonly GatewayPlan[] {
    return this.#gateways.list().map(({ plan }) => plan);
  }

  /** The process behind each of them; undefined while it does not run. */
  get gatewayProcesses(): readonly { readonly plan: GatewayPlan; readonly pid?: number }[] {
    return this.#gateways.list().map(({ plan, proxy }) => {
      const { pid } = proxy;
      return pid === undefined ? { plan } : { plan, pid };
    });
  }

  /** Resolves when the pilot serves, or has ended instead. Later ends are mended by another start. */
  startPilot(): Promise<PilotStart> {
    const { reporter, ports, pilotCommand, directory, env, parts, pilotHttp } = this.#options;
    return new Promise((resolve) => {
      let wasReady = false;
      this.#onPilotReady = () => {
        wasReady = true;
        resolve({ kind: "ready" });
        this.#instances.tellAll();
      };
      this.#pilot = new Supervised({
        name: "pilot",
        program: {
          command: pilotCommand,
          directory,
          env,
          onLine: (line, stream) => this.#handlePilotLine(line, stream),
        },
        ...ports,
        record: parts.open({
          name: "pilot",
          kind: "pilot",
          namespace: "default",
          address: formatSocketAddress(pilotHttp),
        }),
        onStarted: () => {},
        onCrashed: (crash) => {
          if (!wasReady) {
            const words = crash.lastLines.slice(-PILOT_LAST_LINES).map((line) => `\n${line}`);
            const colon = words.length === 0 ? "" : ":";
            const reason = `the pilot ended with ${crash.why}${colon}${words.join("")}`;
            resolve({ kind: "failed", reason });
            return;
          }
          // What it printed last was shown when it came.
          reporter.crash("pilot", `${describeCrash(crash)}; the proxies serve on`, []);
        },
      });
      this.#pilot.start();
    });
  }

  /** Instances run from now on. */
  startWorkloads(objects: readonly ConfigObject[]): void {
    this.#hasWorkloads = true;
    this.apply(objects);
  }

  /** Instances get sidecars from now on, and programs without one the host sidecar. */
  startDataPlane({ hasHostSidecar }: { readonly hasHostSidecar: boolean }): void {
    this.#instances.startSidecars();
    if (!hasHostSidecar) return;
    this.#hostSidecar = new SupervisedProxy(this.#options, HOST_SIDECAR, "hostSidecar");
    this.#hostSidecar.start();
  }

  /** Gateways run from now on. */
  startGateways(objects: readonly ConfigObject[]): void {
    this.#hasGateways = true;
    this.apply(objects);
  }

  /** Starts and stops instances and gateways until what runs is what `objects` say. Called again on every change. */
  apply(objects: readonly ConfigObject[]): void {
    if (this.#isStopping) return;
    const { instances, gateways, problems } = planMesh(objects);
    for (const problem of problems) {
      if (!this.#problems.includes(problem)) this.#options.reporter.error("config", problem);
    }
    this.#problems = problems;
    if (this.#hasWorkloads) this.#instances.apply(instances);
    if (this.#hasGateways) this.#gateways.apply(gateways);
  }

  readiness(): Readiness {
    const gateways = this.#gateways.list();
    const missing = [...this.#instances.waitingFor()];
    for (const { plan, proxy } of gateways) {
      if (!proxy.isReady) missing.push(plan.name);
    }
    if (this.#hostSidecar?.isReady === false) missing.push("host sidecar");
    const hostCount = this.#hostSidecar === undefined ? 0 : 1;
    return { total: this.instances.length + gateways.length + hostCount, missing };
  }

  /** Resolves when everything serves, or with what is missing when `limitMs` is over or `isCancelled` says so. */
  async wait(
    limitMs: number,
    isCancelled: () => boolean,
    onProgress: (readiness: Readiness) => void,
  ): Promise<readonly string[]> {
    const { clock, timers } = this.#options.ports;
    const untilMs = clock.nowMs() + limitMs;
    for (;;) {
      const readiness = this.readiness();
      const { missing } = readiness;
      if (missing.length === 0 || clock.nowMs() >= untilMs || isCancelled()) return missing;
      onProgress(readiness);
      await new Promise<void>((resolve) => timers.after(WAIT_POLL_MS, resolve));
    }
  }

  async stopGateways(): Promise<void> {
    this.#isStopping = true;
    await this.#gateways.stop();
  }

  async stopDataPlane(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.#hostSidecar?.stop(), this.#instances.stopSidecars()]);
  }

  async stopWorkloads(): Promise<void> {
    this.#isStopping = true;
    await this.#instances.stop();
  }

  async stopPilot(): Promise<void> {
    this.#isStopping = true;
    await this.#pilot?.stop();
  }

  /** Kills everything at once. */
  kill(): void {
    this.#isStopping = true;
    this.#gateways.kill();
    this.#hostSidecar?.kill();
    this.#instances.kill();
    this.#pilot?.kill();
  }

  #handlePilotLine(line: string, stream: "stdout" | "stderr"): void {
    const { reporter } = this.#options;
    const read = readPilotLine(line, stream);
    switch (read.kind) {
      case "ready":
        this.#onPilotReady();
        return;
      case "problem":
        if (read.severity === "error") reporter.error(read.part, read.text);
        else reporter.warning(read.part, read.text);
        return;
      case "mended":
        reporter.event("config", `mended: ${read.text}`);
        return;
      case "detail":
        reporter.output("pilot", line);
        return;
    }
  }
}
