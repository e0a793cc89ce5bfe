// Support for what is asked of a tap through the admin interface (POST /tap).
import type { SupportTable } from "./support.ts";

const NO_TRAILERS = "trailers are not kept to be matched";
const NO_BODIES = "bodies are never looked at";
const ADMIN_ONLY = "requests are shown through the admin interface only";

export const TAP_SUPPORT: SupportTable = {
  "envoy.admin.v3.TapRequest": { read: ["config_id", "tap_config"] },
  "envoy.config.tap.v3.TapConfig": {
    read: ["match", "output_config", "tap_enabled"],
    refused: { match_config: "the field of today is match" },
  },
  "envoy.config.common.matcher.v3.MatchPredicate": {
    read: [
      "or_match",
      "and_match",
      "not_match",
      "any_match",
      "http_request_headers_match",
      "http_response_headers_match",
    ],
    refused: {
      http_request_trailers_match: NO_TRAILERS,
      http_response_trailers_match: NO_TRAILERS,
      http_request_generic_body_match: NO_BODIES,
      http_response_generic_body_match: NO_BODIES,
    },
  },
  "envoy.config.common.matcher.v3.MatchPredicate.MatchSet": { read: ["rules"] },
  "envoy.config.common.matcher.v3.HttpHeadersMatch": { read: ["headers"] },
  "envoy.config.tap.v3.OutputConfig": {
    read: ["sinks", "max_buffered_rx_bytes", "max_buffered_tx_bytes"],
    ignored: { min_streamed_sent_bytes: "how the bodies of streamed traces are cut" },
    refused: { streaming: "a request is shown when it is over" },
  },
  "envoy.config.tap.v3.OutputSink": {
    read: ["format", "streaming_admin"],
    refused: {
      file_per_tap: ADMIN_ONLY,
      streaming_grpc: ADMIN_ONLY,
      buffered_admin: "requests are shown one by one, as streaming_admin does",
      custom_sink: ADMIN_ONLY,
    },
  },
  "envoy.config.tap.v3.StreamingAdminSink": { read: [] },
};
