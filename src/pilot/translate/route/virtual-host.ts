// The domains under which a service is reached, and the virtual host that catches everything else.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import { isWildcard } from "../../model/hostname.ts";
import type { Service } from "../../model/service.ts";
import { bracketed, hostWithPort } from "../names.ts";
import { timeouts } from "./action.ts";
import { routeMatch } from "./match.ts";

/** `short` are those that were derived from the name; a service that really has such a name goes before. */
export interface Domains {
  readonly all: readonly string[];
  readonly short: ReadonlySet<string>;
}

/**
 * Full name, the same with a dot at its end, names relative to `dnsDomain`, virtual addresses. With `port` each
 * also with the port (for listeners that serve several ports, and gRPC libraries, which always match it).
 */
export function serviceDomains(
  service: Service,
  dnsDomain: string,
  port: number | undefined,
): Domains {
  const { hostname } = service;
  const both = (name: string): string[] =>
    port === undefined ? [bracketed(name)] : [bracketed(name), hostWithPort(name, port)];
  const absolute = IS_ADDRESS.test(hostname) ? [] : [`${hostname}.`];
  const short = [...absolute, ...relativeNames(hostname, dnsDomain)].flatMap(both);
  const own = both(hostname);
  const addresses = virtualAddresses(service).flatMap(both);
  return { all: [...own, ...short, ...addresses], short: new Set(short) };
}

/** Addresses have no absolute form. */
const IS_ADDRESS = /^[\d.]+$|:/;

/** Its own addresses, else the automatic one. CIDRs are no host names. */
export function virtualAddresses(service: Service): readonly string[] {
  const own = service.addresses.filter((address) => !address.includes("/"));
  if (service.addresses.length > 0) return own.filter((address) => address !== "0.0.0.0");
  return service.autoAddress === undefined ? [] : [service.autoAddress];
}

/**
 * What DNS search paths make of a name: for a caller of `default.svc.cluster.local` the service
 * `reviews.default.svc.cluster.local` is also `reviews`, `reviews.default.svc` and `reviews.default`.
 */
export function relativeNames(hostname: string, dnsDomain: string): readonly string[] {
  // A wildcard's first label is no name: "*" alone would take every host.
  if (isWildcard(hostname)) return [];
  const svc = dnsDomain.indexOf(".svc.");
  if (svc !== -1) {
    const suffix = dnsDomain.slice(svc);
    if (!hostname.endsWith(suffix)) return [];
    const short = hostname.slice(0, hostname.length - suffix.length);
    const dot = short.indexOf(".");
    if (dot === -1) return [];
    const isSameNamespace = short.slice(dot + 1) === dnsDomain.slice(0, svc);
    return isSameNamespace ? [short.slice(0, dot), `${short}.svc`, short] : [short, `${short}.svc`];
  }
  return relativeToAnyDomain(hostname, dnsDomain);
}

/** Outside Kubernetes' naming: what is left of the name when the shared end of both is cut off. */
function relativeToAnyDomain(hostname: string, dnsDomain: string): readonly string[] {
  const own = hostname.split(".");
  const theirs = dnsDomain.split(".");
  let shared = 0;
  while (
    shared < Math.min(own.length, theirs.length) &&
    own.at(-1 - shared) === theirs.at(-1 - shared)
  ) {
    shared += 1;
  }
  if (shared === 0 || shared === own.length || dnsDomain === "") return [];
  const unique = own.slice(0, own.length - shared);
  const names = [unique.join(".")];
  if (unique.length === 2) names.push(`${unique.join(".")}.${own[own.length - shared] ?? ""}`);
  return names;
}

/** Unknown hosts go to `cluster`, or are refused: Istio's `allow_any` and `block_all`. */
export function catchAll(cluster: string | undefined): VirtualHost {
  const name = cluster === undefined ? "block_all" : "allow_any";
  const action: MessageInitShape<typeof RouteSchema>["action"] =
    cluster === undefined
      ? { case: "directResponse", value: { status: BAD_GATEWAY } }
      : {
          case: "route",
          value: {
            clusterSpecifier: { case: "cluster", value: cluster },
            ...timeouts(undefined, false),
          },
        };
  return create(VirtualHostSchema, {
    name,
    domains: ["*"],
    includeRequestAttemptCount: true,
    routes: [create(RouteSchema, { name, match: routeMatch(undefined), action })],
  });
}

const BAD_GATEWAY = 502;
