// VirtualService http route with destinations -> RouteAction: clusters and weights, rewrites, timeouts, retries, mirrors.
import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type RouteAction,
  type RouteAction_HashPolicy,
  RouteActionSchema,
  type WeightedCluster,
  WeightedCluster_ClusterWeightSchema,
  WeightedClusterSchema,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { RegexMatcher } from "#api/envoy/type/matcher/v3/regex_pb.ts";
import type {
  Destination,
  HTTPRewrite,
  HTTPRoute,
  HTTPRouteDestination,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { NO_TIMEOUT, regex } from "../messages.ts";
import { hashPolicy } from "./hash-policy.ts";
import { type HeaderLists, headerLists, joined } from "./headers.ts";
import type { RouteContext } from "./http-route.ts";
import { mirrors } from "./mirror.ts";
import { DEFAULT_RETRY_POLICY, retryPolicy } from "./retry.ts";

/** A forwarding action and the header lists of the route around it. */
export interface Forwarding {
  readonly action: RouteAction;
  readonly headers: HeaderLists;
}

export function forward(route: HTTPRoute, context: RouteContext): Forwarding {
  const top = headerLists(route.headers);
  const [only, ...more] = route.route;
  const isSingle = only !== undefined && more.length === 0;
  const own = isSingle ? headerLists(only.headers) : undefined;
  const hashes = isSingle ? [only] : route.route.filter(({ weight }) => weight > 0);
  const hashPolicies = hashes.flatMap((destination) => hashPoliciesOf(destination, context));
  const authority = route.rewrite?.authority || top.authority || own?.authority || "";
  const clusterSpecifier: RouteAction["clusterSpecifier"] = isSingle
    ? { case: "cluster", value: context.clusterOf(only.destination) }
    : { case: "weightedClusters", value: weightedClusters(route.route, context) };
  const action = create(RouteActionSchema, {
    clusterSpecifier,
    ...timeouts(route.timeout, context.isProxyless),
    ...rewrites(route.rewrite),
    hostRewriteSpecifier:
      authority === "" ? { case: undefined } : { case: "hostRewriteLiteral", value: authority },
    retryPolicy: retryPolicy(route.retries, isSingle && hashPolicies.length > 0),
    requestMirrorPolicies: mirrors(route, (destination: Destination) =>
      context.clusterOf(destination),
    ),
    hashPolicy: hashPolicies,
  });
  return { action, headers: own === undefined ? top.lists : joined(top.lists, own.lists) };
}

/** The action of a service that no VirtualService speaks about. */
export function forwardTo(
  cluster: string,
  hashPolicies: readonly RouteAction_HashPolicy[],
  isProxyless: boolean,
): RouteAction {
  return create(RouteActionSchema, {
    clusterSpecifier: { case: "cluster", value: cluster },
    ...timeouts(undefined, isProxyless),
    retryPolicy: DEFAULT_RETRY_POLICY,
    hashPolicy: [...hashPolicies],
  });
}

/** Entries of weight 0 get no traffic and are left out, so that they need not exist. */
function weightedClusters(
  destinations: readonly HTTPRouteDestination[],
  context: RouteContext,
): WeightedCluster {
  const clusters = destinations
    .filter(({ weight }) => weight > 0)
    .map(({ destination, weight, headers }) => {
      const { lists, authority } = headerLists(headers);
      return create(WeightedCluster_ClusterWeightSchema, {
        name: context.clusterOf(destination),
        weight,
        ...lists,
        hostRewriteSpecifier:
          authority === "" ? { case: undefined } : { case: "hostRewriteLiteral", value: authority },
      });
    });
  return create(WeightedClusterSchema, { clusters });
}

/** Istio's default is no timeout at all, where Envoy's would be 15 s. */
export function timeouts(
  timeout: Duration | undefined,
  isProxyless: boolean,
): {
  readonly timeout: Duration;
  readonly maxGrpcTimeout?: Duration;
  readonly maxStreamDuration?: { readonly maxStreamDuration: Duration };
} {
  const limit = timeout ?? NO_TIMEOUT;
  // gRPC libraries read max_stream_duration only; for Envoy Istio keeps to max_grpc_timeout, and so do we.
  return isProxyless
    ? { timeout: limit, maxStreamDuration: { maxStreamDuration: limit } }
    : { timeout: limit, maxGrpcTimeout: limit };
}

function rewrites(rewrite: HTTPRewrite | undefined): {
  readonly prefixRewrite?: string;
  readonly regexRewrite?: { readonly pattern: RegexMatcher; readonly substitution: string };
} {
  if (rewrite === undefined) return {};
  const { uriRegexRewrite, uri } = rewrite;
  if (uriRegexRewrite !== undefined) {
    const { match, rewrite: substitution } = uriRegexRewrite;
    return { regexRewrite: { pattern: regex(match), substitution } };
  }
  return uri === "" ? {} : { prefixRewrite: uri };
}

function hashPoliciesOf(
  { destination }: HTTPRouteDestination,
  context: RouteContext,
): RouteAction_HashPolicy[] {
  const hash = destination === undefined ? undefined : context.hashOf(destination);
  const policy = hash === undefined ? undefined : hashPolicy(hash);
  return policy === undefined ? [] : [policy];
}
