// Asks one instance for its health, again and again, in the way that its WorkloadGroup's probe says.
import type { ReadinessProbe } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import type { HttpClient } from "#base/http-client.ts";
import type { Net } from "#base/net.ts";
import type { Processes, RunningProcess } from "#base/processes.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { InstanceAddress } from "./addresses.ts";
import { type Health, Probe } from "./probe.ts";

export interface ProbePorts {
  readonly timers: Timers;
  readonly net: Net;
  readonly httpClient: HttpClient;
  readonly processes: Processes;
}

export interface ProbeTarget {
  readonly address: InstanceAddress;
  /** The port of the group's template -> where the program really listens. */
  readonly portOf: (templatePort: number) => number;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Kubernetes counts 200 to 399 as healthy, and so does Istio. */
const isHealthyStatus = (status: number): boolean => status >= 200 && status < 400;

export class ProbeRunner {
  readonly #ports: ProbePorts;
  readonly #target: ProbeTarget;
  readonly #config: ReadinessProbe | undefined;
  readonly #probe: Probe;
  readonly #onChange: (health: Health) => void;
  #timer: Timer | undefined;
  /** The command of a probe that runs now. */
  #command: RunningProcess | undefined;
  /** Answers to questions of an earlier start are not listened to. */
  #generation = 0;

  constructor(
    ports: ProbePorts,
    target: ProbeTarget,
    config: ReadinessProbe | undefined,
    onChange: (health: Health) => void,
  ) {
    this.#ports = ports;
    this.#target = target;
    this.#config = config;
    this.#probe = new Probe(config);
    this.#onChange = onChange;
  }

  get health(): Health {
    return this.#probe.health;
  }

  /** The program was started: ask from now on. */
  start(): void {
    this.#generation += 1;
    this.#arm(true);
  }

  /** The program ended. */
  handleCrash(): void {
    this.stop();
    if (this.#probe.handleCrash()) this.#onChange(this.#probe.health);
  }

  stop(): void {
    this.#generation += 1;
    this.#timer?.cancel();
    this.#command?.signal("SIGKILL");
  }

  #arm(isFirst: boolean): void {
    this.#timer = this.#ports.timers.after(this.#probe.delayMs(isFirst), () => {
      this.#ask().catch(() => {});
    });
  }

  async #ask(): Promise<void> {
    const generation = this.#generation;
    const succeeded = await this.#answer();
    if (generation !== this.#generation) return;
    if (this.#probe.handleAnswer(succeeded)) this.#onChange(this.#probe.health);
    if (generation === this.#generation) this.#arm(false);
  }

  /** Without a probe of its own an instance is healthy when its first port takes a connection. */
  #answer(): Promise<boolean> {
    const method = this.#config?.healthCheckMethod;
    switch (method?.case) {
      case "httpGet":
        return this.#httpGet(method.value);
      case "tcpSocket":
        return this.#connect(method.value.port);
      case "grpc":
        return this.#connect(method.value.port);
      case "exec":
        return this.#execute(method.value.command);
      case undefined: {
        const port = Object.values(this.#target.address.ports)[0];
        return port === undefined ? Promise.resolve(true) : this.#connectTo(port);
      }
    }
  }

  async #httpGet(check: {
    readonly path: string;
    readonly port: number;
    readonly scheme: string;
    readonly httpHeaders: readonly { readonly name: string; readonly value: string }[];
  }): Promise<boolean> {
    const { host } = this.#target.address;
    const path = check.path === "" ? "/" : check.path;
    const answer = await this.#ports.httpClient.request({
      method: "GET",
      url: `${check.scheme === "" ? "http" : check.scheme.toLowerCase()}://${host}:${this.#target.portOf(check.port)}${path}`,
      headers: Object.fromEntries(check.httpHeaders.map(({ name, value }) => [name, value])),
      timeoutMs: this.#probe.timeoutMs,
    });
    return answer.kind === "answered" && isHealthyStatus(answer.status);
  }

  #connect(templatePort: number): Promise<boolean> {
    return this.#connectTo(this.#target.portOf(templatePort));
  }

  #connectTo(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timeout = this.#ports.timers.after(this.#probe.timeoutMs, () => {
        attempt.cancel();
        resolve(false);
      });
      const attempt = this.#ports.net.connect(
        { host: this.#target.address.host, port },
        {
          onConnect: (socket) => {
            timeout.cancel();
            resolve(true); // before the close, which calls `onClose` at once
            socket.close();
          },
          onClose: () => {
            timeout.cancel();
            resolve(false);
          },
          onData: () => {},
          onDrain: () => {},
          onEnd: () => {},
        },
      );
    });
  }

  #execute(command: readonly string[]): Promise<boolean> {
    const [program, ...args] = command;
    if (program === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      const started = this.#ports.processes.start({
        command: [program, ...args],
        directory: this.#target.directory,
        env: this.#target.env,
        onLine: () => {},
        onExit: (exit) => {
          timeout.cancel();
          this.#command = undefined;
          resolve(exit.code === 0);
        },
      });
      const timeout = this.#ports.timers.after(this.#probe.timeoutMs, () => {
        this.#command?.signal("SIGKILL");
        resolve(false);
      });
      if ("kind" in started) {
        timeout.cancel();
        resolve(false);
        return;
      }
      this.#command = started;
    });
  }
}
