// A subset whose labels no instance has: requests to it fail with 503 UH.
import { resolveHost } from "../../model/hostname.ts";
import { selects } from "../../model/labels.ts";
import type { Rule } from "./rule.ts";

export const SUBSET_WITHOUT_ENDPOINTS: Rule<"DestinationRule"> = {
  name: "subset-without-endpoints",
  check({ spec, namespace }, world, report) {
    const service = world.service(resolveHost(spec.host, namespace), namespace);
    if (service === undefined) return;
    const endpoints = service.ports.flatMap((port) => world.endpoints(service, port));
    if (endpoints.length === 0) return; // nothing runs at all: no fault of the subset
    for (const [i, { name, labels }] of spec.subsets.entries()) {
      if (endpoints.some((endpoint) => selects(labels, endpoint.labels))) continue;
      const wanted = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
      report(
        ["spec", "subsets", i],
        `no endpoint of ${service.hostname} has ${wanted.join(", ")}: requests to subset "${name}" fail (503 UH)`,
      );
    }
  },
};
