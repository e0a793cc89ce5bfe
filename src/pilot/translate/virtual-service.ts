// VirtualServices with their names spelled out: hosts in full, gateways as "mesh" or "namespace/name".
import type { VirtualService } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { resolveGateway, resolveHost } from "../model/hostname.ts";
import { memoized } from "../model/memo.ts";
import type { ConfigObject } from "../model/object.ts";
import { MESH_GATEWAY } from "./names.ts";

export interface ResolvedVirtualService {
  readonly object: ConfigObject<"VirtualService">;
  readonly spec: VirtualService;
  /** Full, lower-case. */
  readonly hosts: readonly string[];
  /** Where its routes apply unless a match says otherwise. */
  readonly gateways: ReadonlySet<string>;
}

export const resolved: (object: ConfigObject<"VirtualService">) => ResolvedVirtualService =
  memoized((object) => ({
    object,
    spec: object.spec,
    hosts: object.spec.hosts.map((host) => resolveHost(host, object.namespace)),
    gateways: new Set(
      object.spec.gateways.length === 0
        ? [MESH_GATEWAY]
        : object.spec.gateways.map((name) => resolveGateway(name, object.namespace)),
    ),
  }));

/** The VirtualServices that speak about sidecars, in the order given. */
export function forMesh(
  objects: readonly ConfigObject<"VirtualService">[],
): readonly ResolvedVirtualService[] {
  return objects.map(resolved).filter(({ gateways }) => gateways.has(MESH_GATEWAY));
}

/** Destination host -> ports that its routes name there; 0 stands for "any port of the service". */
export const destinationsOf: (
  virtualService: ResolvedVirtualService,
) => ReadonlyMap<string, ReadonlySet<number>> = memoized(({ object, spec }) => {
  const found = new Map<string, Set<number>>();
  const add = (
    destination:
      | { readonly host: string; readonly port?: { readonly number: number } | undefined }
      | undefined,
  ): void => {
    if (destination === undefined) return;
    const host = resolveHost(destination.host, object.namespace);
    const ports = found.get(host) ?? new Set();
    found.set(host, ports.add(destination.port?.number ?? 0));
  };
  for (const http of spec.http) {
    for (const route of http.route) add(route.destination);
    for (const mirror of http.mirrors) add(mirror.destination);
    add(http.mirror);
  }
  for (const tcp of spec.tcp) for (const route of tcp.route) add(route.destination);
  for (const tls of spec.tls) for (const route of tls.route) add(route.destination);
  return found;
});

/** Whether any of its matches looks at the labels or the namespace of the caller. */
export const looksAtSource: (virtualService: ResolvedVirtualService) => boolean = memoized(
  ({ spec }) =>
    [...spec.http, ...spec.tcp, ...spec.tls].some((route) =>
      route.match.some((match) => Object.keys(match.sourceLabels).length > 0),
    ),
);
