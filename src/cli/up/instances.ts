// The instances of a mesh: started, replaced and retired until what runs is what the configuration says. The pilot is told which
// of them requests may go to.
import { AddressBook, type InstanceAddress } from "./addresses.ts";
import { Instance } from "./instance.ts";
import type { MeshOptions } from "./mesh-options.ts";
import type { InstancePlan } from "./plan.ts";

/** A retired instance is out of every proxy's endpoints this long before it is stopped. */
const RETIRE_MS = 2_000;
const HEALTH_TIMEOUT_MS = 2_000;
/** When the pilot is away, or does not know the instance yet, it is told again. */
const HEALTH_RETRY_MS = 1_000;

export class Instances {
  readonly #options: MeshOptions;
  readonly #addresses: AddressBook;
  readonly #running = new Map<string, Instance>();
  /** The pilot knows that they serve. */
  readonly #inMesh = new Set<Instance>();
  /** Instance -> the one that serves until it can. */
  readonly #predecessors = new Map<Instance, Instance>();
  /** Still running, but not part of the mesh any more. */
  readonly #retiring = new Set<Instance>();
  #hasSidecars = false;
  #isStopping = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#addresses = new AddressBook(options.isPortFree);
  }

  list(): readonly Instance[] {
    return [...this.#running.values()];
  }

  apply(plans: readonly InstancePlan[]): void {
    if (this.#isStopping) return;
    const wanted = new Set(plans.map(({ name }) => name));
    for (const [name, instance] of this.#running) {
      if (wanted.has(name)) continue;
      this.#running.delete(name);
      this.#leave(instance);
    }
    for (const plan of plans) {
      const running = this.#running.get(plan.name);
      if (running?.plan.fingerprint !== plan.fingerprint) this.#start(plan, running);
    }
  }

  /** There is a data plane: from now on every instance gets a sidecar. */
  startSidecars(): void {
    this.#hasSidecars = true;
    for (const instance of this.#all()) instance.allowSidecar();
  }

  /** Before `stop`: requests that run are finished while the programs still answer. No instance starts after this. */
  async stopSidecars(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#all().map((instance) => instance.stopSidecar()));
  }

  /** What is not in the mesh yet: instances that are not healthy, and, where there is a data plane, sidecars that are not ready. */
  waitingFor(): readonly string[] {
    if (!this.#hasSidecars) {
      return this.list().flatMap(({ plan, health }) => (health === "healthy" ? [] : [plan.name]));
    }
    return this.list()
      .filter((instance) => !this.#inMesh.has(instance))
      .map(({ plan, health }) => (health === "healthy" ? `${plan.name} sidecar` : plan.name));
  }

  /** Tells the pilot of every instance: one that was restarted knows what was told to the one before it. */
  tellAll(): void {
    for (const instance of this.#running.values()) {
      if (instance.hasJoined) void this.#tell(instance);
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#all().map((instance) => instance.stop()));
  }

  /** Kills them at once. */
  kill(): void {
    this.#isStopping = true;
    for (const instance of this.#all()) instance.kill();
  }

  /** An address for something that is no instance; undefined when there is none left. */
  takeAddress(): InstanceAddress | undefined {
    return this.#addresses.take([]);
  }

  #all(): readonly Instance[] {
    return [...this.#running.values(), ...this.#predecessors.values(), ...this.#retiring];
  }

  /** `predecessor` serves on until the new instance does: a change that is wrong takes nothing away. */
  #start(plan: InstancePlan, predecessor: Instance | undefined): void {
    const address = this.#addresses.take(plan.portNames);
    if (address === undefined) {
      this.#options.reporter.error(
        plan.name,
        "not started: every loopback address or port of the mesh is in use",
      );
      return;
    }
    const instance = new Instance(
      this.#options,
      plan,
      address,
      (changed) => void this.#tell(changed),
    );
    this.#running.set(plan.name, instance);
    if (this.#hasSidecars) instance.allowSidecar();
    if (predecessor !== undefined) this.#succeed(instance, predecessor);
    instance.start();
  }

  /** One that never served itself hands on what serves for it. */
  #succeed(instance: Instance, predecessor: Instance): void {
    const serving = this.#predecessors.get(predecessor);
    if (serving === undefined) {
      this.#predecessors.set(instance, predecessor);
      return;
    }
    this.#predecessors.delete(predecessor);
    this.#predecessors.set(instance, serving);
    this.#retire(predecessor);
  }

  /** Out of the configuration: with whatever still serves for it. */
  #leave(instance: Instance): void {
    const predecessor = this.#predecessors.get(instance);
    this.#predecessors.delete(instance);
    for (const leaving of [instance, predecessor]) {
      if (leaving !== undefined) this.#retire(leaving);
    }
  }

  #retire(instance: Instance): void {
    const { reporter, ports } = this.#options;
    const { name } = instance.plan;
    reporter.event(name, `the instance at ${instance.address.host} leaves the mesh`);
    this.#retiring.add(instance);
    this.#inMesh.delete(instance);
    void this.#putHealth(instance, false, () => this.#retiring.has(instance));
    ports.timers.after(RETIRE_MS, () => void this.#stopRetired(instance));
  }

  async #stopRetired(instance: Instance): Promise<void> {
    await instance.stop();
    this.#retiring.delete(instance);
    this.#addresses.give(instance.address);
  }

  async #tell(instance: Instance): Promise<void> {
    const { isServing, plan } = instance;
    const isNews = (): boolean =>
      this.#running.get(plan.name) === instance && instance.isServing === isServing;
    if (!isServing) this.#inMesh.delete(instance);
    const wasHeard = await this.#putHealth(instance, isServing, isNews);
    if (!wasHeard || !isNews() || !isServing) return;
    this.#inMesh.add(instance);
    const predecessor = this.#predecessors.get(instance);
    if (predecessor === undefined) return;
    this.#predecessors.delete(instance);
    this.#retire(predecessor);
  }

  /** Tells the pilot, again and again until it has heard it. False when it has not, and it is not news any more. */
  async #putHealth(
    instance: Instance,
    isHealthy: boolean,
    isNews: () => boolean,
  ): Promise<boolean> {
    const { pilotHttp, ports } = this.#options;
    const { group, workload } = instance.plan;
    while (!this.#isStopping && isNews()) {
      const answer = await ports.httpClient.request({
        method: "PUT",
        url: `http://${pilotHttp.host}:${pilotHttp.port}/v1/namespaces/${group.namespace}/workloads/${workload}/health`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ healthy: isHealthy, address: instance.address.host }),
        timeoutMs: HEALTH_TIMEOUT_MS,
      });
      if (answer.kind === "answered" && answer.status < 300) return true;
      await new Promise<void>((resolve) => ports.timers.after(HEALTH_RETRY_MS, resolve));
    }
    return false;
  }
}
