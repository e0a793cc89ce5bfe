// CDS: clusters come and go as the control plane says; the good ones of every update are taken.
import { type Cluster, ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { CLUSTER } from "#xds/type-url.ts";
import type { ClusterConfig } from "../config/cluster-config.ts";
import { parseCluster } from "../config/parse-cluster.ts";
import { FetchTimer } from "./fetch-timer.ts";
import { type Reader, readResources, verdictOf } from "./read-resources.ts";
import type { Subscription, SubscriptionPorts, SubscriptionStream } from "./subscription.ts";
import { SubscriptionStats } from "./subscription-stats.ts";
import type { ClusterTarget } from "./targets.ts";
import { UpdateLog } from "./update-log.ts";

const READER: Reader<typeof ClusterSchema, ClusterConfig> = {
  schema: ClusterSchema,
  nameOf: (message) => message.name,
  parse: (message) => parseCluster(message, { addedViaApi: true }),
};

export class ClusterSubscription implements Subscription {
  readonly log: UpdateLog<Cluster>;
  readonly #stats: SubscriptionStats;
  readonly #clusters: ClusterTarget;
  readonly #stream: SubscriptionStream;
  readonly #ports: SubscriptionPorts;
  /** Clusters that came by CDS and are in the manager. */
  readonly #names = new Set<string>();
  #first: FetchTimer | undefined;
  #isPaused = false;
  /** From then on the ACK of an update that adds clusters waits until they are warm. */
  #holdsAck = false;

  constructor(ports: SubscriptionPorts, clusters: ClusterTarget, stream: SubscriptionStream) {
    this.#ports = ports;
    this.#clusters = clusters;
    this.#stream = stream;
    this.log = new UpdateLog(ports.clock);
    this.#stats = new SubscriptionStats(ports.stats, "cluster_manager.cds.", true, ports.clock);
  }

  /** Asks for all clusters. `onFirst` is called once: when the first answer came, or `fetchTimeoutMs` (0: none) passed. */
  start(fetchTimeoutMs: number, onFirst: () => void): void {
    this.#stats.countAttempt();
    this.#stream.subscribeAll(CLUSTER);
    this.#first = new FetchTimer(this.#ports.timers, fetchTimeoutMs, (timedOut) => {
      if (timedOut) this.#stats.countFetchTimeout();
      onFirst();
    });
  }

  /** The proxy is up: the server shall know from now on when clusters are in use, not only received (Envoy does the same). */
  holdAcksWhileWarming(): void {
    this.#holdsAck = true;
  }

  handleUpdate(update: ResourceUpdate): Verdict {
    const startedMs = this.#ports.clock.nowMs();
    const { good, bad } = readResources(update, READER);
    let hasChanged = false;
    for (const { name, config, version } of good) {
      const outcome = this.#clusters.update(config);
      if (outcome === "blockedByStatic") continue;
      this.#names.add(name);
      if (outcome === "unchanged") continue;
      this.log.record(name, version);
      hasChanged = true;
    }
    for (const name of this.#gone(update, [...good, ...bad])) {
      this.#names.delete(name);
      this.log.forget(name);
      if (this.#clusters.remove(name)) hasChanged = true;
    }
    if (hasChanged) this.#stats.countReload();
    this.log.conclude(update, bad);
    const verdict = verdictOf("cluster(s)", bad);
    this.#stats.countUpdate(update, verdict, startedMs);
    this.#pauseWhileWarming();
    this.#first?.handleWord();
    return verdict;
  }

  handleConnectionFailure(): void {
    this.#stats.countFailure();
  }

  stop(): void {
    this.#first?.cancel();
  }

  /** A bad resource is not a missing one: what it was before stays. */
  #gone(update: ResourceUpdate, present: readonly { readonly name: string }[]): string[] {
    if (!update.isFullState) return update.removed.filter((name) => this.#names.has(name));
    const names = new Set(present.map((resource) => resource.name));
    return [...this.#names].filter((name) => !names.has(name));
  }

  #pauseWhileWarming(): void {
    if (!this.#holdsAck || this.#isPaused || this.#clusters.warmingClusters().length === 0) return;
    this.#isPaused = true;
    this.#stream.pause(CLUSTER);
    this.#clusters.whenWarm(() => {
      this.#isPaused = false;
      this.#stream.resume(CLUSTER);
    });
  }
}
