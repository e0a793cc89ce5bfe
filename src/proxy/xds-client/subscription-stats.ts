// What a subscription counts, as Envoy's subscription_base and the reload counters of CDS and RDS do.

import type { Clock } from "#base/clock.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { Histogram } from "../stats/histogram.ts";
import { CONFIG_RELOAD } from "../stats/schema/config-reload.ts";
import { XDS } from "../stats/schema/xds.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore, TextReadout } from "../stats/stats-store.ts";

interface Counters {
  readonly block: StatBlock<"xds">;
  readonly reload: StatBlock<"configReload"> | undefined;
  readonly versionText: TextReadout;
  readonly duration: Histogram;
}

export class SubscriptionStats {
  readonly #store: StatsStore;
  readonly #prefix: string;
  readonly #countsReloads: boolean;
  readonly #clock: Clock;
  #counters: Counters | undefined = undefined;

  /** `prefix` ends with a dot: "cluster_manager.cds."; `countsReloads`: CDS and RDS do, LDS does not. */
  constructor(stats: StatsStore, prefix: string, countsReloads: boolean, clock: Clock) {
    this.#store = stats;
    this.#prefix = prefix;
    this.#countsReloads = countsReloads;
    this.#clock = clock;
  }

  get block(): StatBlock<"xds"> {
    return this.#made().block;
  }

  /** The first request, and one for each answer: Envoy counts asking again as an attempt. */
  countAttempt(): void {
    this.block.inc(XDS.update_attempt);
  }

  countUpdate(update: ResourceUpdate, verdict: Verdict, startedMs: number): void {
    this.countAttempt();
    if (verdict.kind === "rejected") {
      this.block.inc(XDS.update_rejected);
      return;
    }
    this.block.inc(XDS.update_success);
    this.block.set(XDS.update_time, Math.round(this.#clock.wallMs()));
    this.block.set(XDS.version, versionNumber(update.version));
    this.#made().versionText.set(update.version);
    this.#made().duration.record(this.#clock.nowMs() - startedMs);
  }

  /** Something took effect. */
  countReload(): void {
    const { reload } = this.#made();
    reload?.inc(CONFIG_RELOAD.config_reload);
    reload?.set(CONFIG_RELOAD.config_reload_time_ms, Math.round(this.#clock.wallMs()));
  }

  /** The stream broke, or could not be opened. */
  countFailure(): void {
    this.block.inc(XDS.update_failure);
  }

  countFetchTimeout(): void {
    this.block.inc(XDS.init_fetch_timeout);
  }

  /** A subscription that never starts (a static configuration) has no lines in /stats. */
  #made(): Counters {
    const prefix = this.#prefix;
    this.#counters ??= {
      block: this.#store.block(prefix, XDS),
      reload: this.#countsReloads ? this.#store.block(prefix, CONFIG_RELOAD) : undefined,
      versionText: this.#store.text(`${prefix}version_text`),
      duration: this.#store.histogram(`${prefix}update_duration`),
    };
    return this.#counters;
  }
}

/** The gauge `version` is a hash of the text, so that dashboards can see a change; 52 bits of it here, Envoy has 64. */
export function versionNumber(version: string): number {
  const hash = contentVersion(new TextEncoder().encode(version));
  return Number.parseInt(hash.slice(0, 13), 16);
}
