// Where tests find what proxies run on: a folder, a running mesh, or one dump of one proxy.

import { clone } from "@bufbuild/protobuf";
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import { RouteConfigurationSchema } from "#api/envoy/config/route/v3/route_pb.ts";
import type { Explanation } from "#explain/explain.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";
import { withSources } from "#explain/sources.ts";
import { FILTER } from "#pilot/translate/names.ts";
import { configurationOf, findFolderProxy } from "../client/folder-configuration.ts";
import type { FolderWorld } from "../client/folder-world.ts";
import { folderSource } from "../why/folder-source.ts";

/** What one proxy runs on. */
export interface TestedProxy {
  readonly configuration: ProxyConfiguration;
  /** The same without fault injection: where a request goes that no fault keeps from going. */
  readonly calm: ProxyConfiguration;
  readonly namespace: string;
  /** With file and line of every origin, as far as anybody knows. */
  place(explanation: Explanation): Promise<Explanation>;
}

export type FoundProxy =
  | { readonly kind: "found"; readonly proxy: TestedProxy }
  | { readonly kind: "failed"; readonly message: string };

export interface ConfigurationSource {
  /** The same object for the same name. */
  find(from: string | undefined): Promise<FoundProxy>;
  /** The folder's objects, where there is a folder: positions, specs, coverage. */
  readonly world: FolderWorld | undefined;
}

export function testedProxy(
  configuration: ProxyConfiguration,
  place: TestedProxy["place"],
): TestedProxy {
  const [, , , domain = ""] = configuration.bootstrap?.node?.id.split("~") ?? [];
  const namespace = domain.split(".")[0] || "default";
  return { configuration, calm: withoutFaults(configuration), namespace, place };
}

/** The proxies of a folder's mesh. */
export function sourceOfFolder(world: FolderWorld): ConfigurationSource {
  const placeOf = folderSource(world.objects);
  return remembering(world, async (name) => {
    const found = findFolderProxy(world, name);
    if (found.kind === "failed") return found;
    const configuration = configurationOf(world.snapshot, found.from);
    const place = async (explanation: Explanation) => withSources(explanation, placeOf);
    return { kind: "found", proxy: testedProxy(configuration, place) };
  });
}

/** Asks `find` once a name. */
export function remembering(
  world: FolderWorld | undefined,
  find: (from: string | undefined) => Promise<FoundProxy>,
): ConfigurationSource {
  const known = new Map<string | undefined, Promise<FoundProxy>>();
  return {
    world,
    find: (from) => {
      const found = known.get(from) ?? find(from);
      known.set(from, found);
      return found;
    },
  };
}

function withoutFaults(configuration: ProxyConfiguration): ProxyConfiguration {
  return { ...configuration, routes: configuration.routes.map(calmRoutes) };
}

function calmRoutes(config: RouteConfiguration): RouteConfiguration {
  const calm = clone(RouteConfigurationSchema, config);
  for (const host of calm.virtualHosts) {
    delete host.typedPerFilterConfig[FILTER.fault];
    for (const route of host.routes) {
      delete route.typedPerFilterConfig[FILTER.fault];
      if (route.action.case !== "route") continue;
      const { clusterSpecifier } = route.action.value;
      if (clusterSpecifier.case !== "weightedClusters") continue;
      for (const weighted of clusterSpecifier.value.clusters) {
        delete weighted.typedPerFilterConfig[FILTER.fault];
      }
    }
  }
  return calm;
}
