// What one proxy of a folder's mesh would run on, translated by the same code as the pilot's: `why` and `test` without a mesh.
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "#api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { quoted } from "#base/log.ts";
import { nearest } from "#base/nearest.ts";
import { EMPTY_CONFIGURATION, type ProxyConfiguration } from "#explain/proxy-configuration.ts";
import type { Snapshot } from "#pilot/model/snapshot.ts";
import { clusters } from "#pilot/translate/cluster.ts";
import { endpoints } from "#pilot/translate/endpoint.ts";
import { listeners } from "#pilot/translate/listener/listener.ts";
import { routes } from "#pilot/translate/route/route.ts";
import {
  type FolderPorts,
  type FolderProxy,
  type FolderWorld,
  loadFolderWorld,
  plainClient,
} from "./folder-world.ts";

export type FolderConfiguration =
  | {
      readonly kind: "loaded";
      readonly configuration: ProxyConfiguration;
      readonly world: FolderWorld;
      readonly from: FolderProxy;
    }
  /** `message` is a whole sentence; `isUnreadable`: the folder is not there, else nobody is called `from`. */
  | { readonly kind: "failed"; readonly message: string; readonly isUnreadable: boolean };

export interface FolderRequest {
  /** A workload or gateway as `findFolderProxy` takes it; undefined: a client without labels in "default". */
  readonly from: string | undefined;
}

export async function loadFolderConfiguration(
  ports: FolderPorts,
  folder: string,
  request: FolderRequest,
): Promise<FolderConfiguration> {
  const loaded = await loadFolderWorld(ports, folder);
  if (loaded.kind === "failed") {
    const message = `Cannot read the folder ${quoted(folder)}: ${loaded.reason}`;
    return { kind: "failed", message, isUnreadable: true };
  }
  const { world } = loaded;
  const found = findFolderProxy(world, request.from);
  if (found.kind === "failed") return { ...found, isUnreadable: false };
  const { from } = found;
  return { kind: "loaded", configuration: configurationOf(world.snapshot, from), world, from };
}

export type FoundFolderProxy =
  | { readonly kind: "found"; readonly from: FolderProxy }
  | { readonly kind: "failed"; readonly message: string };

/**
 * `name` is an instance ("reviews-v1-1", "reviews-v1-1.shop"), its group ("reviews-v1"), the app label ("reviews"), "gateway",
 * what the gateway's selector says ("ingressgateway"), "host", or "ns/NAMESPACE" for a client without labels there.
 */
export function findFolderProxy(world: FolderWorld, name: string | undefined): FoundFolderProxy {
  if (name === undefined) return { kind: "found", from: plainClient("default") };
  if (name.startsWith("ns/")) return { kind: "found", from: plainClient(name.slice(3)) };
  const isCalled: readonly ((one: FolderProxy) => boolean)[] = [
    ({ proxy }) => proxy.name === name && proxy.namespace === "default",
    ({ proxy }) => proxy.name === name || `${proxy.name}.${proxy.namespace}` === name,
    ({ proxy }) => `${proxy.name}.${proxy.namespace}.${proxy.dnsDomain}` === name,
    ({ proxy }) => proxy.autoRegisterGroup === name,
    ({ proxy }) => `${proxy.autoRegisterGroup}.${proxy.namespace}` === name,
    ({ proxy }) => proxy.labels["app"] === name || proxy.labels["istio"] === name,
  ];
  for (const test of isCalled) {
    const from = world.proxies.find(test);
    if (from !== undefined) return { kind: "found", from };
  }
  const names = world.proxies.flatMap(({ proxy }) => [
    proxy.name,
    ...(proxy.autoRegisterGroup === undefined ? [] : [proxy.autoRegisterGroup]),
  ]);
  const near = nearest(name, names);
  const hint =
    near === undefined
      ? `there are ${world.proxies.map(({ proxy }) => proxy.name).join(", ")}`
      : `did you mean ${near}?`;
  return { kind: "failed", message: `No workload ${quoted(name)} in the folder: ${hint}` };
}

/** Everything that the proxy would hold once it is in sync; all hosts as discovery says, none ejected. */
export function configurationOf(snapshot: Snapshot, from: FolderProxy): ProxyConfiguration {
  const { proxy, bootstrap } = from;
  const translated = clusters(proxy, snapshot);
  const allListeners = listeners(proxy, snapshot).map(({ message }) => message);
  const discovered = translated.filter(({ message }) => message.edsClusterConfig !== undefined);
  return {
    ...EMPTY_CONFIGURATION,
    bootstrap,
    listeners: allListeners,
    routes: routeNamesOf(allListeners).map((name) => routes(proxy, snapshot, name).message),
    clusters: translated.map(({ message }) => message),
    endpoints: discovered.map(({ name }) => endpoints(proxy, snapshot, name).message),
  };
}

/** Route configurations that the listeners ask for by name, each once. */
function routeNamesOf(all: readonly Listener[]): readonly string[] {
  const names = new Set<string>();
  for (const { filterChains, defaultFilterChain } of all) {
    const chains = [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])];
    for (const { configType } of chains.flatMap(({ filters }) => filters)) {
      if (configType.case !== "typedConfig") continue;
      const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
      if (manager?.routeSpecifier.case === "rds") {
        names.add(manager.routeSpecifier.value.routeConfigName);
      }
    }
  }
  return [...names];
}
