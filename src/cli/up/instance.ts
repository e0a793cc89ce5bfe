// One instance of a workload: its program, the probe that watches it, and the sidecar that brings it into the mesh.
import type { InstanceAddress } from "./addresses.ts";
import { OUTBOUND_PROXY_PORT } from "./addresses.ts";
import { identityOfInstance } from "./identity.ts";
import type { MeshOptions } from "./mesh-options.ts";
import type { InstancePlan } from "./plan.ts";
import type { Health } from "./probe.ts";
import { ProbeRunner } from "./probe-runner.ts";
import { describeCrash, Supervised } from "./supervised.ts";
import { SupervisedProxy } from "./supervised-proxy.ts";

/** `HTTP_PROXY` for the program, `PORT` and `HOST` to listen on, `SAMPAN_INSTANCE` to say who it is. */
function environmentFor(
  plan: InstancePlan,
  address: InstanceAddress,
  env: MeshOptions["env"],
): Record<string, string> {
  const proxy = `http://${address.host}:${OUTBOUND_PROXY_PORT}`;
  const result: Record<string, string> = {
    ...env,
    HOST: address.host,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    SAMPAN_INSTANCE: plan.name,
  };
  delete result["NO_PROXY"];
  delete result["no_proxy"];
  plan.portNames.forEach((name, index) => {
    const port = String(address.ports[name] ?? 0);
    if (index === 0) result["PORT"] = port;
    result[`PORT_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`] = port;
  });
  return result;
}

/** Words and nothing else: no shell has to look at it. */
const PLAIN_COMMAND = /^[\w@%+:,./-][\w@%+=:,./ -]*$/;

/** A plain command runs as it is, which saves a shell for each instance; everything else is the shell's to read. */
function programOf(command: string): readonly [string, ...string[]] {
  const [program, ...args] = command.trim().split(/ +/);
  if (program === undefined || !PLAIN_COMMAND.test(command)) return ["/bin/sh", "-c", command];
  return [program, ...args];
}

export class Instance {
  readonly plan: InstancePlan;
  readonly address: InstanceAddress;
  readonly #program: Supervised;
  readonly #options: MeshOptions;
  #sidecar: SupervisedProxy | undefined;
  readonly #probe: ProbeRunner;
  readonly #onServing: (instance: Instance) => void;
  #maySidecar = false;
  #isServing = false;

  /** Not started yet, and without a sidecar until `allowSidecar`. `onServing`: it serves, or not any more. */
  constructor(
    options: MeshOptions,
    plan: InstancePlan,
    address: InstanceAddress,
    onServing: (instance: Instance) => void,
  ) {
    const { reporter, ports, directory } = options;
    this.#options = options;
    this.plan = plan;
    this.address = address;
    this.#onServing = onServing;
    const env = environmentFor(plan, address, options.env);
    const record = options.parts.open({
      name: plan.name,
      kind: "instance",
      namespace: plan.group.namespace,
      address: address.host,
    });
    record.health("starting");
    this.#program = new Supervised({
      name: plan.name,
      program: {
        command: programOf(plan.command),
        directory,
        env,
        onLine: (line) => reporter.output(plan.name, line),
      },
      ...ports,
      record,
      onStarted: () => this.#probe.start(),
      onCrashed: (crash) => {
        reporter.crash(plan.name, describeCrash(crash), crash.lastLines);
        this.#probe.handleCrash();
      },
    });
    this.#probe = new ProbeRunner(
      ports,
      { address, portOf: (port) => this.#portOf(port), directory, env },
      plan.group.spec.probe,
      (health) => {
        reporter.event(plan.name, health);
        record.health(health);
        this.#join();
        this.#judge();
      },
    );
  }

  get health(): Health {
    return this.#probe.health;
  }

  /** The program's; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** Its sidecar knows the mesh, so that the mesh knows it too. */
  get hasJoined(): boolean {
    return this.#sidecar !== undefined;
  }

  /** Requests may come: the program is healthy and its sidecar listens. */
  get isServing(): boolean {
    return this.#isServing;
  }

  start(): void {
    this.#program.start();
  }

  /** There is a data plane: from now on it gets its sidecar as soon as it is healthy. */
  allowSidecar(): void {
    this.#maySidecar = true;
    this.#join();
  }

  async stopSidecar(): Promise<void> {
    this.#maySidecar = false;
    await this.#sidecar?.stop();
  }

  async stop(): Promise<void> {
    this.#probe.stop();
    // The sidecar first: it finishes what runs while the program still answers.
    await this.stopSidecar();
    await this.#program.stop();
  }

  kill(): void {
    this.#probe.stop();
    this.#maySidecar = false;
    this.#sidecar?.kill();
    this.#program.kill();
  }

  /** An instance joins the mesh when it is first able to answer: nobody waits for one that never is. */
  #join(): void {
    if (this.health !== "healthy" || !this.#maySidecar || this.#sidecar !== undefined) return;
    const identity = identityOfInstance(this.plan, this.address);
    this.#sidecar = new SupervisedProxy(this.#options, identity, "sidecar", () => this.#judge());
    this.#sidecar.start();
  }

  #judge(): void {
    const isServing = this.health === "healthy" && this.#sidecar?.isReady === true;
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    this.#onServing(this);
  }

  /** A probe names the port of the template; the program listens elsewhere. */
  #portOf(templatePort: number): number {
    const ports = this.plan.group.spec.template?.ports ?? {};
    for (const [name, port] of Object.entries(ports)) {
      if (port === templatePort) return this.address.ports[name] ?? templatePort;
    }
    return templatePort;
  }
}
