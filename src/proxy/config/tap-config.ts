// Which requests somebody wants to see: envoy.admin.v3.TapRequest as the proxy trusts it.
import type { FractionalPercent } from "./fault-config.ts";
import type { HeaderMatcher } from "./matcher-config.ts";

export type TapPredicate =
  | { readonly kind: "any" }
  | { readonly kind: "and" | "or"; readonly rules: readonly TapPredicate[] }
  | { readonly kind: "not"; readonly rule: TapPredicate }
  /** All of `headers` match. */
  | {
      readonly kind: "requestHeaders" | "responseHeaders";
      readonly headers: readonly HeaderMatcher[];
    };

export interface TapConfig {
  /** Of the tap filters that are meant: their `common_config.admin_config.config_id`. */
  readonly configId: string;
  readonly predicate: TapPredicate;
  /** The share of requests that is looked at. */
  readonly sampling: FractionalPercent;
}
