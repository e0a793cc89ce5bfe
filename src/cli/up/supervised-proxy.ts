// One proxy kept running, and whether it serves: its admin page says when it has its first configuration and listens.
import type { Timer } from "#base/timers.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { bootstrapFor, type ProxyIdentity } from "./bootstrap.ts";
import { readProxyError } from "./log-line.ts";
import type { MeshOptions } from "./mesh-options.ts";
import { partName } from "./parts.ts";
import { describeCrash, Supervised } from "./supervised.ts";

const READY_POLL_MS = 50;
const READY_TIMEOUT_MS = 1_000;

export class SupervisedProxy {
  readonly #options: MeshOptions;
  readonly #identity: ProxyIdentity;
  readonly #process: Supervised;
  readonly #onChange: () => void;
  #isReady = false;
  #poll: Timer | undefined;
  /** Answers to questions of an earlier start are not listened to. */
  #generation = 0;

  /** Not started yet. `onChange`: it is ready, or not any more. */
  constructor(
    options: MeshOptions,
    identity: ProxyIdentity,
    kind: "sidecar" | "gateway" | "hostSidecar",
    onChange: () => void = () => {},
  ) {
    const { reporter, ports, xds, writeFile, proxyCommand, directory, env } = options;
    this.#options = options;
    this.#identity = identity;
    this.#onChange = onChange;
    const name = `${identity.name} proxy`;
    const text = `${JSON.stringify(bootstrapFor(identity, xds), undefined, 2)}\n`;
    // The address is part of the name: an instance and the one that replaces it are there at once.
    const file = writeFile(`proxies/${identity.name}-${identity.admin.host}.json`, text);
    this.#process = new Supervised({
      name,
      program: {
        command: proxyCommand(file),
        directory,
        env,
        onLine: (line) => {
          const error = readProxyError(line);
          if (error === undefined) reporter.output(name, line);
          else reporter.error(name, error);
        },
      },
      ...ports,
      record: options.parts.open({
        name: partName(identity.name, identity.namespace),
        kind,
        namespace: identity.namespace,
        address: identity.address,
        admin: formatSocketAddress(identity.admin),
      }),
      onStarted: () => this.#ask(this.#generation),
      onCrashed: (crash) => {
        reporter.crash(name, describeCrash(crash), crash.lastLines);
        this.#handleEnd();
      },
    });
  }

  /** It has its configuration and listens. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  start(): void {
    this.#process.start();
  }

  stop(): Promise<void> {
    this.#forget();
    return this.#process.stop();
  }

  kill(): void {
    this.#forget();
    this.#process.kill();
  }

  #handleEnd(): void {
    const wasReady = this.#isReady;
    this.#forget();
    if (wasReady) this.#onChange();
  }

  #forget(): void {
    this.#generation += 1;
    this.#poll?.cancel();
    this.#isReady = false;
  }

  async #ask(generation: number): Promise<void> {
    const { httpClient, timers } = this.#options.ports;
    const { host, port } = this.#identity.admin;
    const answer = await httpClient.request({
      method: "GET",
      url: `http://${host}:${port}/ready`,
      timeoutMs: READY_TIMEOUT_MS,
    });
    if (generation !== this.#generation) return;
    if (answer.kind === "answered" && answer.status === 200) {
      this.#isReady = true;
      this.#onChange();
      return;
    }
    this.#poll = timers.after(READY_POLL_MS, () => void this.#ask(generation));
  }
}
