// Statistical ejection: hosts whose share of successes in the last interval lies far below the others', or below a fixed line.
import type { SuccessRateConfig } from "../config/cluster-config.ts";
import type { Host } from "./host.ts";

/** Requests of one origin (the upstream's answers, or our own attempts to connect), by interval. */
export class SuccessRateMonitor {
  /** Percent in the last interval, or -1 when there were too few requests to say. Shown by /clusters. */
  successRate = -1;
  #total = 0;
  #success = 0;
  #lastTotal = 0;
  #lastSuccess = 0;

  count(isSuccess: boolean): void {
    this.#total += 1;
    if (isSuccess) this.#success += 1;
  }

  /** Ends the interval: what was counted becomes what is judged. */
  rotate(): void {
    this.#lastTotal = this.#total;
    this.#lastSuccess = this.#success;
    this.#total = 0;
    this.#success = 0;
    this.successRate = -1;
  }

  /** Requests of the last interval. */
  get volume(): number {
    return this.#lastTotal;
  }

  /** Percent of them that succeeded; meaningless when `volume` is 0. */
  get percent(): number {
    return (this.#lastSuccess * 100) / this.#lastTotal;
  }
}

/** One host's share of successes, for hosts that had requests and are not ejected. */
export interface RatedHost {
  readonly host: Host;
  readonly monitor: SuccessRateMonitor;
}

export interface SuccessRateJudgement {
  /** Mean of the success rates, in percent; -1 when there were too few hosts with enough requests to judge. */
  readonly average: number;
  /** -1 likewise. */
  readonly ejectionThreshold: number;
  readonly outliers: readonly Host[];
}

export const NO_JUDGEMENT: SuccessRateJudgement = {
  average: -1,
  ejectionThreshold: -1,
  outliers: [],
};

/**
 * Outliers are hosts strictly below `mean - stdev * factor` of those with enough requests, where stdev is the population's.
 * Example: rates 50, 100, 100, 100, 100 have mean 90 and stdev 20; with a factor of 1.9 the line is at 52.
 */
export function judgeSuccessRates(
  rated: readonly RatedHost[],
  config: SuccessRateConfig,
): SuccessRateJudgement {
  const valid = rated.filter(({ monitor }) => monitor.volume >= config.successRateRequestVolume);
  if (valid.length === 0 || valid.length < config.successRateMinimumHosts) return NO_JUDGEMENT;
  const average = valid.reduce((sum, { monitor }) => sum + monitor.percent, 0) / valid.length;
  const variance =
    valid.reduce((sum, { monitor }) => sum + (monitor.percent - average) ** 2, 0) / valid.length;
  const ejectionThreshold = average - Math.sqrt(variance) * (config.successRateStdevFactor / 1000);
  return {
    average,
    ejectionThreshold,
    outliers: valid
      .filter(({ monitor }) => monitor.percent < ejectionThreshold)
      .map(({ host }) => host),
  };
}

/** Hosts of which at least `failure_percentage_threshold` percent failed, among enough hosts with enough requests. */
export function findFailurePercentageOutliers(
  rated: readonly RatedHost[],
  config: SuccessRateConfig,
): readonly Host[] {
  const valid = rated.filter(
    ({ monitor }) => monitor.volume >= config.failurePercentageRequestVolume,
  );
  if (valid.length === 0 || valid.length < config.failurePercentageMinimumHosts) return [];
  return valid
    .filter(({ monitor }) => 100 - monitor.percent >= config.failurePercentageThreshold)
    .map(({ host }) => host);
}
