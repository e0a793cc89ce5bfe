// A destination that no service is behind has no cluster: its requests are answered with 503 NC.
import { nearest } from "#base/nearest.ts";
import { mostSpecificMatch } from "../../model/hostname.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { destinationsOf } from "./destinations.ts";
import type { Rule } from "./rule.ts";

export const UNKNOWN_DESTINATION: Rule<"VirtualService"> = {
  name: "unknown-destination",
  check(object, world, report) {
    for (const { destination, path } of destinationsOf(object)) {
      const { host, port } = destination;
      const service = world.service(host, object.namespace);
      if (service === undefined) {
        if (isUnderWildcard(host, object.namespace, world)) continue;
        report(
          [...path, "host"],
          `no service has the host ${host} and its requests fail (503): ${hostHint(host, object.namespace, world)}`,
        );
        continue;
      }
      const numbers = service.ports.map(({ number }) => number);
      if (port !== undefined && !numbers.includes(port.number)) {
        report(
          [...path, "port", "number"],
          `${host} has no port ${port.number} and its requests fail (503): it has ${numbers.join(", ")}`,
        );
      }
    }
  },
};

/** "*.example.com" is a service for every name below it. */
function isUnderWildcard(host: string, namespace: string, world: Snapshot): boolean {
  const visible = world.servicesVisibleTo(namespace);
  const wildcards = new Map(
    visible.filter((s) => s.hostname.startsWith("*")).map((s) => [s.hostname, s]),
  );
  return wildcards.size > 0 && mostSpecificMatch(host, wildcards) !== undefined;
}

export function hostHint(host: string, namespace: string, world: Snapshot): string {
  const near = nearest(
    host,
    world.servicesVisibleTo(namespace).map((service) => service.hostname),
  );
  return near === undefined
    ? "declare it in a ServiceEntry that is exported to this namespace"
    : `did you mean ${near}?`;
}
