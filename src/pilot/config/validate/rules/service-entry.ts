// ServiceEntry: hosts, ports, and what each resolution allows.
import {
  ServiceEntry_Resolution as Resolution,
  type ServiceEntry,
} from "#api/istio/networking/v1alpha3/service_entry_pb.ts";
import type { WorkloadEntry } from "#api/istio/networking/v1alpha3/workload_entry_pb.ts";
import { isIp } from "#base/ip-address.ts";
import { parseProtocol } from "../../../model/protocol.ts";
import { each, type Field } from "../field.ts";
import {
  checkPort,
  checkPortName,
  checkProtocol,
  checkSelector,
  checkSubnet,
  isDomain,
  isWildcardDomain,
  UNIX_PREFIX,
} from "../names.ts";
import { checkExportTo } from "./export-to.ts";
import { checkWorkload } from "./workload.ts";

export function checkServiceEntry(entry: ServiceEntry, namespace: string, field: Field): void {
  const hosts = field.at("hosts");
  if (entry.hosts.length === 0) hosts.error("must have at least one host");
  each(entry.hosts, hosts, (host, at, index) => {
    if (entry.hosts.indexOf(host) < index) at.must("be unique in the entry", host);
    if (host === "*" || !isWildcardDomain(host)) {
      at.must(
        'be a host name such as "reviews.default.svc.cluster.local" or "*.example.com"',
        host,
      );
    }
  });
  each(entry.addresses, field.at("addresses"), checkSubnet);
  checkPorts(entry, field.at("ports"));
  checkResolution(entry, field);
  if (entry.workloadSelector !== undefined) {
    const at = field.at("workloadSelector");
    checkSelector(entry.workloadSelector.labels, at, "every workload of the namespace");
    if (entry.endpoints.length > 0) at.error("set together with endpoints: only one may be");
  }
  const isPlain = entry.ports.findIndex(({ protocol }) => !canTellHostsApart(protocol));
  if (isPlain !== -1 && entry.hosts.length > 1 && entry.resolution !== Resolution.NONE) {
    hosts.error(
      `must be one for ports that are not HTTP or TLS (ports[${isPlain}]): their connections do not name a host`,
    );
  }
  checkExportTo(entry.exportTo, field.at("exportTo"), { namespace, allowsNobody: true });
}

function canTellHostsApart(protocol: string): boolean {
  return ["HTTP", "HTTP2", "GRPC", "GRPC-Web", "HTTPS", "TLS"].includes(parseProtocol(protocol));
}

function checkPorts(entry: ServiceEntry, field: Field): void {
  const names = new Set<string>();
  const numbers = new Set<number>();
  each(entry.ports, field, (port, at) => {
    if (names.has(port.name)) at.at("name").must("be unique in the entry", port.name);
    if (numbers.has(port.number)) at.at("number").must("be unique in the entry", port.number);
    names.add(port.name);
    numbers.add(port.number);
    checkPortName(port.name, at.at("name"));
    checkPort(port.number, at.at("number"));
    if (port.targetPort !== 0) checkPort(port.targetPort, at.at("targetPort"));
    checkProtocol(port.protocol, at.at("protocol"));
  });
}

function checkResolution(entry: ServiceEntry, field: Field): void {
  switch (entry.resolution) {
    case Resolution.NONE:
      if (entry.endpoints.length > 0)
        field.at("endpoints").error("cannot be set for resolution NONE: use STATIC or DNS");
      if (entry.workloadSelector !== undefined) {
        field.at("workloadSelector").warn("has no effect for resolution NONE: use STATIC");
      }
      break;
    case Resolution.STATIC:
      if (entry.endpoints.length === 0 && entry.workloadSelector === undefined) {
        field.warn(
          "has neither endpoints nor a workloadSelector: nothing can be reached; name some, or use resolution DNS",
        );
      }
      each(entry.endpoints, field.at("endpoints"), (endpoint, at) => {
        if (
          endpoint.address !== "" &&
          !isIp(endpoint.address) &&
          !endpoint.address.startsWith(UNIX_PREFIX)
        ) {
          at.at("address").must(
            "be an IP address or unix://path for resolution STATIC",
            endpoint.address,
          );
        }
        checkEndpoint(entry, endpoint, at);
      });
      break;
    case Resolution.DNS:
    case Resolution.DNS_ROUND_ROBIN:
      checkDns(entry, field);
      break;
    default:
      checkDynamicDns(entry, field);
  }
}

function checkDns(entry: ServiceEntry, field: Field): void {
  if (entry.endpoints.length === 0 && entry.workloadSelector === undefined) {
    each(entry.hosts, field.at("hosts"), (host, at) => {
      if (!isDomain(host))
        at.must("be a full host name when there are no endpoints to resolve", host);
    });
  }
  if (entry.resolution === Resolution.DNS_ROUND_ROBIN && entry.endpoints.length > 1) {
    field.at("endpoints").error("must be at most one for resolution DNS_ROUND_ROBIN");
  }
  each(entry.endpoints, field.at("endpoints"), (endpoint, at) => {
    if (!isIp(endpoint.address) && !isDomain(endpoint.address)) {
      at.at("address").must("be an IP address or a host name", endpoint.address);
    }
    checkEndpoint(entry, endpoint, at);
  });
}

function checkDynamicDns(entry: ServiceEntry, field: Field): void {
  each(entry.hosts, field.at("hosts"), (host, at) => {
    if (!host.startsWith("*")) at.must("be a wildcard for resolution DYNAMIC_DNS", host);
  });
  for (const name of ["addresses", "endpoints"] as const) {
    if (entry[name].length > 0) field.at(name).error("cannot be set for resolution DYNAMIC_DNS");
  }
  each(entry.ports, field.at("ports"), ({ protocol }, at) => {
    if (!["HTTP", "HTTP2", "GRPC", "TLS"].includes(parseProtocol(protocol))) {
      at.at("protocol").must("be HTTP, HTTP2, GRPC or TLS for resolution DYNAMIC_DNS", protocol);
    }
  });
}

function checkEndpoint(entry: ServiceEntry, endpoint: WorkloadEntry, field: Field): void {
  checkWorkload(endpoint, field);
  for (const name of Object.keys(endpoint.ports)) {
    if (entry.ports.some((port) => port.name === name)) continue;
    const known = entry.ports.map((port) => port.name).join(", ");
    field
      .at("ports", name)
      .error(`must be the name of a port of the entry: it has ${known || "none"}`);
  }
  if (endpoint.address.startsWith(UNIX_PREFIX) && entry.ports.length !== 1) {
    field.at("address").error("a Unix socket serves one port: the entry must have exactly one");
  }
}
