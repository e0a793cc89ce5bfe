// A subset that no DestinationRule defines has no cluster: its requests are answered with 503 NC.
import { nearest } from "#base/nearest.ts";
import { destinationsOf } from "./destinations.ts";
import type { Rule } from "./rule.ts";

export const UNDEFINED_SUBSET: Rule<"VirtualService"> = {
  name: "undefined-subset",
  check(object, world, report) {
    for (const { destination, path } of destinationsOf(object)) {
      const { host, subset } = destination;
      const service = world.service(host, object.namespace);
      if (subset === "" || service === undefined) continue;
      const rule = world.destinationRuleFor(service, object.namespace);
      const known = rule?.spec.subsets.map(({ name }) => name) ?? [];
      if (known.includes(subset)) continue;
      const near = nearest(subset, known);
      const hint =
        near === undefined
          ? `define it in a DestinationRule for the host${known.length === 0 ? "" : ` (known: ${known.join(", ")})`}`
          : `did you mean "${near}"?`;
      report(
        [...path, "subset"],
        `subset "${subset}" of ${host} is not defined and its requests fail (503): ${hint}`,
      );
    }
  },
};
