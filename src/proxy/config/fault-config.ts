// The fault filter's configuration (envoy.extensions.filters.http.fault.v3.HTTPFault), for a filter or a route.
import type { HeaderMatcher } from "./matcher-config.ts";

/** Strikes when `random % denominator < numerator`. */
export interface FractionalPercent {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
}

export interface FaultConfig {
  readonly delay:
    | { readonly kind: "fixed"; readonly delayMs: number; readonly percentage: FractionalPercent }
    | { readonly kind: "header"; readonly percentage: FractionalPercent }
    | undefined;
  readonly abort:
    | { readonly kind: "http"; readonly status: number; readonly percentage: FractionalPercent }
    | { readonly kind: "grpc"; readonly status: number; readonly percentage: FractionalPercent }
    | { readonly kind: "header"; readonly percentage: FractionalPercent }
    | undefined;
  /** "" matches every cluster. */
  readonly upstreamCluster: string;
  readonly downstreamNodes: readonly string[];
  readonly headers: readonly HeaderMatcher[];
  /** undefined: no limit. */
  readonly maxActiveFaults: number | undefined;
}
