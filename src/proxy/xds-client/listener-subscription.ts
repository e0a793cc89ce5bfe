// LDS, and the listeners of the bootstrap file: a listener warms until the route configurations that it names are there, and
// what it replaces serves until then.
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { SocketError } from "#base/net.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { LISTENER } from "#xds/type-url.ts";
import type { FilterChainConfig, ListenerConfig } from "../config/listener-config.ts";
import { parseListener } from "../config/parse-listener.ts";
import { LISTENER_MANAGER } from "../stats/schema/listener-manager.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { FetchTimer } from "./fetch-timer.ts";
import { type BadResource, type Reader, readResources, verdictOf } from "./read-resources.ts";
import type { RouteRequest, RouteSubscription } from "./route-subscription.ts";
import type { Subscription, SubscriptionPorts, SubscriptionStream } from "./subscription.ts";
import { SubscriptionStats } from "./subscription-stats.ts";
import { UpdateLog } from "./update-log.ts";

/** What opens and closes listeners; the ListenerManager is one. */
export interface ListenerTarget {
  /** Adds or replaces; what is replaced drains. Returns why it cannot listen. */
  update(config: ListenerConfig): SocketError | undefined;
  /** The listener drains and closes. */
  remove(name: string): void;
}

const READER: Reader<typeof ListenerSchema, ListenerConfig> = {
  schema: ListenerSchema,
  nameOf: (message) => message.name,
  parse: (message) => parseListener(message, { addedViaApi: true }),
};

interface Warming {
  readonly config: ListenerConfig;
  readonly version: string;
}

export class ListenerSubscription implements Subscription {
  readonly log: UpdateLog<Listener>;
  readonly #stats: SubscriptionStats;
  readonly #managerStats: StatBlock<"listenerManager">;
  readonly #target: ListenerTarget;
  readonly #routes: RouteSubscription;
  readonly #stream: SubscriptionStream;
  readonly #ports: SubscriptionPorts;
  readonly #active = new Map<string, ListenerConfig>();
  readonly #warming = new Map<string, Warming>();
  #first: FetchTimer | undefined;

  constructor(
    ports: SubscriptionPorts,
    target: ListenerTarget,
    routes: RouteSubscription,
    stream: SubscriptionStream,
  ) {
    this.#ports = ports;
    this.#target = target;
    this.#routes = routes;
    this.#stream = stream;
    this.log = new UpdateLog(ports.clock);
    this.#stats = new SubscriptionStats(ports.stats, "listener_manager.lds.", false, ports.clock);
    this.#managerStats = ports.stats.block("listener_manager.", LISTENER_MANAGER);
  }

  /** Asks for all listeners. `onFirst` is called once: when the first answer came, or `fetchTimeoutMs` (0: none) passed. */
  start(fetchTimeoutMs: number, onFirst: () => void): void {
    this.#stats.countAttempt();
    this.#stream.subscribeAll(LISTENER);
    this.#first = new FetchTimer(this.#ports.timers, fetchTimeoutMs, (timedOut) => {
      if (timedOut) this.#stats.countFetchTimeout();
      onFirst();
    });
  }

  /** Listeners of the bootstrap file. Returns why one cannot listen, if it need not warm. */
  addStatic(config: ListenerConfig): SocketError | undefined {
    this.log.record(config.name, "");
    return this.#update(config, "");
  }

  get active(): Iterable<ListenerConfig> {
    return this.#active.values();
  }

  get warming(): Iterable<Warming> {
    return this.#warming.values();
  }

  get isWarming(): boolean {
    return this.#warming.size > 0;
  }

  handleUpdate(update: ResourceUpdate): Verdict {
    const startedMs = this.#ports.clock.nowMs();
    const { good, bad } = readResources(update, READER);
    const refused: BadResource<Listener>[] = [...bad];
    for (const { name, config, message, version } of good) {
      const error = this.#update(config, version);
      if (error === undefined) continue;
      const details = `cannot bind '${config.address.host}:${config.address.port}': ${error.message}`;
      refused.push({ name, message, version, details });
    }
    for (const name of this.#gone(update, [...good, ...bad])) this.#remove(name);
    this.log.conclude(update, refused);
    const verdict = verdictOf("listener(s)", refused);
    this.#stats.countUpdate(update, verdict, startedMs);
    this.#first?.handleWord();
    return verdict;
  }

  handleConnectionFailure(): void {
    this.#stats.countFailure();
  }

  /** A route configuration came: whoever waits for nothing more goes into service. */
  handleRoutesReady(): void {
    for (const [name, { config, version }] of [...this.#warming]) {
      if (!this.#isReady(config)) continue;
      this.#warming.delete(name);
      const error = this.#use(config, version);
      if (error === undefined) continue;
      this.#routes.release(routesOf(config));
      // Too late for a NACK: the response that brought it was acknowledged when it began to warm.
      this.#ports.log.error("cannot listen", {
        listener: name,
        address: `${config.address.host}:${config.address.port}`,
        reason: error.message,
      });
    }
    this.#countWarming();
  }

  stop(): void {
    this.#first?.cancel();
  }

  #update(config: ListenerConfig, version: string): SocketError | undefined {
    const { name } = config;
    const newest = this.#warming.get(name)?.config ?? this.#active.get(name);
    // A listener of the bootstrap file is not replaced by one of LDS.
    if (newest !== undefined && !newest.addedViaApi && config.addedViaApi) return undefined;
    if (newest?.hash === config.hash) return undefined;
    this.#routes.acquire(routesOf(config));
    this.#abandonWarming(name);
    let error: SocketError | undefined;
    if (this.#isReady(config)) {
      error = this.#use(config, version);
      if (error !== undefined) this.#routes.release(routesOf(config));
    } else {
      this.#warming.set(name, { config, version });
    }
    this.#countWarming();
    return error;
  }

  #use(config: ListenerConfig, version: string): SocketError | undefined {
    const error = this.#target.update(config);
    if (error !== undefined) return error;
    const before = this.#active.get(config.name);
    this.#active.set(config.name, config);
    if (before !== undefined) this.#routes.release(routesOf(before));
    this.log.record(config.name, version);
    return undefined;
  }

  #remove(name: string): void {
    this.#abandonWarming(name);
    this.#countWarming();
    this.log.forget(name);
    const active = this.#active.get(name);
    if (active === undefined) return;
    this.#active.delete(name);
    this.#target.remove(name);
    this.#routes.release(routesOf(active));
  }

  #abandonWarming(name: string): void {
    const warming = this.#warming.get(name);
    if (warming === undefined) return;
    this.#warming.delete(name);
    this.#routes.release(routesOf(warming.config));
  }

  #isReady(config: ListenerConfig): boolean {
    return routesOf(config).every((request) => this.#routes.isReady(request.name));
  }

  #countWarming(): void {
    this.#managerStats.set(LISTENER_MANAGER.total_listeners_warming, this.#warming.size);
  }

  /** A bad resource is not a missing one: what it was before stays. */
  #gone(update: ResourceUpdate, present: readonly { readonly name: string }[]): string[] {
    const isOurs = (name: string): boolean =>
      (this.#warming.get(name)?.config ?? this.#active.get(name))?.addedViaApi === true;
    if (!update.isFullState) return update.removed.filter(isOurs);
    const names = new Set(present.map((resource) => resource.name));
    const held = new Set([...this.#active.keys(), ...this.#warming.keys()]);
    return [...held].filter((name) => !names.has(name) && isOurs(name));
  }
}

/** The route configurations that a listener's connection managers name, each once. */
function routesOf(config: ListenerConfig): RouteRequest[] {
  const requests = new Map<string, RouteRequest>();
  const add = ({ filter }: FilterChainConfig): void => {
    if (filter.kind !== "httpConnectionManager") return;
    const { route, statPrefix } = filter.config;
    if (route.kind !== "rds" || requests.has(route.name)) return;
    const fetchTimeoutMs = route.initialFetchTimeoutMs;
    requests.set(route.name, { name: route.name, statPrefix, fetchTimeoutMs });
  };
  for (const chain of config.filterChains) add(chain);
  if (config.defaultFilterChain !== undefined) add(config.defaultFilterChain);
  return [...requests.values()];
}
