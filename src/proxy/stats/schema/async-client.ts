// Requests that the proxy sends on its own account: mirrored ones.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  no_cluster: "counter",
  no_route: "counter",
  passthrough_internal_redirect_bad_location: "counter",
  passthrough_internal_redirect_no_route: "counter",
  passthrough_internal_redirect_predicate: "counter",
  passthrough_internal_redirect_too_many_redirects: "counter",
  passthrough_internal_redirect_unsafe_scheme: "counter",
  rq_direct_response: "counter",
  rq_overload_local_reply: "counter",
  rq_redirect: "counter",
  rq_reset_after_downstream_response_started: "counter",
  rq_total: "counter",
} as const;

/** `http.async-client.*` */
export const ASYNC_CLIENT: StatsSchema<"asyncClient", keyof typeof STATS> = defineStats(
  "asyncClient",
  STATS,
);
