// The control plane put together: ingest (store, registry) -> translate (snapshot) -> serve (push). Ports come from outside.
import type { Clock } from "#base/clock.ts";
import type { HttpService } from "#base/http-service.ts";
import type { Log } from "#base/log.ts";
import type { StateFile } from "#base/state-file.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { XdsService } from "#xds/transport.ts";
import { ObjectRecords } from "./api/object-records.ts";
import { createPilotApi } from "./api/pilot-api.ts";
import type { WorkloadName } from "./api/workload-health.ts";
import type { ConfigStore } from "./config/store.ts";
import { buildSnapshot } from "./model/build-snapshot.ts";
import type { MeshSettings } from "./model/mesh-settings.ts";
import {
  type ConfigObject,
  formatProblem,
  type ObjectKey,
  objectKey,
  type Problem,
} from "./model/object.ts";
import type { Proxy } from "./model/proxy.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { Debounce } from "./push/debounce.ts";
import { type Liveness, ObjectRevisions } from "./push/liveness.ts";
import { XdsServer } from "./push/xds-server.ts";
import { formatRegistrations, parseRegistrations } from "./registry/saved-registrations.ts";
import { WorkloadRegistry } from "./registry/workload-registry.ts";

export interface PilotOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Already filled with what there is at start. */
  readonly store: ConfigStore;
  readonly mesh: MeshSettings;
  /** Quiet time before a change of configuration is pushed. Default of the command: 100 ms, as Istio. */
  readonly debounceMs: number;
  /** Told to clients of the API. */
  readonly version: string;
  /** Where registered instances outlive this process; undefined: a restart forgets them until their sidecars come back. */
  readonly state: StateFile | undefined;
  /** What `state` held at start. */
  readonly savedState: string | undefined;
}

/** Instances come and go one by one and break nothing half done: they wait only so that a crowd becomes one push. */
const ENDPOINT_DEBOUNCE_MS = 5;
const ENDPOINT_DEBOUNCE_MAX_MS = 50;

export class Pilot {
  readonly #options: PilotOptions;
  readonly #registry: WorkloadRegistry;
  readonly #server: XdsServer;
  readonly #configDebounce: Debounce;
  readonly #endpointDebounce = new Debounce(ENDPOINT_DEBOUNCE_MS, ENDPOINT_DEBOUNCE_MAX_MS);
  readonly #subscription: { close(): void };
  readonly #reported = new Set<string>();
  readonly #records: ObjectRecords;
  readonly #revisions = new ObjectRevisions();
  #objects: readonly ConfigObject[];
  #snapshot: Snapshot;
  #snapshotProblems: readonly Problem[] = [];
  #timer: Timer | undefined;
  #timerDueMs = 0;

  constructor(options: PilotOptions) {
    this.#options = options;
    this.#objects = options.store.list();
    this.#records = new ObjectRecords(options.store, options.clock);
    this.#registry = new WorkloadRegistry((namespace, name) =>
      this.#workloadGroup(namespace, name),
    );
    this.#configDebounce = new Debounce(options.debounceMs);
    // The groups first: instances are made by their groups.
    const bare = buildSnapshot(this.#objects, [], undefined, { mesh: options.mesh });
    this.#snapshot = bare.snapshot;
    this.#registry.restore(parseRegistrations(options.savedState), options.clock.nowMs());
    const built = buildSnapshot(this.#objects, this.#registry.instances(), bare.snapshot);
    this.#snapshot = built.snapshot;
    this.#snapshotProblems = built.problems;
    this.#server = new XdsServer({
      clock: options.clock,
      timers: options.timers,
      log: options.log.child("xds"),
      onConnected: (proxy) => this.#handleConnected(proxy),
      onDisconnected: (proxy) => this.#handleDisconnected(proxy),
    });
    this.#revisions.handleSnapshot(this.#objects, this.#snapshot.revision);
    this.#server.push(this.#snapshot);
    this.#reportProblems();
    this.#arm();
    this.#subscription = options.store.onChange(() => {
      this.#configDebounce.handleChange(this.#options.clock.nowMs());
      this.#arm();
    });
  }

  /** What the gRPC server hands streams to. */
  get xdsService(): XdsService {
    return this.#server;
  }

  get httpService(): HttpService {
    return createPilotApi({
      snapshot: () => this.#snapshot,
      objects: () => this.#objects,
      problems: () => this.#problems(),
      server: this.#server,
      registry: this.#registry,
      version: this.#options.version,
      clock: this.#options.clock,
      store: this.#options.store,
      records: this.#records,
      liveness: (key, withResources) => this.#liveness(key, withResources),
      setHealth: (workload, isHealthy) => this.#setHealth(workload, isHealthy),
    });
  }

  close(): void {
    this.#subscription.close();
    this.#records.close();
    this.#timer?.cancel();
  }

  #liveness(key: ObjectKey, withResources?: boolean): Liveness | undefined {
    const object = this.#options.store.list().find((each) => objectKey(each) === key);
    return this.#revisions.report(key, object, this.#server.connections, withResources);
  }

  #workloadGroup(namespace: string, name: string): ConfigObject<"WorkloadGroup"> | undefined {
    const found = this.#snapshot.object(`WorkloadGroup/${namespace}/${name}`);
    return found as ConfigObject<"WorkloadGroup"> | undefined;
  }

  #handleConnected(proxy: Proxy): boolean {
    const changed = this.#registry.handleConnected(proxy);
    if (changed) this.#endpointsChanged();
    return changed;
  }

  #handleDisconnected(proxy: Proxy): void {
    this.#registry.handleDisconnected(proxy, this.#options.clock.nowMs());
    this.#arm(); // it leaves after the grace period
  }

  #setHealth({ namespace, name, address }: WorkloadName, isHealthy: boolean): boolean {
    const outcome = this.#registry.setHealth(namespace, name, isHealthy, address);
    if (outcome === "changed") this.#endpointsChanged();
    return outcome !== "unknown";
  }

  #endpointsChanged(): void {
    this.#endpointDebounce.handleChange(this.#options.clock.nowMs());
    this.#arm();
  }

  /** One timer for both debounces and the registry's grace periods. */
  #arm(): void {
    const dueMs = earliest(
      this.#configDebounce.nextTimeoutMs(),
      this.#endpointDebounce.nextTimeoutMs(),
      this.#registry.nextTimeoutMs(),
    );
    if (dueMs === undefined) return;
    if (this.#timer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#options.clock.nowMs());
    this.#timer = this.#options.timers.after(delayMs, () => this.#handleTimeout());
  }

  #handleTimeout(): void {
    this.#timer = undefined;
    const nowMs = this.#options.clock.nowMs();
    if (this.#registry.handleTimeout(nowMs)) this.#endpointDebounce.handleChange(nowMs);
    const configIsDue = this.#configDebounce.take(nowMs);
    const endpointsAreDue = this.#endpointDebounce.take(nowMs);
    if (configIsDue) this.#objects = this.#options.store.list();
    if (configIsDue || endpointsAreDue) this.#rebuild();
    if (configIsDue) this.#revisions.handleSnapshot(this.#objects, this.#snapshot.revision);
    this.#arm();
  }

  #rebuild(): void {
    // Groups may have come or changed: instances that waited for theirs join with this snapshot.
    const built = buildSnapshot(this.#objects, this.#registry.instances(), this.#snapshot);
    this.#snapshot = built.snapshot;
    this.#snapshotProblems = built.problems;
    if (this.#registry.handleGroupsChanged()) {
      this.#snapshot = buildSnapshot(
        this.#objects,
        this.#registry.instances(),
        this.#snapshot,
      ).snapshot;
    }
    this.#server.push(this.#snapshot);
    this.#options.state?.write(formatRegistrations(this.#registry.save()));
    this.#reportProblems();
  }

  #problems(): readonly Problem[] {
    return [...this.#options.store.problems(), ...this.#snapshotProblems];
  }

  /** Says each problem once, and that it is gone when it is. */
  #reportProblems(): void {
    const lines = new Map(this.#problems().map((problem) => [formatProblem(problem), problem]));
    for (const line of this.#reported) {
      if (lines.has(line)) continue;
      this.#reported.delete(line);
      this.#options.log.info(`mended: ${line}`);
    }
    for (const [line, problem] of lines) {
      if (this.#reported.has(line)) continue;
      this.#reported.add(line);
      if (problem.severity === "error") this.#options.log.error(line);
      else this.#options.log.warning(line);
    }
  }
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) {
    if (time !== undefined && (first === undefined || time < first)) first = time;
  }
  return first;
}
