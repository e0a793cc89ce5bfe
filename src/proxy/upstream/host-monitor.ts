// What outlier detection remembers of one host.
import { SuccessRateMonitor } from "./success-rate.ts";

export class HostMonitor {
  consecutive5xx = 0;
  consecutiveGatewayFailure = 0;
  /** Only in split mode. */
  consecutiveLocalOriginFailure = 0;
  /** How often it was ejected, ever. */
  ejectionCount = 0;
  /** Multiplies the base ejection time; grows with each ejection, shrinks with each interval of good behaviour. */
  backoff = 0;
  ejectedAtMs: number | undefined = undefined;
  unejectedAtMs: number | undefined = undefined;
  jitterMs = 0;
  readonly external: SuccessRateMonitor = new SuccessRateMonitor();
  /** Only in split mode. */
  readonly localOrigin: SuccessRateMonitor = new SuccessRateMonitor();

  resetConsecutive(): void {
    this.consecutive5xx = 0;
    this.consecutiveGatewayFailure = 0;
    this.consecutiveLocalOriginFailure = 0;
  }
}
