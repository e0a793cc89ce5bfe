// Support for the small messages that all resources share (envoy.config.core.v3, envoy.type).
import type { SupportTable } from "./support.ts";

const NO_RUNTIME = "there is no runtime layer to override the default: the default holds";

export const CORE_SUPPORT: SupportTable = {
  "envoy.config.core.v3.Address": {
    read: ["socket_address"],
    refused: { pipe: "Unix domain sockets are not supported" },
  },
  "envoy.config.core.v3.SocketAddress": {
    read: ["protocol", "address", "port_value", "named_port", "resolver_name"],
    ignored: { ipv4_compat: "concerns IPv6 wildcard sockets only; the runtime decides" },
  },
  "envoy.config.core.v3.CidrRange": { read: ["address_prefix", "prefix_len"] },
  "envoy.config.core.v3.ConfigSource": {
    read: ["ads", "initial_fetch_timeout", "resource_api_version"],
    refused: {
      path: "only ADS is supported as a source",
      path_config_source: "only ADS is supported as a source",
      api_config_source: "only ADS is supported as a source",
      self: "only ADS is supported as a source",
    },
  },
  "envoy.config.core.v3.AggregatedConfigSource": { read: [] },
  "envoy.config.core.v3.Metadata": {
    read: ["filter_metadata"],
    ignored: { typed_filter_metadata: "read only by filters that are refused" },
  },
  "envoy.config.core.v3.TransportSocket": { read: ["name", "typed_config"] },
  "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": { read: [] },
  "envoy.config.core.v3.TypedExtensionConfig": { read: ["name", "typed_config"] },
  "envoy.config.core.v3.DataSource": {
    read: ["inline_string", "inline_bytes"],
    refused: {
      filename: "files are not read while configuration is applied: use inline_string",
      environment_variable: "environment variables are not read: use inline_string",
    },
  },
  "envoy.config.core.v3.HeaderValue": { read: ["key", "value", "raw_value"] },
  "envoy.config.core.v3.HeaderValueOption": {
    read: ["header", "append", "append_action", "keep_empty_value"],
  },
  "envoy.config.core.v3.RuntimeFractionalPercent": {
    read: ["default_value"],
    ignored: { runtime_key: NO_RUNTIME },
  },
  "envoy.config.core.v3.RuntimeDouble": {
    read: ["default_value"],
    ignored: { runtime_key: NO_RUNTIME },
  },
  "envoy.config.core.v3.SubstitutionFormatString": {
    read: ["text_format", "text_format_source", "json_format", "omit_empty_values"],
    ignored: { content_type: "concerns local replies; an access log has no content type" },
  },
  "envoy.config.core.v3.HttpProtocolOptions": {
    read: [
      "idle_timeout",
      "max_connection_duration",
      "max_headers_count",
      "max_stream_duration",
      "headers_with_underscores_action",
      "max_requests_per_connection",
    ],
  },
  "envoy.config.core.v3.Http1ProtocolOptions": {
    read: ["allow_absolute_url", "accept_http_10", "enable_trailers"],
    ignored: { use_balsa_parser: "chooses between Envoy's own two parsers" },
    refused: { header_key_format: "header names are forwarded in lower case" },
  },
  "envoy.config.core.v3.Locality": { read: ["region", "zone", "sub_zone"] },
  "envoy.type.v3.FractionalPercent": { read: ["numerator", "denominator"] },
  "envoy.type.v3.Percent": { read: ["value"] },
  "envoy.type.v3.Int64Range": { read: ["start", "end"] },
  "envoy.type.matcher.v3.StringMatcher": {
    read: ["exact", "prefix", "suffix", "safe_regex", "contains", "ignore_case"],
  },
  "envoy.type.matcher.v3.RegexMatcher": {
    read: ["regex"],
    ignored: { google_re2: "RE2 is the only engine; its size limit is our own" },
  },
  "envoy.type.matcher.v3.RegexMatcher.GoogleRE2": {
    read: [],
    ignored: { max_program_size: "the size limit is our own (base/regex.ts)" },
  },
  "envoy.type.matcher.v3.RegexMatchAndSubstitute": { read: ["pattern", "substitution"] },
  "envoy.config.accesslog.v3.AccessLog": {
    read: ["typed_config"],
    ignored: { name: "a label" },
    refused: { filter: "access log filters are not supported" },
  },
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": {
    read: ["path", "format", "json_format", "typed_json_format", "log_format"],
  },
  "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": { read: ["log_format"] },
  "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": { read: ["log_format"] },
};
