// envoy.config.route.v3.RouteConfiguration -> RouteConfig, or the field for which it is refused.
import {
  type Route as RouteMessage,
  VirtualHost_TlsRequirementType as TlsRequirement,
  type VirtualHost as VirtualHostMessage,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "#api/envoy/config/route/v3/route_pb.ts";
import { quoted } from "#base/log.ts";
import { checkMessage } from "./check/check-message.ts";
import { Field } from "./field.ts";
import { readHeaderOperations } from "./parse-header-operations.ts";
import { readFaultOverride } from "./parse-per-filter.ts";
import { readDirectResponse, readRedirect } from "./parse-redirect.ts";
import { readRetryPolicy } from "./parse-retry-policy.ts";
import { readMirrors, readRouteAction } from "./parse-route-action.ts";
import { readRouteMatch } from "./parse-route-match.ts";
import type { Parsed } from "./parsed.ts";
import type {
  MirrorPolicy,
  Route,
  RouteAction,
  RouteConfig,
  VirtualHostConfig,
} from "./route-config.ts";
import { filterMetadata, hashOf } from "./values.ts";

const DEFAULT_MAX_BODY_BYTES = 4096;

/** Parses one RDS resource. Paths start at the RouteConfiguration. */
export function parseRouteConfiguration(message: RouteConfiguration): Parsed<RouteConfig> {
  const at = Field.root();
  checkMessage(RouteConfigurationSchema, message, at);
  if (at.isRejected) return at.refusal();
  return at.outcome(readRouteConfiguration(at, message));
}

/** What a virtual host passes on to its routes. */
interface Inherited {
  readonly maxBodyBytes: number;
  readonly mirrors: readonly MirrorPolicy[];
}

/** Reads a configuration that `checkMessage` has passed: of RDS, or inline in a connection manager. */
export function readRouteConfiguration(at: Field, message: RouteConfiguration): RouteConfig {
  const inherited: Inherited = {
    maxBodyBytes: message.maxDirectResponseBodySizeBytes ?? DEFAULT_MAX_BODY_BYTES,
    mirrors: readMirrors(at.child("request_mirror_policies"), message.requestMirrorPolicies),
  };
  const hosts = at.child("virtual_hosts");
  checkDomains(hosts, message.virtualHosts);
  return {
    name: message.name,
    virtualHosts: message.virtualHosts.map((host, i) =>
      readVirtualHost(hosts.item(i), host, inherited),
    ),
    headers: readHeaderOperations(at, message),
    mostSpecificHeaderMutationsWins: message.mostSpecificHeaderMutationsWins,
    ignorePortInHostMatching: message.ignorePortInHostMatching,
    validateClusters: message.validateClusters,
    fault: readFaultOverride(at.child("typed_per_filter_config"), message.typedPerFilterConfig),
    message,
    hash: hashOf(RouteConfigurationSchema, message),
  };
}

function checkDomains(at: Field, hosts: readonly VirtualHostMessage[]): void {
  const seen = new Set<string>();
  for (const [i, host] of hosts.entries()) {
    for (const [j, domain] of host.domains.entries()) {
      const lower = domain.toLowerCase();
      if (seen.has(lower)) {
        const message =
          lower === "*"
            ? "Only a single wildcard domain is permitted"
            : `Only unique values for domains are permitted: duplicate entry of domain ${quoted(lower)}`;
        at.item(i).child("domains").item(j).reject(message);
      }
      seen.add(lower);
    }
  }
}

function readVirtualHost(
  at: Field,
  message: VirtualHostMessage,
  inherited: Inherited,
): VirtualHostConfig {
  const own = message.requestMirrorPolicies;
  const mirrors =
    own.length > 0 ? readMirrors(at.child("request_mirror_policies"), own) : inherited.mirrors;
  const routes = at.child("routes");
  const retry = message.retryPolicy;
  return {
    name: message.name,
    domains: message.domains.map((domain) => domain.toLowerCase()),
    routes: message.routes.map((route, i) =>
      readRoute(routes.item(i), route, { ...inherited, mirrors }),
    ),
    headers: readHeaderOperations(at, message),
    requireTls: tlsRequirement(message.requireTls),
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    retryPolicy: retry && readRetryPolicy(at.child("retry_policy"), retry),
    fault: readFaultOverride(at.child("typed_per_filter_config"), message.typedPerFilterConfig),
  };
}

function tlsRequirement(requirement: TlsRequirement): VirtualHostConfig["requireTls"] {
  switch (requirement) {
    case TlsRequirement.EXTERNAL_ONLY:
      return "externalOnly";
    case TlsRequirement.ALL:
      return "all";
    default:
      return "none";
  }
}

function readRoute(at: Field, message: RouteMessage, inherited: Inherited): Route {
  const match = at.child("match");
  if (message.match === undefined) match.reject("value is required");
  return {
    name: message.name,
    match: message.match === undefined ? EVERYTHING : readRouteMatch(match, message.match),
    action: readAction(at, message, inherited),
    headers: readHeaderOperations(at, message),
    statPrefix: message.statPrefix,
    fault: readFaultOverride(at.child("typed_per_filter_config"), message.typedPerFilterConfig),
    metadata: filterMetadata(message.metadata),
  };
}

/** Stands in for a match that was rejected. */
const EVERYTHING: Route["match"] = {
  path: { kind: "prefix", value: "", caseSensitive: true },
  headers: [],
  queryParameters: [],
  runtimeFraction: undefined,
  grpcOnly: false,
};

function readAction(at: Field, message: RouteMessage, inherited: Inherited): RouteAction {
  const { action } = message;
  switch (action.case) {
    case "route":
      return readRouteAction(at.child("route"), action.value, inherited.mirrors);
    case "redirect":
      return readRedirect(at.child("redirect"), action.value);
    case "directResponse":
      return readDirectResponse(at.child("direct_response"), action.value, inherited.maxBodyBytes);
    default:
      at.reject("one of route, redirect, direct_response is required");
      return { kind: "directResponse", status: 500, body: new Uint8Array(0) };
  }
}

/** A cluster that a configuration sends requests to. */
export interface NamedCluster {
  readonly name: string;
  /** Below the RouteConfiguration: `virtual_hosts[0].routes[2].route.cluster`. */
  readonly path: string;
}

/** Every cluster that is named outright: what `validate_clusters` wants to exist. */
export function* clustersNamedBy(config: RouteConfig): Iterable<NamedCluster> {
  for (const [i, host] of config.virtualHosts.entries()) {
    for (const [j, { action }] of host.routes.entries()) {
      if (action.kind !== "forward") continue;
      const path = `virtual_hosts[${i}].routes[${j}].route`;
      if (action.cluster.kind === "cluster") {
        yield { name: action.cluster.name, path: `${path}.cluster` };
      } else if (action.cluster.kind === "weighted") {
        for (const [k, { name }] of action.cluster.clusters.entries()) {
          yield { name, path: `${path}.weighted_clusters.clusters[${k}].name` };
        }
      }
      for (const [k, mirror] of action.mirrors.entries()) {
        yield { name: mirror.cluster, path: `${path}.request_mirror_policies[${k}].cluster` };
      }
    }
  }
}
