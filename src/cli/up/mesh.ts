// The running mesh of one machine: pilot, instances with their sidecars, gateways, host sidecar; held to what the folder says.
import type { ConfigObject } from "#pilot/model/object.ts";
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

export class Mesh {
  readonly #options: MeshOptions;
  readonly #instances: Instances;
  readonly #gateways: Gateways;
  #pilot: Supervised | undefined;
  #pilotReady: (() => void) | undefined;
  #hostSidecar: SupervisedProxy | undefined;
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

  /** Resolves when the pilot serves. */
  startPilot(): Promise<void> {
    const { reporter, ports, pilotCommand, directory, env } = this.#options;
    const ready = new Promise<void>((resolve) => {
      this.#pilotReady = resolve;
    });
    this.#pilot = new Supervised({
      name: "pilot",
      program: {
        command: pilotCommand,
        directory,
        env,
        onLine: (line, stream) => this.#handlePilotLine(line, stream),
      },
      ...ports,
      onStarted: () => {},
      // What it printed last was shown when it came.
      onCrashed: (crash) =>
        reporter.crash("pilot", `${describeCrash(crash)}; the proxies serve on`, []),
    });
    this.#pilot.start();
    return ready;
  }

  /** Starts and stops instances and gateways until what runs is what `objects` say. Called again on every change. */
  apply(objects: readonly ConfigObject[]): void {
    if (this.#isStopping) return;
    const { instances, gateways, problems } = planMesh(objects);
    for (const problem of problems) {
      if (!this.#problems.includes(problem)) this.#options.reporter.error("config", problem);
    }
    this.#problems = problems;
    this.#instances.apply(instances);
    this.#gateways.apply(gateways);
  }

  startHostSidecar(): void {
    this.#hostSidecar = new SupervisedProxy(this.#options, HOST_SIDECAR);
    this.#hostSidecar.start();
  }

  /** The names of what does not serve yet. */
  waitingFor(): readonly string[] {
    const missing = [...this.#instances.waitingFor()];
    for (const { plan, proxy } of this.#gateways.list()) {
      if (!proxy.isReady) missing.push(plan.name);
    }
    if (this.#hostSidecar?.isReady === false) missing.push("host sidecar");
    return missing;
  }

  /** Resolves when everything serves, or with what is missing when `limitMs` is over or `isCancelled` says so. */
  async wait(limitMs: number, isCancelled: () => boolean): Promise<readonly string[]> {
    const { clock, timers } = this.#options.ports;
    const untilMs = clock.nowMs() + limitMs;
    for (;;) {
      const missing = this.waitingFor();
      if (missing.length === 0 || clock.nowMs() >= untilMs || isCancelled()) return missing;
      await new Promise<void>((resolve) => timers.after(WAIT_POLL_MS, resolve));
    }
  }

  /** Stops everything in the reverse order of its start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#gateways.stop();
    await this.#hostSidecar?.stop();
    await this.#instances.stop();
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
        this.#pilotReady?.();
        this.#instances.tellAll();
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
