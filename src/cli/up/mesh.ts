// The running mesh of one machine: pilot, instances with their sidecars, gateway, host sidecar; held to what the folder says.
import type { Clock } from "#base/clock.ts";
import type { SocketAddress } from "#base/net.ts";
import type { ConfigObject } from "#pilot/model/object.ts";
import { ADMIN_PORT, AddressBook, GATEWAY_ADDRESS, HOST_SIDECAR_ADDRESS } from "./addresses.ts";
import { bootstrapFor, type ProxyIdentity } from "./bootstrap.ts";
import { Instance } from "./instance.ts";
import { type GatewayPlan, type InstancePlan, type MeshPlan, planMesh } from "./plan.ts";
import type { Health } from "./probe.ts";
import type { ProbePorts } from "./probe-runner.ts";
import type { Reporter } from "./reporter.ts";
import { Supervised } from "./supervised.ts";

export interface MeshOptions {
  /** The configuration folder; instances run in it. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly xds: SocketAddress;
  readonly pilotHttp: SocketAddress;
  readonly pilotCommand: readonly [string, ...string[]];
  /** The command that runs a proxy on a bootstrap file. */
  readonly proxyCommand: (bootstrapFile: string) => readonly [string, ...string[]];
  readonly ports: ProbePorts & { readonly clock: Clock };
  readonly reporter: Reporter;
  /** Writes a file that the proxies may read, and answers its path. */
  readonly writeFile: (name: string, text: string) => string;
  readonly isPortFree: (host: string, port: number) => boolean;
}

/** A retired instance is out of every proxy's endpoints this long before it is stopped. */
const RETIRE_MS = 2_000;
const READY_POLL_MS = 50;
const HEALTH_TIMEOUT_MS = 2_000;

export class Mesh {
  readonly #options: MeshOptions;
  readonly #addresses: AddressBook;
  readonly #instances = new Map<string, Instance>();
  readonly #gateways = new Map<
    string,
    { readonly plan: GatewayPlan; readonly proxy: Supervised }
  >();
  #pilot: Supervised | undefined;
  #pilotReady: (() => void) | undefined;
  #hostSidecar: Supervised | undefined;
  #isStopping = false;
  #plan: MeshPlan = { instances: [], gateways: [], problems: [] };

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#addresses = new AddressBook(options.isPortFree);
  }

  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  get gateways(): readonly GatewayPlan[] {
    return [...this.#gateways.values()].map(({ plan }) => plan);
  }

  /** Resolves when the pilot serves. */
  startPilot(): Promise<void> {
    const { reporter, ports } = this.#options;
    const ready = new Promise<void>((resolve) => {
      this.#pilotReady = resolve;
    });
    this.#pilot = new Supervised({
      name: "pilot",
      program: {
        command: this.#options.pilotCommand,
        directory: this.#options.directory,
        env: this.#options.env,
        onLine: (line) => this.#handlePilotLine(line),
      },
      ...ports,
      onStarted: () => {},
      onCrashed: (why, delayMs) =>
        reporter.warning(
          "pilot",
          `ended with ${why}; started again in ${delayMs / 1000} s; the proxies serve on`,
        ),
    });
    this.#pilot.start();
    return ready;
  }

  /** Starts and stops instances and gateways until what runs is what `objects` say. Called again on every change. */
  apply(objects: readonly ConfigObject[]): void {
    if (this.#isStopping) return;
    const plan = planMesh(objects);
    for (const problem of plan.problems) {
      if (!this.#plan.problems.includes(problem)) this.#options.reporter.warning("config", problem);
    }
    this.#plan = plan;
    this.#applyInstances(plan.instances);
    this.#applyGateways(plan.gateways);
  }

  startHostSidecar(): void {
    this.#hostSidecar = this.#createProxy({
      type: "sidecar",
      address: HOST_SIDECAR_ADDRESS,
      name: "host",
      namespace: "default",
      cluster: "host",
      labels: { app: "host" },
      locality: "",
      metadata: { SAMPAN_HOST_SIDECAR: "true" },
    });
    this.#hostSidecar.start();
  }

  /** The names of what is not there yet: instances not healthy, proxies not ready. */
  async waitingFor(): Promise<string[]> {
    const missing = this.instances
      .filter((instance) => instance.health !== "healthy")
      .map((instance) => instance.plan.name);
    const proxies: [string, string][] = this.instances.map((instance) => [
      `${instance.plan.name} sidecar`,
      instance.address.host,
    ]);
    for (const { plan } of this.#gateways.values()) proxies.push([plan.name, GATEWAY_ADDRESS]);
    if (this.#hostSidecar !== undefined) proxies.push(["host sidecar", HOST_SIDECAR_ADDRESS]);
    const ready = await Promise.all(proxies.map(([, host]) => this.#isProxyReady(host)));
    return [...missing, ...proxies.filter((_, index) => !ready[index]).map(([name]) => name)];
  }

  /** Resolves when everything serves, or with what is missing when `limitMs` is over or `isCancelled` says so. */
  async wait(limitMs: number, isCancelled: () => boolean): Promise<readonly string[]> {
    const { clock, timers } = this.#options.ports;
    const untilMs = clock.nowMs() + limitMs;
    for (;;) {
      const missing = await this.waitingFor();
      if (missing.length === 0 || clock.nowMs() >= untilMs || isCancelled()) return missing;
      await new Promise<void>((resolve) => timers.after(READY_POLL_MS, resolve));
    }
  }

  /** Stops everything in the reverse order of its start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#gateways.values()].map(({ proxy }) => proxy.stop()));
    await this.#hostSidecar?.stop();
    await Promise.all(this.instances.map((instance) => instance.stop()));
    await this.#pilot?.stop();
  }

  #handlePilotLine(line: string): void {
    if (!line.startsWith("ready ")) {
      this.#options.reporter.output("pilot", line);
      return;
    }
    this.#pilotReady?.();
    // A pilot that was restarted learns the instances from their sidecars, but their health only from here.
    for (const instance of this.#instances.values()) {
      if (instance.health !== "healthy") this.#tellHealth(instance, instance.health);
    }
  }

  #applyInstances(plans: readonly InstancePlan[]): void {
    const wanted = new Map(plans.map((plan) => [plan.name, plan]));
    for (const [name, instance] of this.#instances) {
      if (wanted.get(name)?.fingerprint === instance.plan.fingerprint) continue;
      this.#instances.delete(name);
      this.#retire(instance).catch(() => {});
    }
    for (const plan of plans) {
      if (!this.#instances.has(plan.name)) this.#startInstance(plan);
    }
  }

  #startInstance(plan: InstancePlan): void {
    const { reporter, ports } = this.#options;
    const address = this.#addresses.take(plan.portNames);
    if (address === undefined) {
      reporter.warning(
        plan.name,
        "not started: every loopback address or port of the mesh is in use",
      );
      return;
    }
    const instance = new Instance({
      plan,
      address,
      directory: this.#options.directory,
      env: this.#options.env,
      ports,
      reporter,
      createProxy: (identity) => this.#createProxy(identity),
      onHealth: (changed, health) => {
        reporter.event(plan.name, health);
        this.#tellHealth(changed, health);
      },
    });
    this.#instances.set(plan.name, instance);
    instance.start();
  }

  async #retire(instance: Instance): Promise<void> {
    this.#options.reporter.event(instance.plan.name, "leaves the mesh");
    this.#tellHealth(instance, "unhealthy");
    await new Promise<void>((resolve) => this.#options.ports.timers.after(RETIRE_MS, resolve));
    await instance.stop();
    this.#addresses.give(instance.address);
  }

  #applyGateways(plans: readonly GatewayPlan[]): void {
    const wanted = new Map(plans.map((plan) => [plan.name, plan]));
    for (const [name, { plan, proxy }] of this.#gateways) {
      const next = wanted.get(name);
      if (next !== undefined && JSON.stringify(next.labels) === JSON.stringify(plan.labels))
        continue;
      this.#gateways.delete(name);
      proxy.stop().catch(() => {});
    }
    for (const plan of plans) {
      const found = this.#gateways.get(plan.name);
      if (found !== undefined) {
        this.#gateways.set(plan.name, { plan, proxy: found.proxy });
        continue;
      }
      const proxy = this.#createProxy({
        type: "router",
        address: GATEWAY_ADDRESS,
        name: plan.name,
        namespace: plan.namespace,
        cluster: plan.labels["istio"] ?? plan.name,
        labels: plan.labels,
        locality: "",
        metadata: {},
      });
      this.#gateways.set(plan.name, { plan, proxy });
      proxy.start();
    }
  }

  #createProxy(identity: ProxyIdentity): Supervised {
    const { reporter, ports, xds, writeFile, proxyCommand, directory, env } = this.#options;
    const name = identity.name;
    const text = `${JSON.stringify(bootstrapFor(identity, xds), undefined, 2)}\n`;
    const file = writeFile(`${name}.json`, text);
    return new Supervised({
      name: `${name} proxy`,
      program: {
        command: proxyCommand(file),
        directory,
        env,
        onLine: (line) => reporter.output(`${name} proxy`, line),
      },
      ...ports,
      onStarted: () => {},
      onCrashed: (why, delayMs) =>
        reporter.warning(
          `${name} proxy`,
          `ended with ${why}; started again in ${delayMs / 1000} s`,
        ),
    });
  }

  #tellHealth(instance: Instance, health: Health): void {
    const { pilotHttp, ports, reporter } = this.#options;
    const { group, name } = instance.plan;
    ports.httpClient
      .request({
        method: "PUT",
        url: `http://${pilotHttp.host}:${pilotHttp.port}/v1/namespaces/${group.namespace}/workloads/${name}/health`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ healthy: health === "healthy" }),
        timeoutMs: HEALTH_TIMEOUT_MS,
      })
      .then((answer) => {
        if (answer.kind === "answered" && answer.status < 300) return;
        // A pilot that is away is told when it is back.
        const why = answer.kind === "answered" ? `status ${answer.status}` : answer.reason;
        reporter.output("up", `the pilot was not told that ${name} is ${health}: ${why}`);
      })
      .catch(() => {});
  }

  async #isProxyReady(host: string): Promise<boolean> {
    const answer = await this.#options.ports.httpClient.request({
      method: "GET",
      url: `http://${host}:${ADMIN_PORT}/ready`,
      timeoutMs: 1_000,
    });
    return answer.kind === "answered" && answer.status === 200;
  }
}
