// A folder of configuration as the mesh that `sampan up` would make of it: every instance running and healthy, every proxy
// connected. Nothing is started and nobody is asked.
import { type Bootstrap, BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { assert } from "#base/assert.ts";
import type { Clock } from "#base/clock.ts";
import type { Files } from "#base/files.ts";
import { SILENT_LOG } from "#base/log.ts";
import type { Timers } from "#base/timers.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { buildSnapshot } from "#pilot/model/build-snapshot.ts";
import { DEFAULT_MESH_SETTINGS, type MeshSettings } from "#pilot/model/mesh-settings.ts";
import type { ConfigObject, Problem } from "#pilot/model/object.ts";
import { parseProxy } from "#pilot/model/parse-proxy.ts";
import type { Proxy } from "#pilot/model/proxy.ts";
import type { Snapshot } from "#pilot/model/snapshot.ts";
import { WorkloadRegistry } from "#pilot/registry/workload-registry.ts";
import { ADMIN_PORT, AddressBook, GATEWAY_ADDRESS } from "../up/addresses.ts";
import { bootstrapFor, type ProxyIdentity } from "../up/bootstrap.ts";
import { HOST_SIDECAR, identityOfGateway, identityOfInstance } from "../up/identity.ts";
import { planMesh } from "../up/plan.ts";

/** One proxy of the mesh, with the file that would start it. */
export interface FolderProxy {
  readonly proxy: Proxy;
  readonly bootstrap: Bootstrap;
}

export interface FolderWorld {
  readonly objects: readonly ConfigObject[];
  /** What is wrong with files, objects, and what they cannot do together. */
  readonly problems: readonly Problem[];
  readonly snapshot: Snapshot;
  /** Sidecars of instances by name, then the gateways, then the host sidecar. */
  readonly proxies: readonly FolderProxy[];
}

export type LoadedFolder =
  | { readonly kind: "loaded"; readonly world: FolderWorld }
  | { readonly kind: "failed"; readonly reason: string };

export interface FolderPorts {
  readonly files: Files;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** As `sampan pilot` runs it: with the listener that serves as an HTTP proxy. */
const MESH: MeshSettings = {
  ...DEFAULT_MESH_SETTINGS,
  proxyHttpPort: DEFAULT_MESH_SETTINGS.proxyListenPort,
  tapEnabled: true,
};

/** Only written into bootstraps: nobody connects. */
const XDS = { host: "127.0.0.1", port: 15010 };

/** Fails only when the folder cannot be listed; what is wrong in it is in `problems`, and left out. */
export async function loadFolderWorld(ports: FolderPorts, folder: string): Promise<LoadedFolder> {
  const opened = await FolderStore.open({ ...ports, folder, log: SILENT_LOG });
  if (opened.kind === "failed") return opened;
  opened.store.close();
  const { store } = opened;
  return { kind: "loaded", world: worldOf(store.list(), store.problems()) };
}

export function worldOf(
  objects: readonly ConfigObject[],
  problems: readonly Problem[] = [],
): FolderWorld {
  const bare = buildSnapshot(objects, [], undefined, { mesh: MESH }).snapshot;
  const proxies = identitiesOf(objects).map(folderProxy);
  const registry = new WorkloadRegistry((namespace, name) => {
    const found = bare.object(`WorkloadGroup/${namespace}/${name}`);
    return found as ConfigObject<"WorkloadGroup"> | undefined;
  });
  for (const { proxy } of proxies) {
    registry.handleConnected(proxy);
    registry.setHealth(proxy.namespace, proxy.name, true);
  }
  const built = buildSnapshot(objects, registry.instances(), bare);
  return {
    objects,
    problems: [...problems, ...built.problems],
    snapshot: built.snapshot,
    proxies,
  };
}

function identitiesOf(objects: readonly ConfigObject[]): ProxyIdentity[] {
  const { instances, gateways } = planMesh(objects);
  const addresses = new AddressBook(() => true);
  const identities: ProxyIdentity[] = [];
  for (const plan of instances) {
    const address = addresses.take(plan.portNames);
    if (address !== undefined) identities.push(identityOfInstance(plan, address));
  }
  const gatewayAdmin = { host: GATEWAY_ADDRESS, port: ADMIN_PORT };
  identities.push(...gateways.map((plan) => identityOfGateway(plan, gatewayAdmin)), HOST_SIDECAR);
  return identities;
}

/** A client that the configuration does not name, as if it had a sidecar: what a program without labels would meet. */
export function plainClient(namespace: string): FolderProxy {
  return folderProxy({
    type: "sidecar",
    address: "127.0.0.1",
    admin: { host: "127.0.0.1", port: ADMIN_PORT },
    name: "client",
    namespace,
    cluster: "client",
    labels: {},
    locality: "",
    metadata: {},
  });
}

function folderProxy(identity: ProxyIdentity): FolderProxy {
  const parsed = messageFromJson(BootstrapSchema, bootstrapFor(identity, XDS));
  assert(parsed.kind !== "rejected", "our own bootstrap file is a bootstrap file");
  const { node } = parsed.value;
  assert(node !== undefined, "it says who the proxy is");
  return { proxy: parseProxy(node).proxy, bootstrap: parsed.value };
}
