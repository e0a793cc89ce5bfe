// A cluster as a destination: what it is, its limits, its hosts with their odds.
import { Cluster_DiscoveryType } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { formatDuration } from "#base/duration.ts";
import { nearest } from "#base/nearest.ts";
import type { ClusterConfig, ThresholdsConfig } from "#proxy/config/cluster-config.ts";
import { clusterLabel, parseClusterName } from "./cluster-name.ts";
import { enumName } from "./enum-name.ts";
import type { HostOdds, Origin, Step } from "./explanation.ts";
import { balancerName, type HostShares, hostShares, picksByHash } from "./host-shares.ts";
import { optionalOrigin, originOf } from "./origin.ts";
import { percent } from "./percent.ts";
import type { ReadConfiguration } from "./read-configuration.ts";

export type ExplainedCluster =
  | { readonly kind: "missing"; readonly because: string; readonly steps: readonly Step[] }
  | {
      readonly kind: "found";
      readonly subset: string | undefined;
      readonly origin: Origin | undefined;
      readonly hosts: readonly HostOdds[];
      readonly nobodyOdds: number;
      readonly steps: readonly Step[];
    };

/** `knowsDestination`: where the client meant to go is known, so that a cluster may send it just there. */
export function explainCluster(
  read: ReadConfiguration,
  name: string,
  priority: "default" | "high",
  destination: string | undefined,
): ExplainedCluster {
  const found = read.cluster(name)?.value;
  if (found === undefined) {
    const detail = `${name} does not exist on this proxy`;
    const because = missingReason(read, name);
    const step: Step = { mark: "stopped", title: "Cluster", detail, facts: [because] };
    return { kind: "missing", because, steps: [step] };
  }
  const { shares, kind } = sharesOf(read, found, destination);
  const origin = originOf(found.metadata);
  const subset = parseClusterName(name)?.subset;
  const step: Step = {
    mark: "passed",
    title: "Cluster",
    detail: `${name} (${kind})`,
    ...optionalOrigin(origin),
    facts: [...limitFacts(found.thresholds[priority], found), ...ejectionFacts(found)],
  };
  return {
    kind: "found",
    subset: subset === "" ? undefined : subset,
    origin,
    hosts: shares.hosts,
    nobodyOdds: shares.nobodyOdds,
    steps: [step, hostStep(found, shares)],
  };
}

/** What is probably wrong in the configuration that names it. */
function missingReason(read: ReadConfiguration, name: string): string {
  const parsed = parseClusterName(name);
  if (parsed === undefined) return `cluster ${name} does not exist`;
  const { direction, port, subset, hostname } = parsed;
  if (read.cluster(`${direction}|${port}||${hostname}`) !== undefined) {
    return `no DestinationRule of ${hostname} has a subset ${subset}`;
  }
  const known = read.clusterNames.flatMap((each) => parseClusterName(each) ?? []);
  const ports = known.filter((each) => each.hostname === hostname && each.direction === direction);
  if (ports.length > 0) {
    const list = [...new Set(ports.map((each) => each.port))].join(", ");
    return `service ${hostname} has no port ${port}, but ${list}`;
  }
  const near = nearest(
    hostname,
    known.map((each) => each.hostname),
  );
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return `no service ${hostname}${hint}`;
}

function sharesOf(
  read: ReadConfiguration,
  config: ClusterConfig,
  destination: string | undefined,
): { readonly shares: HostShares; readonly kind: string } {
  const { clusterDiscoveryType: type } = config.message;
  const known = type.case === "type" ? type.value : Cluster_DiscoveryType.STATIC;
  const kind =
    type.case === "clusterType" ? type.value.name : enumName(Cluster_DiscoveryType, known);
  if (known === Cluster_DiscoveryType.ORIGINAL_DST && type.case === "type") {
    const hosts =
      destination === undefined ? [] : [{ address: destination, odds: 1, health: "healthy" }];
    const notes =
      destination === undefined
        ? [
            "it sends to the address that the client connected to, which this listener does not know",
          ]
        : ["it sends to the address that the client connected to"];
    return { shares: { hosts, nobodyOdds: hosts.length === 0 ? 1 : 0, notes }, kind };
  }
  const endpoints = read.endpoints(config);
  return { shares: hostShares(config, endpoints, read.hosts(config.name)), kind };
}

/** More lines than that tell nobody anything: the rest is counted. */
const MAX_HOST_LINES = 16;

function hostStep(config: ClusterConfig, { hosts, nobodyOdds, notes }: HostShares): Step {
  const label = clusterLabel(config.name);
  const usable = hosts.filter(({ odds }) => odds > 0);
  const count = `${usable.length} of ${hosts.length} host${hosts.length === 1 ? "" : "s"}`;
  const lines = hosts.slice(0, MAX_HOST_LINES).map(hostLine);
  if (hosts.length > MAX_HOST_LINES) lines.push(`… and ${hosts.length - MAX_HOST_LINES} more`);
  if (hosts.length === 0) {
    const detail = nobodyOdds === 1 ? `${label} has no hosts` : label;
    return { mark: "stopped", title: "Hosts", detail, facts: notes };
  }
  const how = picksByHash(config) ? ", the same one for the same hash" : "";
  return {
    mark: usable.length === 0 ? "stopped" : "passed",
    title: "Hosts",
    detail: `${label}: ${count} by ${balancerName(config)}${how}`,
    facts: [...notes, ...lines],
  };
}

function hostLine({ address, odds, health, workload }: HostOdds): string {
  const parts = [odds > 0 ? percent(odds) : "never", address, workload ?? ""];
  if (health !== "healthy") parts.push(health);
  return parts.filter((part) => part !== "").join("  ");
}

/** Envoy's defaults, and what Istio sends for "no limit". */
const UNLIMITED = 0xffff_ffff;
const LIMITS = [
  ["maxConnections", "connections"],
  ["maxPendingRequests", "pending requests"],
  ["maxRequests", "requests"],
  ["maxRetries", "retries"],
] as const;

function limitFacts(thresholds: ThresholdsConfig, config: ClusterConfig): string[] {
  const limits = LIMITS.filter(([field]) => thresholds[field] < UNLIMITED).map(
    ([field, what]) => `${thresholds[field]} ${what}`,
  );
  const facts = limits.length === 0 ? [] : [`limits: at most ${limits.join(", ")} at a time`];
  if (config.maxRequestsPerConnection !== undefined) {
    facts.push(`${config.maxRequestsPerConnection} requests a connection`);
  }
  return facts;
}

function ejectionFacts({ outlierDetection: detection }: ClusterConfig): string[] {
  if (detection === undefined) return [];
  const triggers = [
    ...(detection.enforcingConsecutive5xxPercent > 0
      ? [`${detection.consecutive5xx} 5xx in a row`]
      : []),
    ...(detection.enforcingConsecutiveGatewayFailurePercent > 0
      ? [`${detection.consecutiveGatewayFailure} gateway failures in a row`]
      : []),
  ];
  const span = formatDuration(detection.baseEjectionTimeMs);
  const why = triggers.length === 0 ? "by its rates" : `after ${triggers.join(" or ")}`;
  return [
    `ejects a host ${why}, for ${span} and longer, at most ${detection.maxEjectionPercent} %`,
  ];
}
