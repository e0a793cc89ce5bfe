// A host's address and health in Envoy's messages and words.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HostHealthStatusSchema } from "#api/envoy/admin/v3/clusters_pb.ts";
import type { AddressSchema } from "#api/envoy/config/core/v3/address_pb.ts";
import { HealthStatus } from "#api/envoy/config/core/v3/health_check_pb.ts";
import type { SocketAddress } from "#base/net.ts";
import { HEALTH_FLAG } from "../../upstream/host.ts";

export function socketAddress(address: SocketAddress): MessageInitShape<typeof AddressSchema> {
  return {
    address: {
      case: "socketAddress",
      value: {
        address: address.host,
        portSpecifier: { case: "portValue", value: address.port },
      },
    },
  };
}

/** "healthy", or each reason not to use the host: "/failed_outlier_check/failed_eds_health". */
export function healthFlagsText(flags: number): string {
  const names = Object.entries(HEALTH_FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => `/${name}`);
  return names.length === 0 ? "healthy" : names.join("");
}

export function healthStatus(flags: number): MessageInitShape<typeof HostHealthStatusSchema> {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    failedActiveHealthCheck: has(HEALTH_FLAG.failed_active_hc),
    failedOutlierCheck: has(HEALTH_FLAG.failed_outlier_check),
    failedActiveDegradedCheck: has(HEALTH_FLAG.degraded_active_hc),
    pendingDynamicRemoval: has(HEALTH_FLAG.pending_dynamic_removal),
    pendingActiveHc: has(HEALTH_FLAG.pending_active_hc),
    excludedViaImmediateHcFail: has(HEALTH_FLAG.excluded_via_immediate_hc_fail),
    activeHcTimeout: has(HEALTH_FLAG.active_hc_timeout),
    edsHealthStatus: edsHealth(flags),
  };
}

/** What EDS says of the host, as Envoy shows it: a host of unknown health counts as healthy. */
export function edsHealth(flags: number): HealthStatus {
  if ((flags & HEALTH_FLAG.eds_status_draining) !== 0) return HealthStatus.DRAINING;
  if ((flags & HEALTH_FLAG.failed_eds_health) !== 0) return HealthStatus.UNHEALTHY;
  if ((flags & HEALTH_FLAG.degraded_eds_health) !== 0) return HealthStatus.DEGRADED;
  return HealthStatus.HEALTHY;
}
