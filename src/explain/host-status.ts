// The hosts of each cluster with their health, from the page /clusters?format=json of ours or of any Envoy.
import {
  ClustersSchema,
  type HostStatus as HostStatusMessage,
} from "#api/envoy/admin/v3/clusters_pb.ts";
import type { Address } from "#api/envoy/config/core/v3/address_pb.ts";
import { HealthStatus } from "#api/envoy/config/core/v3/health_check_pb.ts";
import { messageFromDumpedJson } from "#api/json-unknown-any.ts";
import { type DumpedObject, listField } from "./dumped-object.ts";
import type { HostStatus } from "./proxy-configuration.ts";

/** Cluster -> its hosts, in the order of the page. What cannot be read is left out. */
export function parseHosts(page: DumpedObject): ReadonlyMap<string, readonly HostStatus[]> {
  const hosts = new Map<string, readonly HostStatus[]>();
  for (const json of listField(page, "cluster_statuses")) {
    const read = messageFromDumpedJson(ClustersSchema, { clusterStatuses: [json] });
    const [status] = read.kind === "parsed" ? read.value.clusterStatuses : [];
    if (status !== undefined) hosts.set(status.name, status.hostStatuses.map(hostStatus));
  }
  return hosts;
}

function hostStatus(host: HostStatusMessage): HostStatus {
  const { healthStatus, locality } = host;
  return {
    address: formatAddress(host.address),
    health: healthName(healthStatus?.edsHealthStatus),
    failed: {
      activeHealthCheck: healthStatus?.failedActiveHealthCheck ?? false,
      outlierCheck: healthStatus?.failedOutlierCheck ?? false,
      activeDegradedCheck: healthStatus?.failedActiveDegradedCheck ?? false,
      pendingActiveHealthCheck: healthStatus?.pendingActiveHc ?? false,
      pendingDynamicRemoval: healthStatus?.pendingDynamicRemoval ?? false,
    },
    weight: host.weight,
    priority: host.priority,
    locality: {
      region: locality?.region ?? "",
      zone: locality?.zone ?? "",
      subZone: locality?.subZone ?? "",
    },
    hostname: host.hostname,
    successRate: host.successRate?.value,
    requests: {
      total: statistic(host, "rq_total"),
      error: statistic(host, "rq_error"),
      active: statistic(host, "rq_active"),
    },
  };
}

function healthName(health: HealthStatus | undefined): HostStatus["health"] {
  switch (health) {
    case HealthStatus.HEALTHY:
      return "HEALTHY";
    case HealthStatus.UNHEALTHY:
      return "UNHEALTHY";
    case HealthStatus.DRAINING:
      return "DRAINING";
    case HealthStatus.TIMEOUT:
      return "TIMEOUT";
    case HealthStatus.DEGRADED:
      return "DEGRADED";
    default:
      return "UNKNOWN";
  }
}

function statistic(host: HostStatusMessage, name: string): number {
  return Number(host.stats.find((stat) => stat.name === name)?.value ?? 0);
}

/** "127.0.1.5:9080", "[::1]:80", "unix:///run/x.sock", "envoy://listener/id"; "unknown" when it says nothing. */
export function formatAddress(address: Address | undefined): string {
  const at = address?.address;
  switch (at?.case) {
    case "socketAddress": {
      const host = at.value.address;
      const { portSpecifier } = at.value;
      const port = portSpecifier.case === "portValue" ? portSpecifier.value : 0;
      const bracketed = host.includes(":") ? `[${host}]` : host;
      return port === 0 ? host : `${bracketed}:${port}`;
    }
    case "pipe":
      return `unix://${at.value.path}`;
    case "envoyInternalAddress": {
      const name = at.value.addressNameSpecifier;
      return `envoy://${name.case === "serverListenerName" ? name.value : ""}/${at.value.endpointId}`;
    }
    default:
      return "unknown";
  }
}
