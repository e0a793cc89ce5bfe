// What a request tells the load balancer. The request itself is the context: a pick makes no object.
import type { SocketAddress } from "#base/net.ts";
import type { Host } from "./host.ts";

export interface PickContext {
  /** How often to pick again while `shouldAvoid` says so: 0, or on retries host_selection_retry_max_attempts (default 1). */
  readonly hostSelectionRetryCount: number;
  /** On retries: whether a retry host predicate rejects `host` (previous_hosts). The last pick is used even so. */
  shouldAvoid(host: Host): boolean;
  /** Where the downstream connection was meant to go; only ORIGINAL_DST clusters ask. */
  readonly originalDestination: SocketAddress | undefined;
}

/** For who has no wishes. */
export const NO_PICK_CONTEXT: PickContext = {
  hostSelectionRetryCount: 0,
  shouldAvoid: () => false,
  originalDestination: undefined,
};
