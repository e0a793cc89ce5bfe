// RDS: route configurations for the listeners that name them. Each name is asked for while a listener, in use or warming, wants it.
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { ROUTE } from "#xds/type-url.ts";
import { parseRouteConfiguration } from "../config/parse-route-configuration.ts";
import type { RouteConfig } from "../config/route-config.ts";
import { RDS } from "../stats/schema/rds.ts";
import { FetchTimer } from "./fetch-timer.ts";
import { type Reader, readResources, verdictOf } from "./read-resources.ts";
import type { Subscription, SubscriptionPorts, SubscriptionStream } from "./subscription.ts";
import { SubscriptionStats } from "./subscription-stats.ts";
import type { RouteTarget } from "./targets.ts";
import { UpdateLog } from "./update-log.ts";

const READER: Reader<typeof RouteConfigurationSchema, RouteConfig> = {
  schema: RouteConfigurationSchema,
  nameOf: (message) => message.name,
  parse: parseRouteConfiguration,
};

/** What a connection manager says of the routes that it wants. */
export interface RouteRequest {
  readonly name: string;
  readonly statPrefix: string;
  /** 0 waits for ever. */
  readonly fetchTimeoutMs: number;
}

/** One name that is asked for. */
interface RouteWatch {
  readonly statsPrefix: string;
  readonly stats: SubscriptionStats;
  readonly first: FetchTimer;
  useCount: number;
}

export class RouteSubscription implements Subscription {
  readonly log: UpdateLog<RouteConfiguration>;
  readonly #routes: RouteTarget;
  readonly #stream: SubscriptionStream;
  readonly #ports: SubscriptionPorts;
  readonly #onReady: () => void;
  readonly #watches = new Map<string, RouteWatch>();

  /** `onReady`: some name got ready; listeners that wait look again. */
  constructor(
    ports: SubscriptionPorts,
    routes: RouteTarget,
    stream: SubscriptionStream,
    onReady: () => void,
  ) {
    this.#ports = ports;
    this.#routes = routes;
    this.#stream = stream;
    this.#onReady = onReady;
    this.log = new UpdateLog(ports.clock);
  }

  /** A listener begins to want these; each call is paid back by one `release`. */
  acquire(requests: readonly RouteRequest[]): void {
    for (const request of requests) {
      const watch = this.#watches.get(request.name);
      if (watch === undefined) this.#watches.set(request.name, this.#begin(request));
      else watch.useCount += 1;
    }
    this.#stream.subscribe(
      ROUTE,
      requests.map((request) => request.name),
    );
  }

  release(requests: readonly RouteRequest[]): void {
    for (const { name } of requests) {
      const watch = this.#watches.get(name);
      if (watch === undefined) continue;
      watch.useCount -= 1;
      if (watch.useCount > 0) continue;
      watch.first.cancel();
      this.#watches.delete(name);
      this.#routes.remove(name);
      this.log.forget(name);
      this.#ports.stats.release(watch.statsPrefix);
      this.#stream.unsubscribe(ROUTE, [name]);
    }
  }

  /** A listener may use the name: its configuration is there, or all that can be known is known. */
  isReady(name: string): boolean {
    return this.#watches.get(name)?.first.isOver ?? true;
  }

  handleUpdate(update: ResourceUpdate): Verdict {
    const startedMs = this.#ports.clock.nowMs();
    const { good, bad } = readResources(update, READER);
    const badWanted = bad.filter(({ name }) => name === "" || this.#watches.has(name));
    const verdict = verdictOf("route configuration(s)", badWanted);
    for (const { name, config, version } of good) {
      const watch = this.#watches.get(name);
      if (watch === undefined) continue;
      const before = this.#routes.source(name).table;
      this.#routes.update(config);
      watch.stats.countUpdate({ ...update, version }, { kind: "accepted" }, startedMs);
      if (this.#routes.source(name).table !== before) {
        watch.stats.countReload();
        this.log.record(name, version);
      }
    }
    for (const { name } of badWanted) {
      this.#watches.get(name)?.stats.countUpdate(update, verdict, startedMs);
    }
    for (const name of update.removed) this.#countMissing(name);
    this.log.conclude(update, badWanted);
    // A refused or absent configuration is a word too: as in Envoy, its listener then serves without (404).
    const spoken = [...good, ...badWanted].map((resource) => resource.name);
    for (const name of [...spoken, ...update.removed]) this.#watches.get(name)?.first.handleWord();
    return verdict;
  }

  handleConnectionFailure(): void {
    for (const watch of this.#watches.values()) watch.stats.countFailure();
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.first.cancel();
  }

  /** What was received stays in use: a listener still names it (Envoy: "attempting to remove a resource … Ignoring"). */
  #countMissing(name: string): void {
    const watch = this.#watches.get(name);
    if (watch !== undefined) this.#ports.stats.block(watch.statsPrefix, RDS).inc(RDS.update_empty);
  }

  #begin({ name, statPrefix, fetchTimeoutMs }: RouteRequest): RouteWatch {
    const statsPrefix = `http.${statPrefix}.rds.${name}.`;
    const stats = new SubscriptionStats(this.#ports.stats, statsPrefix, true, this.#ports.clock);
    this.#ports.stats.block(statsPrefix, RDS);
    stats.countAttempt();
    const first = new FetchTimer(this.#ports.timers, fetchTimeoutMs, (timedOut) => {
      if (timedOut) stats.countFetchTimeout();
      this.#onReady();
    });
    return { statsPrefix, stats, first, useCount: 1 };
  }
}
