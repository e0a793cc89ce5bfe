// /clusters: every cluster in use with its limits, and every host with its health and counts.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type ClusterStatusSchema,
  ClustersSchema,
  type HostStatusSchema,
} from "#api/envoy/admin/v3/clusters_pb.ts";
import { SimpleMetric_Type } from "#api/envoy/admin/v3/metrics_pb.ts";
import { RoutingPriority } from "#api/envoy/config/core/v3/base_pb.ts";
import { messageToJson } from "#api/json.ts";
import type { ThresholdsConfig } from "../../config/cluster-config.ts";
import { type AdminResponse, jsonResponse, textResponse } from "../admin-request.ts";
import type { AdminState, ClusterView, HostView, OutlierRates } from "../admin-state.ts";
import { compileNameFilter } from "../name-filter.ts";
import { healthFlagsText, healthStatus, socketAddress } from "./host-health.ts";

export function clustersPage(
  state: AdminState,
  parameters: ReadonlyMap<string, string>,
): AdminResponse {
  const filter = compileNameFilter(parameters.get("filter"));
  if (filter.kind === "failed") return textResponse("Invalid re2 regex\n", 400);
  const clusters = state.clusters().filter((cluster) => filter.isWanted(cluster.name));
  if (parameters.get("format") === "json") {
    const message = create(ClustersSchema, { clusterStatuses: clusters.map(clusterStatus) });
    return jsonResponse(messageToJson(ClustersSchema, message, { names: "proto" }));
  }
  return textResponse(clusters.map(clusterText).join(""));
}

const PRIORITIES = ["default", "high"] as const;
const NO_RATES: OutlierRates = {
  average: -1,
  ejectionThreshold: -1,
  localOriginAverage: -1,
  localOriginEjectionThreshold: -1,
};

function clusterText(cluster: ClusterView): string {
  const { name, config } = cluster;
  const lines = [`observability_name::${config.statName}`];
  if (config.outlierDetection !== undefined) {
    const rates = cluster.outlierRates?.() ?? NO_RATES;
    lines.push(
      `outlier::success_rate_average::${rates.average}`,
      `outlier::success_rate_ejection_threshold::${rates.ejectionThreshold}`,
      `outlier::local_origin_success_rate_average::${rates.localOriginAverage}`,
      `outlier::local_origin_success_rate_ejection_threshold::${rates.localOriginEjectionThreshold}`,
    );
  }
  for (const priority of PRIORITIES) {
    for (const [limit, value] of thresholdRows(config.thresholds[priority])) {
      lines.push(`${priority}_priority::${limit}::${value}`);
    }
  }
  lines.push(`added_via_api::${config.addedViaApi}`);
  for (const host of cluster.hosts) {
    for (const [key, value] of hostRows(host)) lines.push(`${host.addressText}::${key}::${value}`);
  }
  return lines.map((line) => `${name}::${line}\n`).join("");
}

function thresholdRows(thresholds: ThresholdsConfig): readonly (readonly [string, number])[] {
  return [
    ["max_connections", thresholds.maxConnections],
    ["max_pending_requests", thresholds.maxPendingRequests],
    ["max_requests", thresholds.maxRequests],
    ["max_retries", thresholds.maxRetries],
  ];
}

/** Everything that a host counts, as Envoy sorts it. */
function hostStats(host: HostView): readonly (readonly [string, number])[] {
  const { stats } = host;
  return [
    ["cx_active", stats.cxActive],
    ["cx_connect_fail", stats.cxConnectFail],
    ["cx_total", stats.cxTotal],
    ["rq_active", stats.rqActive],
    ["rq_error", stats.rqError],
    ["rq_pending_active", stats.rqPendingActive],
    ["rq_success", stats.rqSuccess],
    ["rq_timeout", stats.rqTimeout],
    ["rq_total", stats.rqTotal],
  ];
}

function hostRows(host: HostView): readonly (readonly [string, string | number | boolean])[] {
  return [
    ...hostStats(host),
    ["hostname", host.hostname],
    ["health_flags", healthFlagsText(host.healthFlags)],
    ["weight", host.weight],
    ["region", host.locality.region],
    ["zone", host.locality.zone],
    ["sub_zone", host.locality.subZone],
    ["canary", host.isCanary],
    ["priority", host.priority],
    ["success_rate", host.outlier?.external.successRate ?? -1],
    ["local_origin_success_rate", host.outlier?.localOrigin.successRate ?? -1],
  ];
}

function clusterStatus(cluster: ClusterView): MessageInitShape<typeof ClusterStatusSchema> {
  const { name, config } = cluster;
  const rates = cluster.outlierRates?.() ?? NO_RATES;
  return {
    name,
    addedViaApi: config.addedViaApi,
    hostStatuses: cluster.hosts.map(hostStatus),
    circuitBreakers: {
      thresholds: PRIORITIES.map((priority) => {
        const { maxConnections, maxPendingRequests, maxRequests, maxRetries } =
          config.thresholds[priority];
        return {
          priority: priority === "high" ? RoutingPriority.HIGH : RoutingPriority.DEFAULT,
          maxConnections,
          maxPendingRequests,
          maxRequests,
          maxRetries,
        };
      }),
    },
    observabilityName: config.statName,
    edsServiceName: config.discovery.kind === "eds" ? edsServiceName(name, config.discovery) : "",
    ...optional("successRateEjectionThreshold", rates.ejectionThreshold),
    ...optional("localOriginSuccessRateEjectionThreshold", rates.localOriginEjectionThreshold),
  };
}

/** Envoy names it only where it differs from the cluster's. */
function edsServiceName(name: string, discovery: { readonly serviceName: string }): string {
  return discovery.serviceName === name ? "" : discovery.serviceName;
}

/** A percentage field, left out where there is none (-1). */
function optional<K extends string>(
  key: K,
  value: number,
): { readonly [P in K]?: { readonly value: number } } {
  return (value < 0 ? {} : { [key]: { value } }) as {
    readonly [P in K]?: { readonly value: number };
  };
}

function hostStatus(host: HostView): MessageInitShape<typeof HostStatusSchema> {
  const { locality } = host;
  const stats = hostStats(host).map(([name, value]) => {
    const type = name.endsWith("active") ? SimpleMetric_Type.GAUGE : SimpleMetric_Type.COUNTER;
    return { name, value: BigInt(value), type };
  });
  return {
    address: socketAddress(host.address),
    // Envoy lists counters first.
    stats: stats.sort((a, b) => a.type - b.type),
    healthStatus: healthStatus(host.healthFlags),
    weight: host.weight,
    hostname: host.hostname,
    priority: host.priority,
    locality: { region: locality.region, zone: locality.zone, subZone: locality.subZone },
    ...optional("successRate", host.outlier?.external.successRate ?? -1),
    ...optional("localOriginSuccessRate", host.outlier?.localOrigin.successRate ?? -1),
  };
}
