// A VirtualService for a gateway that does not exist is sent to no router.
import { MESH_GATEWAY } from "../../model/hostname.ts";
import type { Rule } from "./rule.ts";

export const UNKNOWN_GATEWAY: Rule<"VirtualService"> = {
  name: "unknown-gateway",
  check({ spec }, world, report) {
    for (const [i, gateway] of spec.gateways.entries()) {
      if (gateway === MESH_GATEWAY || world.object(`Gateway/${gateway}`) !== undefined) continue;
      report(
        ["spec", "gateways", i],
        `Gateway ${gateway} does not exist: no router gets these routes; create it, or write "namespace/name" of one that does`,
      );
    }
  },
};
