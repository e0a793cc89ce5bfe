// What all subscriptions of the proxy have in common.
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Timers } from "#base/timers.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import type { StatsStore } from "../stats/stats-store.ts";

/** One type of resource, from the stream to what it configures. */
export interface Subscription {
  handleUpdate(update: ResourceUpdate): Verdict;
  /** The stream broke, or could not be opened; what was received stays in use. */
  handleConnectionFailure(): void;
}

export interface SubscriptionPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly stats: StatsStore;
  readonly log: Log;
}

/** What a subscription says to the stream. */
export interface SubscriptionStream {
  subscribeAll(typeUrl: string): void;
  subscribe(typeUrl: string, names: readonly string[]): void;
  unsubscribe(typeUrl: string, names: readonly string[]): void;
  /** Keeps ACKs of the type back until `resume`. */
  pause(typeUrl: string): void;
  resume(typeUrl: string): void;
}
