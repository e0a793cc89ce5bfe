// The routes of one VirtualService for one listener, kept while everything they were made of stays the same: when one of a
// thousand VirtualServices changes, the other routes of the configuration are not built again.
import type { Route } from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { SharedResults } from "../cache.ts";
import { ruleFor } from "../scope.ts";
import { Sources } from "../translated.ts";
import { destinationsOf, looksAtSource, type ResolvedVirtualService } from "../virtual-service.ts";
import { destinationLookup } from "./destination.ts";
import { httpRoutes } from "./http-route.ts";

export interface RouteListener {
  readonly port: number;
  /** "mesh", or "namespace/name" of a Gateway. */
  readonly gateway: string;
  readonly isTls: boolean;
}

interface Routes {
  readonly routes: readonly Route[];
  readonly sources: readonly string[];
}

const ROUTES = new SharedResults<Routes>();

/** Empty when none of them is meant for this caller; then `sources` is left as it was. */
export function routesOf(
  virtualService: ResolvedVirtualService,
  listener: RouteListener,
  proxy: Proxy,
  snapshot: Snapshot,
  sources: Sources,
): readonly Route[] {
  const isProxyless = proxy.type === "grpc";
  const text = JSON.stringify([
    listener,
    isProxyless,
    proxy.namespace,
    looksAtSource(virtualService) ? Object.entries(proxy.labels).sort() : "",
  ]);
  const inputs: (object | undefined)[] = [];
  for (const host of destinationsOf(virtualService).keys()) {
    const service = snapshot.service(host, proxy.namespace);
    inputs.push(service, service === undefined ? undefined : ruleFor(service, proxy, snapshot));
  }
  const found = ROUTES.get(virtualService, inputs, text, () => {
    const own = new Sources();
    own.object(virtualService.object);
    const lookup = destinationLookup(virtualService, snapshot, proxy, listener.port, own);
    const routes = httpRoutes(virtualService, {
      ...lookup,
      listenerPort: listener.port,
      gateway: listener.gateway,
      callerLabels: proxy.labels,
      callerNamespace: proxy.namespace,
      isTls: listener.isTls,
      isProxyless,
    });
    return { routes, sources: own.list() };
  });
  if (found.routes.length > 0) sources.merge(found.sources);
  return found.routes;
}
