// WorkloadEntry, alone and within a ServiceEntry, and WorkloadGroup.
import type { WorkloadEntry } from "#api/istio/networking/v1alpha3/workload_entry_pb.ts";
import type {
  ReadinessProbe,
  WorkloadGroup,
} from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { isIp } from "#base/ip-address.ts";
import { each, type Field } from "../field.ts";
import {
  checkLabels,
  checkPort,
  checkPortName,
  checkUnixPath,
  isDomain,
  UNIX_PREFIX,
} from "../names.ts";

export function checkWorkloadEntry(entry: WorkloadEntry, field: Field): void {
  const { address } = entry;
  const isKnown =
    address === "" || isIp(address) || isDomain(address) || address.startsWith(UNIX_PREFIX);
  if (!isKnown) field.at("address").must("be an IP address, a host name or unix://path", address);
  checkWorkload(entry, field);
}

/** What holds for an endpoint wherever it stands. */
export function checkWorkload(entry: WorkloadEntry, field: Field): void {
  const at = field.at("address");
  const isUnix = entry.address.startsWith(UNIX_PREFIX);
  if (entry.address === "") {
    if (entry.network === "") at.error("must be set");
    else
      at.warn(
        `is unset: endpoints of network ${JSON.stringify(entry.network)} are reached through its gateway only`,
      );
  }
  if (isUnix) checkUnixPath(entry.address, at);
  if (isUnix && Object.keys(entry.ports).length > 0)
    field.at("ports").error("cannot be set for a Unix socket");
  checkPorts(entry.ports, field.at("ports"));
  checkLabels(entry.labels, field.at("labels"));
}

function checkPorts(ports: Readonly<Record<string, number>>, field: Field): void {
  for (const [name, port] of Object.entries(ports)) {
    checkPortName(name, field.at(name));
    checkPort(port, field.at(name));
  }
}

export function checkWorkloadGroup(group: WorkloadGroup, field: Field): void {
  checkLabels(group.metadata?.labels ?? {}, field.at("metadata", "labels"));
  const template = field.at("template");
  checkLabels(group.template?.labels ?? {}, template.at("labels"));
  checkPorts(group.template?.ports ?? {}, template.at("ports"));
  if (group.probe !== undefined) checkProbe(group.probe, field.at("probe"));
}

const PROBE_NUMBERS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;
const PROBE_HEADER = /^[-A-Za-z0-9]+$/;

function checkProbe(probe: ReadinessProbe, field: Field): void {
  for (const name of PROBE_NUMBERS) {
    if (probe[name] < 0) field.at(name).must("not be negative", probe[name]);
  }
  const method = probe.healthCheckMethod;
  switch (method.case) {
    case "httpGet":
      checkPort(method.value.port, field.at("httpGet", "port"));
      each(method.value.httpHeaders, field.at("httpGet", "httpHeaders"), ({ name }, at) => {
        if (!PROBE_HEADER.test(name)) at.at("name").must("be a header name", name);
      });
      break;
    case "tcpSocket":
      checkPort(method.value.port, field.at("tcpSocket", "port"));
      break;
    case "grpc":
      checkPort(method.value.port, field.at("grpc", "port"));
      break;
    case "exec":
      if (method.value.command.length === 0) field.at("exec", "command").error("must be set");
      break;
    case undefined:
      field.error("must have one of httpGet, tcpSocket, exec, grpc");
  }
}
