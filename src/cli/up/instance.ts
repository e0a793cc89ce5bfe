// One instance of a workload: its program, the probe that watches it, and the sidecar that brings it into the mesh.
import type { Clock } from "#base/clock.ts";
import type { InstanceAddress } from "./addresses.ts";
import { ADMIN_PORT, OUTBOUND_PROXY_PORT } from "./addresses.ts";
import type { ProxyIdentity } from "./bootstrap.ts";
import type { InstancePlan } from "./plan.ts";
import type { Health } from "./probe.ts";
import { type ProbePorts, ProbeRunner } from "./probe-runner.ts";
import type { Reporter } from "./reporter.ts";
import { describeCrash, Supervised } from "./supervised.ts";

export interface InstanceOptions {
  readonly plan: InstancePlan;
  readonly address: InstanceAddress;
  readonly directory: string;
  /** The environment that `up` itself was given; the instance's own values go over it. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: ProbePorts & { readonly clock: Clock };
  readonly reporter: Reporter;
  /** Builds the supervised proxy for an identity; not started yet. */
  readonly createProxy: (identity: ProxyIdentity) => Supervised;
  readonly onHealth: (instance: Instance, health: Health) => void;
}

/** `HTTP_PROXY` for the program, `PORT` and `HOST` to listen on, `SAMPAN_INSTANCE` to say who it is. */
function environmentFor(options: InstanceOptions): Record<string, string> {
  const { plan, address, env } = options;
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

function identityFor(plan: InstancePlan, address: InstanceAddress): ProxyIdentity {
  const { group } = plan;
  const labels = { ...group.spec.template?.labels, ...group.spec.metadata?.labels };
  return {
    type: "sidecar",
    address: address.host,
    admin: { host: address.host, port: ADMIN_PORT },
    name: plan.workload,
    namespace: group.namespace,
    cluster: labels["app"] ?? group.name,
    labels,
    locality: group.spec.template?.locality ?? "",
    metadata: { AUTO_REGISTER_GROUP: group.name, SAMPAN_WORKLOAD_PORTS: address.ports },
  };
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
  readonly program: Supervised;
  readonly sidecar: Supervised;
  readonly #probe: ProbeRunner;
  #hasSidecar = false;

  constructor(options: InstanceOptions) {
    const { plan, address, reporter, ports } = options;
    this.plan = plan;
    this.address = address;
    const env = environmentFor(options);
    this.sidecar = options.createProxy(identityFor(plan, address));
    this.program = new Supervised({
      name: plan.name,
      program: {
        command: programOf(plan.command),
        directory: options.directory,
        env,
        onLine: (line) => reporter.output(plan.name, line),
      },
      processes: ports.processes,
      clock: ports.clock,
      timers: ports.timers,
      onStarted: () => this.#probe.start(),
      onCrashed: (crash) => {
        reporter.crash(plan.name, describeCrash(crash), crash.lastLines);
        this.#probe.handleCrash();
      },
    });
    this.#probe = new ProbeRunner(
      ports,
      { address, portOf: (port) => this.#portOf(port), directory: options.directory, env },
      plan.group.spec.probe,
      (health) => {
        // An instance joins the mesh when it is first able to answer: nobody is sent to one that still starts.
        if (health === "healthy" && !this.#hasSidecar) {
          this.#hasSidecar = true;
          this.sidecar.start();
        }
        options.onHealth(this, health);
      },
    );
  }

  get health(): Health {
    return this.#probe.health;
  }

  start(): void {
    this.program.start();
  }

  async stop(): Promise<void> {
    this.#probe.stop();
    // The sidecar first: it finishes what runs while the program still answers.
    await this.sidecar.stop();
    await this.program.stop();
  }

  kill(): void {
    this.#probe.stop();
    this.sidecar.kill();
    this.program.kill();
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
