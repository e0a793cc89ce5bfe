// A host that no server of the gateway takes: the router never sees a request for it.
import { hostsMatch, MESH_GATEWAY } from "../../model/hostname.ts";
import type { ConfigObject } from "../../model/object.ts";
import type { Rule } from "./rule.ts";

export const HOST_NOT_IN_GATEWAY: Rule<"VirtualService"> = {
  name: "host-not-in-gateway",
  check(object, world, report) {
    const { gateways, hosts } = object.spec;
    for (const name of gateways) {
      if (name === MESH_GATEWAY) continue;
      const found = world.object(`Gateway/${name}`) as ConfigObject<"Gateway"> | undefined;
      if (found === undefined) continue; // another rule says so
      const taken = found.spec.servers.flatMap((server) => server.hosts).map(hostPart);
      for (const [i, host] of hosts.entries()) {
        if (taken.some((each) => hostsMatch(host, each))) continue;
        report(
          ["spec", "hosts", i],
          `Gateway ${name} has no server for ${host}: it takes ${taken.join(", ")}; add the host there`,
        );
      }
    }
  },
};

/** Of "namespace/host". */
const hostPart = (host: string): string => host.slice(host.indexOf("/") + 1);
