// A route configuration as the proxy trusts it: virtual hosts, routes in order, and what each does with a request.
// Text that is put into a request or location (rewrites, redirects, substitutions) has one character a byte, like the heads it goes into.
import type { RouteConfiguration } from "#api/envoy/config/route/v3/route_pb.ts";
import type { HeaderName } from "#codec/header-name.ts";
import type { FaultConfig, FractionalPercent } from "./fault-config.ts";
import type { HeaderTemplate } from "./header-template.ts";
import type { FullMatchRegex, HeaderMatcher, QueryParameterMatcher } from "./matcher-config.ts";

export interface HeaderAddition {
  readonly name: HeaderName;
  readonly value: HeaderTemplate;
  readonly action:
    | "appendIfExistsOrAdd"
    | "addIfAbsent"
    | "overwriteIfExistsOrAdd"
    | "overwriteIfExists";
  readonly keepEmptyValue: boolean;
}

export interface HeaderMutations {
  readonly add: readonly HeaderAddition[];
  readonly remove: readonly HeaderName[];
}

/** Both directions of one level (weighted cluster, route, virtual host, route configuration). */
export interface HeaderOperations {
  readonly request: HeaderMutations;
  readonly response: HeaderMutations;
}

export interface RouteConfig {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostConfig[];
  readonly headers: HeaderOperations;
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly ignorePortInHostMatching: boolean;
  /** Every cluster that a route names must exist when the configuration is applied; undefined: Envoy's default (inline: yes, RDS: no). */
  readonly validateClusters: boolean | undefined;
  /** For every virtual host and route that has none of its own. */
  readonly fault: FaultConfig | "disabled" | undefined;
  readonly message: RouteConfiguration;
  readonly hash: string;
}

export interface VirtualHostConfig {
  readonly name: string;
  /** Lower-case: "*", "*.suffix", "prefix.*" or exact. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly headers: HeaderOperations;
  readonly requireTls: "none" | "externalOnly" | "all";
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly fault: FaultConfig | "disabled" | undefined;
}

export type PathMatch =
  | { readonly kind: "prefix"; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: "path"; readonly value: string; readonly caseSensitive: boolean }
  | {
      readonly kind: "pathSeparatedPrefix";
      readonly value: string;
      readonly caseSensitive: boolean;
    }
  | { readonly kind: "regex"; readonly regex: FullMatchRegex };

export interface RouteMatch {
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatcher[];
  readonly queryParameters: readonly QueryParameterMatcher[];
  readonly runtimeFraction: FractionalPercent | undefined;
  readonly grpcOnly: boolean;
}

export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly headers: HeaderOperations;
  readonly statPrefix: string;
  readonly fault: FaultConfig | "disabled" | undefined;
  /** `metadata.filter_metadata`, for explanations (Istio's `istio.config`); never used to route. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type RouteAction = ForwardAction | RedirectAction | DirectResponseAction;

export interface DirectResponseAction {
  readonly kind: "directResponse";
  readonly status: number;
  readonly body: Uint8Array;
}

export interface RedirectAction {
  readonly kind: "redirect";
  readonly status: 301 | 302 | 303 | 307 | 308;
  readonly scheme: string | undefined;
  readonly httpsRedirect: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path:
    | { readonly kind: "replace"; readonly path: string }
    | { readonly kind: "prefix"; readonly prefix: string }
    | { readonly kind: "regex"; readonly regex: FullMatchRegex; readonly substitution: string }
    | undefined;
  readonly stripQuery: boolean;
}

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
  readonly headers: HeaderOperations;
  /** Instead of the route action's. */
  readonly hostRewrite: string | undefined;
  readonly fault: FaultConfig | "disabled" | undefined;
}

export type ClusterSpecifier =
  | { readonly kind: "cluster"; readonly name: string }
  | {
      readonly kind: "weighted";
      readonly clusters: readonly WeightedCluster[];
      readonly totalWeight: number;
    }
  | { readonly kind: "header"; readonly name: HeaderName };

export interface ForwardAction {
  readonly kind: "forward";
  readonly cluster: ClusterSpecifier;
  /** Status when the cluster does not exist; default 503. */
  readonly clusterNotFoundStatus: number;
  /** Default 15,000; undefined: off (0s). */
  readonly timeoutMs: number | undefined;
  /** Overrides the connection manager's; "inherit" where unset, undefined: off. */
  readonly idleTimeoutMs: number | "inherit" | undefined;
  readonly maxStreamDurationMs: number | "inherit" | undefined;
  readonly prefixRewrite: string | undefined;
  readonly regexRewrite:
    | { readonly regex: FullMatchRegex; readonly substitution: string }
    | undefined;
  readonly hostRewrite:
    | { readonly kind: "literal"; readonly host: string }
    | { readonly kind: "header"; readonly name: HeaderName }
    | { readonly kind: "auto" }
    | undefined;
  readonly appendXForwardedHost: boolean;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly mirrors: readonly MirrorPolicy[];
  readonly priority: "default" | "high";
  /** Upgrades enabled or disabled on this route, over the connection manager's. */
  readonly upgrades: readonly { readonly type: string; readonly enabled: boolean }[];
}

export interface MirrorPolicy {
  readonly cluster: string;
  /** undefined: always. */
  readonly fraction: FractionalPercent | undefined;
  /** Appends "-shadow" to the Host (Envoy's default). */
  readonly shadowHostSuffix: boolean;
}

export const RETRY_ON = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "refused-stream",
  "retriable-4xx",
  "retriable-status-codes",
  "retriable-headers",
  "envoy-ratelimited",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;
export type RetryOn = (typeof RETRY_ON)[number];

export interface RetryPolicy {
  readonly on: ReadonlySet<RetryOn>;
  /** Default 1. */
  readonly numRetries: number;
  readonly perTryTimeoutMs: number | undefined;
  readonly perTryIdleTimeoutMs: number | undefined;
  readonly retriableStatusCodes: ReadonlySet<number>;
  readonly retriableHeaders: readonly HeaderMatcher[];
  readonly retriableRequestHeaders: readonly HeaderMatcher[];
  /** Default 25; max default 10 × base. */
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** Default 1. */
  readonly hostSelectionMaxAttempts: number;
  readonly avoidPreviousHosts: boolean;
}
