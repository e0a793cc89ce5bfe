// A destination that names no port of a service with several: which one it is then hangs on the port that the client dialled.
import { destinationsOf } from "./destinations.ts";
import type { Rule } from "./rule.ts";

export const PORT_NOT_SELECTED: Rule<"VirtualService"> = {
  name: "port-not-selected",
  check(object, world, report) {
    for (const { destination, path } of destinationsOf(object)) {
      if (destination.port !== undefined) continue;
      const numbers = world.service(destination.host, object.namespace)?.ports ?? [];
      if (numbers.length < 2) continue;
      const all = numbers.map(({ number }) => number).join(", ");
      report(
        path,
        `${destination.host} has the ports ${all} and none is named: add port.number, or it is the one that the client dialled`,
      );
    }
  },
};
