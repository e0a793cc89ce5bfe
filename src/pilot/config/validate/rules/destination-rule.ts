// DestinationRule: host, traffic policies, subsets.
import type {
  OutlierDetection,
  TrafficPolicy,
  TrafficPolicy_PortTrafficPolicy,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { isIp } from "#base/ip-address.ts";
import type { Specs } from "../../../model/object.ts";
import { each, type Field } from "../field.ts";
import {
  checkDuration,
  checkLabels,
  checkPort,
  isDnsLabel,
  isDomain,
  isWildcardDomain,
} from "../names.ts";
import { checkConnectionPool } from "./connection-pool.ts";
import { checkExportTo } from "./export-to.ts";
import { checkLoadBalancer } from "./load-balancer.ts";
import { checkClientTls } from "./tls-settings.ts";

export function checkDestinationRule(
  rule: Specs["DestinationRule"],
  namespace: string,
  field: Field,
): void {
  if (!isWildcardDomain(rule.host)) {
    field.at("host").must('be a host name such as "reviews.default.svc.cluster.local"', rule.host);
  }
  checkTrafficPolicy(rule.trafficPolicy, field.at("trafficPolicy"));
  const seen = new Set<string>();
  each(rule.subsets, field.at("subsets"), (subset, at) => {
    if (!isDnsLabel(subset.name)) {
      at.at("name").must("be a name of letters, digits and '-', at most 63", subset.name);
    } else if (seen.has(subset.name)) {
      at.at("name").must("be unique in the rule", subset.name);
    }
    seen.add(subset.name);
    checkLabels(subset.labels, at.at("labels"));
    checkTrafficPolicy(subset.trafficPolicy, at.at("trafficPolicy"));
  });
  checkExportTo(rule.exportTo, field.at("exportTo"), { namespace, allowsNobody: false });
  if (rule.workloadSelector === undefined) return;
  checkLabels(rule.workloadSelector.matchLabels, field.at("workloadSelector", "matchLabels"));
  if (rule.exportTo.some((entry) => entry !== "." && entry !== namespace)) {
    field
      .at("exportTo")
      .must(
        'be "." or unset: a rule with a workloadSelector is for its own namespace',
        rule.exportTo.join(", "),
      );
  }
}

const BLOCKS = [
  "connectionPool",
  "loadBalancer",
  "outlierDetection",
  "tls",
  "tunnel",
  "proxyProtocol",
  "retryBudget",
] as const;

function checkTrafficPolicy(policy: TrafficPolicy | undefined, field: Field): void {
  if (policy === undefined) return;
  const isEmpty = BLOCKS.every((block) => policy[block] === undefined);
  if (isEmpty && policy.portLevelSettings.length === 0) field.error("must have at least one field");
  if (policy.tunnel !== undefined && policy.proxyProtocol !== undefined) {
    field.at("proxyProtocol").error("set together with tunnel: only one may be");
  }
  checkBlocks(policy, field);
  const ports = new Map<number, number>();
  each(policy.portLevelSettings, field.at("portLevelSettings"), (settings, at, index) => {
    if (settings.port === undefined) at.at("port").error("must be set");
    else checkPort(settings.port.number, at.at("port", "number"));
    const number = settings.port?.number ?? 0;
    const first = ports.get(number);
    if (first === undefined) ports.set(number, index);
    else
      at.at("port", "number").warn(
        `port ${number} is set by portLevelSettings[${first}] already: this one is not used`,
      );
    if (
      BLOCKS.slice(0, 4).every((block) => settings[block as keyof typeof settings] === undefined)
    ) {
      at.error("must have at least one of connectionPool, loadBalancer, outlierDetection, tls");
    }
    checkBlocks(settings, at);
  });
  if (policy.tunnel === undefined) return;
  const { protocol, targetHost, targetPort } = policy.tunnel;
  const at = field.at("tunnel");
  if (!["", "CONNECT", "POST"].includes(protocol))
    at.at("protocol").must("be CONNECT or POST", protocol);
  if (!isDomain(targetHost) && !isIp(targetHost))
    at.at("targetHost").must("be a host name or an IP address", targetHost);
  checkPort(targetPort, at.at("targetPort"));
}

function checkBlocks(policy: TrafficPolicy | TrafficPolicy_PortTrafficPolicy, field: Field): void {
  checkConnectionPool(policy.connectionPool, field.at("connectionPool"));
  checkOutlierDetection(policy.outlierDetection, field.at("outlierDetection"));
  checkLoadBalancer(
    policy.loadBalancer,
    policy.outlierDetection !== undefined,
    field.at("loadBalancer"),
  );
  checkClientTls(policy.tls, field.at("tls"));
}

function checkOutlierDetection(outlier: OutlierDetection | undefined, field: Field): void {
  if (outlier === undefined) return;
  checkDuration(outlier.interval, field.at("interval"));
  checkDuration(outlier.baseEjectionTime, field.at("baseEjectionTime"));
  for (const name of ["maxEjectionPercent", "minHealthPercent"] as const) {
    if (outlier[name] < 0 || outlier[name] > 100) field.at(name).must("be 0 to 100", outlier[name]);
  }
  if (outlier.consecutiveErrors !== 0) {
    field
      .at("consecutiveErrors")
      .warn("is deprecated and not used: use consecutive5xxErrors or consecutiveGatewayErrors");
  }
  const failures = outlier.consecutiveLocalOriginFailures ?? 0;
  if (failures > 0 && !outlier.splitExternalLocalOriginErrors) {
    field.at("consecutiveLocalOriginFailures").error("needs splitExternalLocalOriginErrors: true");
  }
}
