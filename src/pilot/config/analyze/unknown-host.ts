// Rules for hosts that nobody serves. For sidecars such a VirtualService counts on port 80 only, as in Istio; a DestinationRule not at all.
import { hostsMatch, isWildcard, MESH_GATEWAY, resolveHost } from "../../model/hostname.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Rule } from "./rule.ts";
import { hostHint } from "./unknown-destination.ts";

export const UNKNOWN_HOST: Rule<"VirtualService"> = {
  name: "unknown-host",
  check(object, world, report) {
    const { gateways, hosts } = object.spec;
    if (gateways.length > 0 && !gateways.includes(MESH_GATEWAY)) return;
    for (const [i, host] of hosts.entries()) {
      if (isServed(host, object.namespace, world)) continue;
      report(
        ["spec", "hosts", i],
        `no service has the host ${host}: sidecars use this on port 80 only; ${hostHint(host, object.namespace, world)}`,
      );
    }
  },
};

export const RULE_FOR_UNKNOWN_HOST: Rule<"DestinationRule"> = {
  name: "rule-for-unknown-host",
  check(object, world, report) {
    const host = resolveHost(object.spec.host, object.namespace);
    if (isServed(host, object.namespace, world)) return;
    report(
      ["spec", "host"],
      `no service has the host ${host}: this rule is not used; ${hostHint(host, object.namespace, world)}`,
    );
  },
};

function isServed(host: string, namespace: string, world: Snapshot): boolean {
  if (world.service(host, namespace) !== undefined) return true;
  const services = world.servicesVisibleTo(namespace);
  // Most services are plain names: a plain host can only be within a wildcard one.
  if (isWildcard(host)) return services.some(({ hostname }) => hostsMatch(hostname, host));
  return services.some(({ hostname }) => isWildcard(hostname) && hostsMatch(hostname, host));
}
