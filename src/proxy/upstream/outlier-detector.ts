// Outlier detection: hosts that keep failing are ejected for a while, and come back (Envoy, "Outlier detection").
//
// Consecutive failures of one kind reach N: detected. Ejected, when the dice of `enforcing_…` say so and not too many are
// already out, for base_ejection_time x backoff, at most max_ejection_time. Backoff grows by one with each ejection, and
// shrinks by one with each interval of good behaviour. Hosts come back at an interval's end only.
import { assert } from "#base/assert.ts";
import { below, type Random } from "#base/random.ts";
import type { OutlierDetectionConfig, SuccessRateConfig } from "../config/cluster-config.ts";
import type { StatId } from "../stats/define-stats.ts";
import { OUTLIER_DETECTION } from "../stats/schema/outlier-detection.ts";
import type { StatBlock } from "../stats/stat-block.ts";
import { HEALTH_FLAG, type Host } from "./host.ts";
import { HostMonitor } from "./host-monitor.ts";
import {
  findFailurePercentageOutliers,
  judgeSuccessRates,
  NO_JUDGEMENT,
  type RatedHost,
  type SuccessRateJudgement,
  type SuccessRateMonitor,
} from "./success-rate.ts";

/**
 * What became of a connection or request without an answer of the upstream.
 * "connectSuccessFinal" is a connection with nothing to follow that could tell more (TCP); "connectSuccess" says nothing yet
 * where the answer will. "reset" is a connection that broke before the answer, "timeout" one of the request's timeouts.
 */
export type LocalOriginEvent =
  | "connectSuccess"
  | "connectSuccessFinal"
  | "connectFailed"
  | "timeout"
  | "reset";

/** Envoy's defaults. */
const DEFAULT_SUCCESS_RATE: SuccessRateConfig = {
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1900,
  failurePercentageThreshold: 85,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 50,
};

interface EjectionKind {
  readonly detectedId: StatId<"outlierDetection">;
  readonly enforcedId: StatId<"outlierDetection">;
  readonly enforcingPercent: (config: OutlierDetectionConfig) => number;
  /** Counters from Envoy's early days, still listed. */
  readonly oldDetectedId?: StatId<"outlierDetection">;
  readonly countsInOldTotal?: true;
}

const S = OUTLIER_DETECTION;
const CONSECUTIVE_5XX: EjectionKind = {
  detectedId: S.ejections_detected_consecutive_5xx,
  enforcedId: S.ejections_enforced_consecutive_5xx,
  enforcingPercent: (config) => config.enforcingConsecutive5xxPercent,
  oldDetectedId: S.ejections_consecutive_5xx,
  countsInOldTotal: true,
};
const CONSECUTIVE_GATEWAY_FAILURE: EjectionKind = {
  detectedId: S.ejections_detected_consecutive_gateway_failure,
  enforcedId: S.ejections_enforced_consecutive_gateway_failure,
  enforcingPercent: (config) => config.enforcingConsecutiveGatewayFailurePercent,
};
const CONSECUTIVE_LOCAL_ORIGIN_FAILURE: EjectionKind = {
  detectedId: S.ejections_detected_consecutive_local_origin_failure,
  enforcedId: S.ejections_enforced_consecutive_local_origin_failure,
  enforcingPercent: (config) => config.enforcingConsecutiveLocalOriginFailurePercent,
};
const SUCCESS_RATE: EjectionKind = {
  detectedId: S.ejections_detected_success_rate,
  enforcedId: S.ejections_enforced_success_rate,
  enforcingPercent: (config) => config.enforcingSuccessRatePercent,
  oldDetectedId: S.ejections_success_rate,
  countsInOldTotal: true,
};
const LOCAL_ORIGIN_SUCCESS_RATE: EjectionKind = {
  detectedId: S.ejections_detected_local_origin_success_rate,
  enforcedId: S.ejections_enforced_local_origin_success_rate,
  enforcingPercent: (config) => config.enforcingLocalOriginSuccessRatePercent ?? 100,
  oldDetectedId: S.ejections_success_rate,
};
const FAILURE_PERCENTAGE: EjectionKind = {
  detectedId: S.ejections_detected_failure_percentage,
  enforcedId: S.ejections_enforced_failure_percentage,
  enforcingPercent: (config) => config.enforcingFailurePercentagePercent,
};
const LOCAL_ORIGIN_FAILURE_PERCENTAGE: EjectionKind = {
  detectedId: S.ejections_detected_local_origin_failure_percentage,
  enforcedId: S.ejections_enforced_local_origin_failure_percentage,
  enforcingPercent: (config) => config.enforcingFailurePercentageLocalOriginPercent ?? 0,
};

/** Of the last interval, for /clusters: percent, or -1 where there was too little to judge by. */
export interface OutlierRates {
  readonly average: number;
  readonly ejectionThreshold: number;
  readonly localOriginAverage: number;
  readonly localOriginEjectionThreshold: number;
}

/** Who uses the hosts. */
export interface OutlierListener {
  /** `host` was ejected: connections to it should not be kept. */
  onEjected(host: Host): void;
  /** Hosts were ejected or came back; once for all of one event. */
  onHealthChanged(): void;
}

export class OutlierDetector {
  readonly #config: OutlierDetectionConfig;
  readonly #stats: StatBlock<"outlierDetection">;
  readonly #random: Random;
  readonly #listener: OutlierListener;
  readonly #monitors = new Map<Host, HostMonitor>();
  #ejectedCount = 0;
  #isHealthChanged = false;
  #nextIntervalMs: number;
  #externalJudgement: SuccessRateJudgement = NO_JUDGEMENT;
  #localOriginJudgement: SuccessRateJudgement = NO_JUDGEMENT;

  constructor(
    config: OutlierDetectionConfig,
    stats: StatBlock<"outlierDetection">,
    random: Random,
    listener: OutlierListener,
    nowMs: number,
  ) {
    this.#config = config;
    this.#stats = stats;
    this.#random = random;
    this.#listener = listener;
    this.#nextIntervalMs = nowMs + config.intervalMs;
  }

  get ejectedCount(): number {
    return this.#ejectedCount;
  }

  get rates(): OutlierRates {
    return {
      average: this.#externalJudgement.average,
      ejectionThreshold: this.#externalJudgement.ejectionThreshold,
      localOriginAverage: this.#localOriginJudgement.average,
      localOriginEjectionThreshold: this.#localOriginJudgement.ejectionThreshold,
    };
  }

  addHost(host: Host): void {
    assert(!this.#monitors.has(host), "a host is added to outlier detection once");
    const monitor = new HostMonitor();
    this.#monitors.set(host, monitor);
    host.outlier = monitor;
  }

  removeHost(host: Host): void {
    if (!this.#monitors.delete(host)) return;
    host.outlier = undefined;
    if (host.isEjected) this.#changeEjected(-1);
  }

  /** All hosts leave: the cluster goes, or is replaced. */
  close(): void {
    for (const host of [...this.#monitors.keys()]) this.removeHost(host);
  }

  /** An answer came from `host`. For gRPC, the status in its headers as HTTP. */
  handleHttpStatus(host: Host, status: number, nowMs: number): void {
    const monitor = host.outlier;
    if (monitor === undefined) return;
    monitor.external.count(status < 500);
    if (status < 500) {
      monitor.consecutive5xx = 0;
      monitor.consecutiveGatewayFailure = 0;
      return;
    }
    if (status >= 502 && status <= 504) {
      monitor.consecutiveGatewayFailure += 1;
      if (monitor.consecutiveGatewayFailure === this.#config.consecutiveGatewayFailure) {
        this.#detectConsecutive(host, CONSECUTIVE_GATEWAY_FAILURE, nowMs);
      }
    } else {
      monitor.consecutiveGatewayFailure = 0;
    }
    monitor.consecutive5xx += 1;
    if (monitor.consecutive5xx === this.#config.consecutive5xx) {
      this.#detectConsecutive(host, CONSECUTIVE_5XX, nowMs);
    }
  }

  /** Something happened that was not an answer. Overflow is not reported: it is the cluster's, not the host's. */
  handleLocalOrigin(host: Host, event: LocalOriginEvent, nowMs: number): void {
    const monitor = host.outlier;
    if (monitor === undefined) return;
    const isSuccess = event === "connectSuccess" || event === "connectSuccessFinal";
    if (!this.#config.splitExternalLocalOriginErrors) {
      if (event === "connectSuccess") return;
      this.handleHttpStatus(host, isSuccess ? 200 : event === "timeout" ? 504 : 503, nowMs);
      return;
    }
    monitor.localOrigin.count(isSuccess);
    if (isSuccess) {
      monitor.consecutiveLocalOriginFailure = 0;
      return;
    }
    monitor.consecutiveLocalOriginFailure += 1;
    if (monitor.consecutiveLocalOriginFailure === this.#config.consecutiveLocalOriginFailure) {
      this.#detectConsecutive(host, CONSECUTIVE_LOCAL_ORIGIN_FAILURE, nowMs);
    }
  }

  /** When `handleTimeout` has something to do: the end of the interval. */
  nextTimeoutMs(): number {
    return this.#nextIntervalMs;
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#nextIntervalMs) return;
    this.#nextIntervalMs = nowMs + this.#config.intervalMs;
    for (const [host, monitor] of this.#monitors) {
      this.#unejectIfDue(host, monitor, nowMs);
      monitor.external.rotate();
      monitor.localOrigin.rotate();
    }
    this.#externalJudgement = this.#judge(
      (monitor) => monitor.external,
      SUCCESS_RATE,
      FAILURE_PERCENTAGE,
      nowMs,
    );
    this.#localOriginJudgement = this.#judge(
      (monitor) => monitor.localOrigin,
      LOCAL_ORIGIN_SUCCESS_RATE,
      LOCAL_ORIGIN_FAILURE_PERCENTAGE,
      nowMs,
    );
    for (const [host, monitor] of this.#monitors) {
      if (host.isEjected || monitor.unejectedAtMs === undefined) continue;
      const isGoodForAnInterval = nowMs - monitor.unejectedAtMs >= this.#config.intervalMs;
      if (isGoodForAnInterval && monitor.backoff > 0) monitor.backoff -= 1;
    }
    this.#reportHealthChange();
  }

  /** Once for all hosts of one event: who listens sorts all hosts anew. */
  #reportHealthChange(): void {
    if (!this.#isHealthChanged) return;
    this.#isHealthChanged = false;
    this.#listener.onHealthChanged();
  }

  #detectConsecutive(host: Host, kind: EjectionKind, nowMs: number): void {
    if (host.isEjected) return;
    this.#detect(host, kind, nowMs);
    const monitor = host.outlier;
    if (monitor === undefined) return;
    // So that another bout of failures is seen even without a success in between.
    if (kind === CONSECUTIVE_5XX) monitor.consecutive5xx = 0;
    else if (kind === CONSECUTIVE_GATEWAY_FAILURE) monitor.consecutiveGatewayFailure = 0;
    else monitor.consecutiveLocalOriginFailure = 0;
    this.#reportHealthChange();
  }

  #judge(
    monitorOf: (monitor: HostMonitor) => SuccessRateMonitor,
    successRate: EjectionKind,
    failurePercentage: EjectionKind,
    nowMs: number,
  ): SuccessRateJudgement {
    const config = this.#config.successRate ?? DEFAULT_SUCCESS_RATE;
    if (
      this.#monitors.size < config.successRateMinimumHosts &&
      this.#monitors.size < config.failurePercentageMinimumHosts
    ) {
      return NO_JUDGEMENT;
    }
    const shownVolume = Math.min(
      config.successRateRequestVolume,
      config.failurePercentageRequestVolume,
    );
    const rated: RatedHost[] = [];
    for (const [host, all] of this.#monitors) {
      const monitor = monitorOf(all);
      if (host.isEjected || monitor.volume === 0) continue;
      if (monitor.volume >= shownVolume) monitor.successRate = monitor.percent;
      rated.push({ host, monitor });
    }
    const judgement = judgeSuccessRates(rated, config);
    for (const host of judgement.outliers) this.#detect(host, successRate, nowMs);
    for (const host of findFailurePercentageOutliers(rated, config)) {
      // Both judgements are made of the same hosts; the first may have ejected it just now.
      if (!host.isEjected) this.#detect(host, failurePercentage, nowMs);
    }
    return judgement;
  }

  #detect(host: Host, kind: EjectionKind, nowMs: number): void {
    this.#stats.inc(kind.detectedId);
    if (kind.oldDetectedId !== undefined) this.#stats.inc(kind.oldDetectedId);
    if (!this.#mayEject()) {
      this.#stats.inc(S.ejections_overflow);
      return;
    }
    if (kind.countsInOldTotal) this.#stats.inc(S.ejections_total);
    if (!this.#rolls(kind.enforcingPercent(this.#config))) return;
    this.#stats.inc(S.ejections_enforced_total);
    this.#stats.inc(kind.enforcedId);
    this.#eject(host, nowMs);
  }

  /** Counted over the whole cluster, so one priority may lose all of its hosts. */
  #mayEject(): boolean {
    if (this.#config.alwaysEjectOneHost && this.#ejectedCount === 0) return true;
    const percent = (100 * (this.#ejectedCount + 1)) / this.#monitors.size;
    return percent <= Math.min(100, this.#config.maxEjectionPercent);
  }

  #rolls(percent: number): boolean {
    return percent >= 100 || (percent > 0 && below(this.#random, 100) < percent);
  }

  #eject(host: Host, nowMs: number): void {
    const monitor = host.outlier;
    assert(monitor !== undefined && !host.isEjected, "a member that is not ejected is ejected");
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.#config;
    this.#changeEjected(+1);
    monitor.ejectionCount += 1;
    monitor.ejectedAtMs = nowMs;
    // Hosts ejected together shall not come back together, or all connections would be made at once.
    monitor.jitterMs =
      maxEjectionTimeJitterMs > 0 ? below(this.#random, maxEjectionTimeJitterMs + 1) : 0;
    if (monitor.backoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs) {
      monitor.backoff += 1;
    }
    host.setHealthFlag(HEALTH_FLAG.failed_outlier_check);
    this.#isHealthChanged = true;
    this.#listener.onEjected(host);
  }

  #unejectIfDue(host: Host, monitor: HostMonitor, nowMs: number): void {
    if (!host.isEjected || monitor.ejectedAtMs === undefined) return;
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.#config;
    const ejectionMs =
      Math.min(baseEjectionTimeMs * monitor.backoff, maxEjectionTimeMs) + monitor.jitterMs;
    if (nowMs - monitor.ejectedAtMs < ejectionMs) return;
    this.#changeEjected(-1);
    monitor.resetConsecutive();
    monitor.unejectedAtMs = nowMs;
    host.clearHealthFlag(HEALTH_FLAG.failed_outlier_check);
    this.#isHealthChanged = true;
  }

  #changeEjected(change: 1 | -1): void {
    this.#ejectedCount += change;
    this.#stats.add(S.ejections_active, change);
  }
}
