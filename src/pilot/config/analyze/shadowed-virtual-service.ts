// Two VirtualServices for one host: sidecars use the older and never see the other's routes. (Gateways put both together.)
import { MESH_GATEWAY } from "../../model/hostname.ts";
import { memoized } from "../../model/memo.ts";
import { type ConfigObject, objectName } from "../../model/object.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Rule } from "./rule.ts";

type Virtual = ConfigObject<"VirtualService">;

export const SHADOWED_VIRTUAL_SERVICE: Rule<"VirtualService"> = {
  name: "shadowed-virtual-service",
  check(object, world, report) {
    if (!isForMesh(object)) return;
    const owners = hostOwners(world)(object.namespace);
    for (const [i, host] of object.spec.hosts.entries()) {
      const owner = owners.get(host);
      if (
        owner === undefined ||
        (owner.name === object.name && owner.namespace === object.namespace)
      )
        continue;
      const { file, line } = owner.source;
      report(
        ["spec", "hosts", i],
        `${host} is routed by ${objectName(owner)} (${file}:${line}), which is older: sidecars do not use this one; put the routes together`,
      );
    }
  },
};

function isForMesh({ spec }: Virtual): boolean {
  return spec.gateways.length === 0 || spec.gateways.includes(MESH_GATEWAY);
}

/** Namespace -> host -> the oldest VirtualService for it that its sidecars see. */
const hostOwners: (world: Snapshot) => (namespace: string) => ReadonlyMap<string, Virtual> =
  memoized((world) => {
    const known = new Map<string, ReadonlyMap<string, Virtual>>();
    return (namespace) => {
      const found = known.get(namespace);
      if (found !== undefined) return found;
      const owners = new Map<string, Virtual>();
      for (const object of world.virtualServicesFor(namespace)) {
        if (!isForMesh(object)) continue;
        for (const host of object.spec.hosts) if (!owners.has(host)) owners.set(host, object);
      }
      known.set(namespace, owners);
      return owners;
    };
  });
