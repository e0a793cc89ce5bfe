// Two Gateways of one router with a server for the same host on the same port: only one of the servers counts.
import { hostsMatch } from "../../model/hostname.ts";
import { objectName } from "../../model/object.ts";
import type { Rule } from "./rule.ts";

export const CONFLICTING_GATEWAYS: Rule<"Gateway"> = {
  name: "conflicting-gateways",
  check(object, world, report) {
    const { selector } = object.spec;
    for (const other of world.gatewaysFor(object.namespace, selector)) {
      if (other.namespace === object.namespace && other.name === object.name) return; // the younger is told
      if (JSON.stringify(entriesOf(selector)) !== JSON.stringify(entriesOf(other.spec.selector)))
        continue;
      for (const [i, server] of object.spec.servers.entries()) {
        const rivals = other.spec.servers.filter(
          ({ port }) => port?.number === server.port?.number,
        );
        const hosts = rivals.flatMap((rival) => rival.hosts);
        const shared = server.hosts.find((host) => hosts.some((each) => hostsMatch(host, each)));
        if (shared === undefined) continue;
        const { file, line } = other.source;
        report(
          ["spec", "servers", i],
          `${objectName(other)} (${file}:${line}) has a server for ${shared} on port ${server.port?.number} of the same routers: give them hosts of their own`,
        );
      }
    }
  },
};

const entriesOf = (labels: Readonly<Record<string, string>>): readonly unknown[] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
