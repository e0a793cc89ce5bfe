// From the bootstrap's static and dynamic resources to a proxy that serves: what is loaded in which order, and when it is ready.
//
//   static clusters ─► CDS: first answer ─► all clusters warm ─► static listeners, LDS: first answer ─► all listeners warm ─► ready
//        │               └─ EDS for the clusters that want it        └─ RDS for the listeners that name it
//        └─ the ADS stream opens at once; it goes to the servers themselves, not through a cluster
//
// Envoy's order (init manager). "First answer" may be a refused one, or initial_fetch_timeout passing. After `ready` everything
// goes on as updates come; when the management server is away, what was received stays in use.
import type { ConfigSource } from "#api/envoy/config/core/v3/config_source_pb.ts";
import { assert } from "#base/assert.ts";
import type { Random } from "#base/random.ts";
import { XdsClient } from "#xds/client/client.ts";
import { ClientDriver } from "#xds/client/client-driver.ts";
import { ACCEPTED, type ResourceUpdate, type Verdict } from "#xds/client/owner.ts";
import type { XdsStatus, XdsTransport } from "#xds/transport.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, shortTypeName } from "#xds/type-url.ts";
import type { BootstrapConfig } from "../config/bootstrap-config.ts";
import { CONTROL_PLANE } from "../stats/schema/control-plane.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { UpstreamLoop } from "../upstream/cluster-info.ts";
import { ClusterSubscription } from "./cluster-subscription.ts";
import { EndpointSubscription } from "./endpoint-subscription.ts";
import { ListenerSubscription } from "./listener-subscription.ts";
import { RouteSubscription } from "./route-subscription.ts";
import type { Subscription, SubscriptionPorts, SubscriptionStream } from "./subscription.ts";
import type { ResourceTargets } from "./targets.ts";

/** Envoy's initial_fetch_timeout when none is configured. */
const DEFAULT_FETCH_TIMEOUT_MS = 15_000;

export interface ResourceLoaderPorts extends SubscriptionPorts {
  readonly random: Random;
  /** Updates are handled as events of this loop. */
  readonly loop: Pick<UpstreamLoop, "run">;
  /** To the servers of `bootstrap.ads`; undefined exactly when there is no ADS. Closed by `stop`. */
  readonly transport: XdsTransport | undefined;
}

export class ResourceLoader {
  readonly clusters: ClusterSubscription;
  readonly endpoints: EndpointSubscription;
  readonly listeners: ListenerSubscription;
  readonly routes: RouteSubscription;
  readonly #bootstrap: BootstrapConfig;
  readonly #ports: ResourceLoaderPorts;
  readonly #targets: ResourceTargets;
  readonly #client: XdsClient | undefined;
  readonly #driver: ClientDriver | undefined;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  readonly #controlPlane: StatBlock<"controlPlane">;
  #isReady = false;
  #isStopped = false;
  #hasListeners = false;
  readonly #whenReady: (() => void)[] = [];

  constructor(bootstrap: BootstrapConfig, ports: ResourceLoaderPorts, targets: ResourceTargets) {
    assert(
      (bootstrap.ads === undefined) === (ports.transport === undefined),
      "a transport comes with ads_config",
    );
    this.#bootstrap = bootstrap;
    this.#ports = ports;
    this.#targets = targets;
    const stream = this.#stream();
    this.clusters = new ClusterSubscription(ports, targets.clusters, stream);
    this.endpoints = new EndpointSubscription(ports, targets.clusters, stream);
    this.routes = new RouteSubscription(ports, targets.routes, stream, () => {
      this.listeners.handleRoutesReady();
      this.#checkReady();
    });
    this.listeners = new ListenerSubscription(ports, targets.listeners, this.routes, stream);
    this.#subscriptions = new Map<string, Subscription>([
      [CLUSTER, this.clusters],
      [ENDPOINT, this.endpoints],
      [LISTENER, this.listeners],
      [ROUTE, this.routes],
    ]);
    this.#controlPlane = ports.stats.block("control_plane.", CONTROL_PLANE);
    if (bootstrap.ads === undefined || ports.transport === undefined) return;
    this.#client = new XdsClient({
      variant: bootstrap.ads.protocol,
      node: bootstrap.node,
      owner: { handleUpdate: (update) => this.#handleUpdate(update) },
      random: ports.random,
    });
    this.#driver = new ClientDriver(this.#client, ports.transport, ports.clock, ports.timers, {
      onConnected: () => this.#handleConnected(),
      onIdentified: (identifier) => ports.stats.text("control_plane.identifier").set(identifier),
      onDisconnected: (status) => this.#handleDisconnected(status),
    });
  }

  /** All listeners of the start are in service. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Calls once, at once when it is ready already. */
  whenReady(callback: () => void): void {
    if (this.#isReady) callback();
    else this.#whenReady.push(callback);
  }

  start(): void {
    this.#ports.loop.run(() => {
      const { clusters } = this.#targets;
      clusters.addListener({ onEdsNamesChanged: () => this.#reconcileEndpoints() });
      for (const config of this.#bootstrap.clusters) {
        this.clusters.log.record(config.name, "");
        clusters.update(config);
      }
      this.#driver?.start();
      if (!this.#bootstrap.dynamicClusters) return this.#afterClusters();
      const source = this.#bootstrap.message.dynamicResources?.cdsConfig;
      this.clusters.start(fetchTimeoutMs(source), () => this.#afterClusters());
      this.#driver?.pump();
    });
  }

  /** Ends the stream and all waiting. What is in use stays so. */
  stop(): void {
    this.#isStopped = true;
    this.#driver?.stop();
    this.#ports.transport?.close();
    this.clusters.stop();
    this.listeners.stop();
    this.routes.stop();
    this.#controlPlane.set(CONTROL_PLANE.connected_state, 0);
  }

  #afterClusters(): void {
    this.#targets.clusters.whenWarm(() => {
      if (this.#isStopped) return;
      this.clusters.holdAcksWhileWarming();
      this.#startListeners();
    });
  }

  #startListeners(): void {
    for (const config of this.#bootstrap.listeners) {
      const error = this.listeners.addStatic(config);
      if (error === undefined) continue;
      const address = `${config.address.host}:${config.address.port}`;
      this.#ports.log.error("cannot listen", { address, reason: error.message });
    }
    const afterFirst = (): void => {
      this.#hasListeners = true;
      this.#checkReady();
    };
    if (this.#bootstrap.dynamicListeners) {
      const source = this.#bootstrap.message.dynamicResources?.ldsConfig;
      this.listeners.start(fetchTimeoutMs(source), afterFirst);
    } else {
      afterFirst();
    }
    this.#driver?.pump();
  }

  #checkReady(): void {
    if (this.#isReady || !this.#hasListeners || this.listeners.isWarming) return;
    this.#isReady = true;
    for (const callback of this.#whenReady.splice(0)) callback();
  }

  #handleUpdate(update: ResourceUpdate): Verdict {
    const subscription = this.#subscriptions.get(update.typeUrl);
    let verdict: Verdict = ACCEPTED;
    if (subscription === undefined) return verdict;
    this.#ports.loop.run(() => {
      this.#isUpdating = true;
      verdict = subscription.handleUpdate(update);
      this.#isUpdating = false;
      this.#reconcileEndpoints();
      this.#checkReady();
    });
    this.#log(update, verdict);
    return verdict;
  }

  #isUpdating = false;

  /** Once an update, not once a cluster. */
  #reconcileEndpoints(): void {
    if (this.#isUpdating) return;
    this.endpoints.reconcile();
    this.#driver?.pump();
  }

  #log(update: ResourceUpdate, verdict: Verdict): void {
    const type = shortTypeName(update.typeUrl);
    if (verdict.kind === "rejected") {
      this.#ports.log.warning("refused an update", { type, reason: verdict.message });
      return;
    }
    const resources = update.resources.length;
    this.#ports.log.debug("took an update", { type, resources, removed: update.removed.length });
  }

  #handleConnected(): void {
    this.#controlPlane.set(CONTROL_PLANE.connected_state, 1);
    this.#ports.log.info("connected to the management server");
  }

  #handleDisconnected({ code, message }: XdsStatus): void {
    this.#controlPlane.set(CONTROL_PLANE.connected_state, 0);
    this.#ports.log.warning("lost the management server; serving on with what it said", {
      code,
      reason: message,
    });
    for (const subscription of this.#subscriptions.values()) subscription.handleConnectionFailure();
  }

  #stream(): SubscriptionStream {
    return {
      subscribeAll: (typeUrl) => this.#client?.subscribeAll(typeUrl),
      subscribe: (typeUrl, names) => this.#client?.subscribe(typeUrl, names),
      unsubscribe: (typeUrl, names) => this.#client?.unsubscribe(typeUrl, names),
      pause: (typeUrl) => this.#client?.pause(typeUrl),
      resume: (typeUrl) => {
        this.#client?.resume(typeUrl);
        this.#driver?.pump();
      },
    };
  }
}

function fetchTimeoutMs(source: ConfigSource | undefined): number {
  const timeout = source?.initialFetchTimeout;
  if (timeout === undefined) return DEFAULT_FETCH_TIMEOUT_MS;
  return Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
}
