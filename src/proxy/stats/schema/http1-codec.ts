// What the HTTP/1 codec refused or dropped; of a cluster from its first HTTP/1 request on.
import { defineStats, type StatsSchema } from "../define-stats.ts";

const STATS = {
  dropped_headers_with_underscores: "counter",
  metadata_not_supported_error: "counter",
  requests_rejected_with_underscores_in_headers: "counter",
  response_flood: "counter",
} as const;

/** `cluster.<stat name>.http1.*` for upstream connections, `http1.*` for all downstream ones. */
export const HTTP1_CODEC: StatsSchema<"http1Codec", keyof typeof STATS> = defineStats(
  "http1Codec",
  STATS,
);
