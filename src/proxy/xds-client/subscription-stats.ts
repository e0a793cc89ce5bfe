// What a subscription counts, as Envoy's subscription_base and the reload counters of CDS and RDS do.

import type { Clock } from "#base/clock.ts";
import type { ResourceUpdate, Verdict } from "#xds/client/owner.ts";
import { contentVersion } from "#xds/content-version.ts";
import type { Histogram } from "../stats/histogram.ts";
import { CONFIG_RELOAD } from "../stats/schema/config-reload.ts";
import { XDS } from "../stats/schema/xds.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import type { StatsStore, TextReadout } from "../stats/stats-store.ts";

export class SubscriptionStats {
  readonly block: StatBlock<"xds">;
  readonly #reload: StatBlock<"configReload"> | undefined;
  readonly #versionText: TextReadout;
  readonly #duration: Histogram;
  readonly #clock: Clock;

  /** `prefix` ends with a dot: "cluster_manager.cds."; `countsReloads`: CDS and RDS do, LDS does not. */
  constructor(stats: StatsStore, prefix: string, countsReloads: boolean, clock: Clock) {
    this.block = stats.block(prefix, XDS);
    this.#reload = countsReloads ? stats.block(prefix, CONFIG_RELOAD) : undefined;
    this.#versionText = stats.text(`${prefix}version_text`);
    this.#duration = stats.histogram(`${prefix}update_duration`);
    this.#clock = clock;
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
    this.#versionText.set(update.version);
    this.#duration.record(this.#clock.nowMs() - startedMs);
  }

  /** Something took effect. */
  countReload(): void {
    this.#reload?.inc(CONFIG_RELOAD.config_reload);
    this.#reload?.set(CONFIG_RELOAD.config_reload_time_ms, Math.round(this.#clock.wallMs()));
  }

  /** The stream broke, or could not be opened. */
  countFailure(): void {
    this.block.inc(XDS.update_failure);
  }

  countFetchTimeout(): void {
    this.block.inc(XDS.init_fetch_timeout);
  }
}

/** The gauge `version` is a hash of the text, so that dashboards can see a change; 52 bits of it here, Envoy has 64. */
export function versionNumber(version: string): number {
  const hash = contentVersion(new TextEncoder().encode(version));
  return Number.parseInt(hash.slice(0, 13), 16);
}
