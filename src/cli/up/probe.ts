// The health of one instance by its WorkloadGroup's probe: when to ask, and what the answers add up to. Asks nobody itself.
import type { ReadinessProbe } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";

/** Istio's defaults (istio.networking.v1alpha3.ReadinessProbe). */
const DEFAULTS = { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
/** Until the first success an instance is asked this often, whatever its period: start-up should not wait for it. */
export const STARTING_PERIOD_MS = 100;

export type Health = "unknown" | "healthy" | "unhealthy";

const orDefault = (value: number, fallback: number): number => (value > 0 ? value : fallback);

export class Probe {
  readonly timeoutMs: number;
  readonly #periodMs: number;
  readonly #successThreshold: number;
  readonly #failureThreshold: number;
  readonly #initialDelayMs: number;
  #successes = 0;
  #failures = 0;
  #health: Health = "unknown";

  constructor(config: ReadinessProbe | undefined) {
    this.#periodMs = orDefault(config?.periodSeconds ?? 0, DEFAULTS.periodSeconds) * 1000;
    this.timeoutMs = orDefault(config?.timeoutSeconds ?? 0, DEFAULTS.timeoutSeconds) * 1000;
    this.#successThreshold = orDefault(config?.successThreshold ?? 0, DEFAULTS.successThreshold);
    this.#failureThreshold = orDefault(config?.failureThreshold ?? 0, DEFAULTS.failureThreshold);
    this.#initialDelayMs = Math.max(0, config?.initialDelaySeconds ?? 0) * 1000;
  }

  get health(): Health {
    return this.#health;
  }

  /** How long to wait before the next question. */
  delayMs(isFirst: boolean): number {
    if (isFirst) return this.#initialDelayMs;
    return this.#health === "healthy"
      ? this.#periodMs
      : Math.min(STARTING_PERIOD_MS, this.#periodMs);
  }

  /** True when the answer changed the health. */
  handleAnswer(succeeded: boolean): boolean {
    this.#successes = succeeded ? this.#successes + 1 : 0;
    this.#failures = succeeded ? 0 : this.#failures + 1;
    const before = this.#health;
    if (this.#successes >= this.#successThreshold) this.#health = "healthy";
    // An instance that never was healthy is not yet unhealthy: it is still starting.
    else if (before === "healthy" && this.#failures >= this.#failureThreshold)
      this.#health = "unhealthy";
    return this.#health !== before;
  }

  /** The program ended: what it answered before says nothing about its successor. */
  handleCrash(): boolean {
    const changed = this.#health !== "unhealthy";
    this.#successes = 0;
    this.#failures = 0;
    this.#health = "unhealthy";
    return changed;
  }
}
