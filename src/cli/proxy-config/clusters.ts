// `sampan proxy-config cluster` and `endpoint`: where a proxy may send, and the hosts behind it.
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { enumName } from "#explain/enum-name.ts";
import { originOf } from "#explain/origin.ts";
import type { HostStatus, ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { type ConfigPage, type ConfigRow, compareTexts, jsonOf, shortObject } from "./rows.ts";

/** Parts of `outbound|9080|v1|reviews.default.svc.cluster.local`; other names stand for themselves. */
function partsOf(name: string): { fqdn: string; port: string; subset: string; direction: string } {
  const [direction = "", port = "", subset = "", host = "", ...more] = name.split("|");
  const isMesh = /^(?:in|out)bound_?\w*$/.test(direction) && port !== "" && more.length === 0;
  if (!isMesh) return { fqdn: name, port: "-", subset: "-", direction: "-" };
  return { fqdn: host, port, subset: subset || "-", direction };
}

function discoveryType({ clusterDiscoveryType: type }: Cluster): string {
  if (type.case === "clusterType") return type.value.name;
  return enumName(Cluster_DiscoveryType, type.value ?? Cluster_DiscoveryType.STATIC);
}

export const CLUSTER_PAGE: ConfigPage = {
  columns: ["SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION RULE"],
  rows: ({ clusters }) =>
    clusters
      .map((cluster): ConfigRow => {
        const parts = partsOf(cluster.name);
        const { fqdn, port, subset, direction } = parts;
        const origin = originOf(cluster.metadata?.filterMetadata ?? {});
        const rule = origin?.object.startsWith("DestinationRule ")
          ? shortObject(origin.object)
          : "";
        return {
          cells: [fqdn, port, subset, direction, discoveryType(cluster), rule],
          keys: { ...parts },
          json: jsonOf(ClusterSchema, cluster),
        };
      })
      .toSorted(byName),
};

/** istioctl's order: host name, subset, port, direction. */
function byName({ keys: a }: ConfigRow, { keys: b }: ConfigRow): number {
  const subset = (name = ""): string => (name === "-" ? "" : name);
  return (
    compareTexts(a["fqdn"] ?? "", b["fqdn"] ?? "") ||
    compareTexts(subset(a["subset"]), subset(b["subset"])) ||
    comparePorts(a["port"], b["port"]) ||
    compareTexts(a["direction"] ?? "", b["direction"] ?? "")
  );
}

const comparePorts = (a = "", b = ""): number => (Number(a) || 0) - (Number(b) || 0);

function outlierCheck({ failed }: HostStatus): string {
  return failed.outlierCheck ? "FAILED" : "OK";
}

/** What discovery says, unless active health checks found otherwise. */
function statusOf({ health, failed }: HostStatus): string {
  if (failed.activeHealthCheck) return "UNHEALTHY";
  return failed.activeDegradedCheck ? "DEGRADED" : health;
}

export const ENDPOINT_PAGE: ConfigPage = {
  columns: ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"],
  rows: ({ hosts }: ProxyConfiguration) =>
    [...hosts]
      .flatMap(([cluster, statuses]) =>
        statuses.map((host): ConfigRow => {
          const status = statusOf(host);
          return {
            cells: [host.address, status, outlierCheck(host), cluster],
            keys: {
              cluster,
              status,
              address: host.address.replace(/:\d+$/, ""),
              port: /:(\d+)$/.exec(host.address)?.[1] ?? "",
              fqdn: partsOf(cluster).fqdn,
            },
            json: () => ({
              cluster,
              ...host,
              successRate: host.successRate ?? null,
              locality: { ...host.locality },
              failed: { ...host.failed },
              requests: { ...host.requests },
            }),
          };
        }),
      )
      .toSorted(
        ({ keys: a }, { keys: b }) =>
          compareTexts(a["address"] ?? "", b["address"] ?? "") ||
          comparePorts(a["port"], b["port"]) ||
          compareTexts(a["cluster"] ?? "", b["cluster"] ?? ""),
      ),
};
