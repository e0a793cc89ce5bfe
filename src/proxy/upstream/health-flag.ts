// A host's health as bits, and what they mean for a pick.
import type { HealthStatus } from "../config/cluster-config.ts";

/** Reasons not to use a host, as bits of `healthFlags`; names and order are those that Envoy's /clusters prints. */
export const HEALTH_FLAG = {
  failed_active_hc: 0x001,
  failed_outlier_check: 0x002,
  failed_eds_health: 0x004,
  degraded_active_hc: 0x008,
  degraded_eds_health: 0x010,
  pending_dynamic_removal: 0x020,
  pending_active_hc: 0x040,
  excluded_via_immediate_hc_fail: 0x080,
  active_hc_timeout: 0x100,
  eds_status_draining: 0x200,
} as const;

const UNHEALTHY =
  HEALTH_FLAG.failed_active_hc |
  HEALTH_FLAG.failed_outlier_check |
  HEALTH_FLAG.failed_eds_health |
  HEALTH_FLAG.eds_status_draining;
const DEGRADED = HEALTH_FLAG.degraded_active_hc | HEALTH_FLAG.degraded_eds_health;
const EXCLUDED =
  HEALTH_FLAG.pending_active_hc |
  HEALTH_FLAG.excluded_via_immediate_hc_fail |
  HEALTH_FLAG.eds_status_draining;
export const EDS_FLAGS: number =
  HEALTH_FLAG.failed_eds_health | HEALTH_FLAG.degraded_eds_health | HEALTH_FLAG.eds_status_draining;

/** What discovery says of a host, as bits. */
export const EDS_FLAG_OF: Readonly<Record<HealthStatus, number>> = {
  unknown: 0,
  healthy: 0,
  unhealthy: HEALTH_FLAG.failed_eds_health,
  draining: HEALTH_FLAG.eds_status_draining,
  timeout: HEALTH_FLAG.failed_eds_health,
  degraded: HEALTH_FLAG.degraded_eds_health,
};

/** May be picked like any other. */
export function isHealthy(flags: number): boolean {
  return (flags & (UNHEALTHY | DEGRADED)) === 0;
}

/** Picked when the healthy ones are too few. */
export function isDegraded(flags: number): boolean {
  return (flags & UNHEALTHY) === 0 && (flags & DEGRADED) !== 0;
}

/** Not counted when health is weighed against the number of hosts. */
export function isExcluded(flags: number): boolean {
  return (flags & EXCLUDED) !== 0;
}
