// envoy.admin.v3.TapRequest -> TapConfig, or the path of the field that we do not have.
import type { TapRequest } from "#api/envoy/admin/v3/tap_pb.ts";
import { TapRequestSchema } from "#api/envoy/admin/v3/tap_pb.ts";
import type {
  HttpHeadersMatch,
  MatchPredicate,
} from "#api/envoy/config/common/matcher/v3/matcher_pb.ts";
import {
  OutputSink_Format as Format,
  type OutputConfig,
} from "#api/envoy/config/tap/v3/common_pb.ts";
import { checkMessage } from "./check/check-message.ts";
import { Field } from "./field.ts";
import { readHeaderMatchers } from "./parse-matchers.ts";
import type { Parsed } from "./parsed.ts";
import type { TapConfig, TapPredicate } from "./tap-config.ts";
import { fractionalPercent } from "./values.ts";

export function parseTapRequest(message: TapRequest): Parsed<TapConfig> {
  const root = Field.root();
  checkMessage(TapRequestSchema, message, root);
  if (root.isRejected) return root.refusal();
  const { tapConfig } = message;
  const at = root.child("tap_config");
  checkOutput(at.child("output_config"), tapConfig?.outputConfig);
  const match = tapConfig?.match;
  if (match === undefined) at.child("match").reject("value is required");
  const enabled = tapConfig?.tapEnabled?.defaultValue;
  return root.outcome({
    configId: message.configId,
    predicate: match === undefined ? { kind: "any" } : readPredicate(at.child("match"), match),
    sampling:
      enabled === undefined ? { numerator: 100, denominator: 100 } : fractionalPercent(enabled),
  });
}

/** Bodies are never shown, so only who asks for none gets what was asked for. */
function checkOutput(at: Field, output: OutputConfig | undefined): void {
  for (const [name, value] of [
    ["max_buffered_rx_bytes", output?.maxBufferedRxBytes],
    ["max_buffered_tx_bytes", output?.maxBufferedTxBytes],
  ] as const) {
    if (value !== 0) at.child(name).reject("must be 0: bodies are never shown");
  }
  const sink = output?.sinks[0];
  const format = sink?.format;
  if (sink?.outputSinkType.case !== "streamingAdmin")
    at.child("sinks").reject("must be one streaming_admin");
  if (format !== Format.JSON_BODY_AS_BYTES && format !== Format.JSON_BODY_AS_STRING) {
    const field = at.child("sinks").item(0).child("format");
    field.reject("not supported: only JSON_BODY_AS_BYTES and JSON_BODY_AS_STRING are");
  }
}

function readPredicate(at: Field, { rule }: MatchPredicate): TapPredicate {
  switch (rule.case) {
    case "orMatch":
      return { kind: "or", rules: readRules(at.child("or_match"), rule.value.rules) };
    case "andMatch":
      return { kind: "and", rules: readRules(at.child("and_match"), rule.value.rules) };
    case "notMatch":
      return { kind: "not", rule: readPredicate(at.child("not_match"), rule.value) };
    case "httpRequestHeadersMatch":
      return readHeaders(at.child("http_request_headers_match"), "requestHeaders", rule.value);
    case "httpResponseHeadersMatch":
      return readHeaders(at.child("http_response_headers_match"), "responseHeaders", rule.value);
    default: // the others were refused by the table of supported fields
      return { kind: "any" };
  }
}

const readRules = (at: Field, rules: readonly MatchPredicate[]): TapPredicate[] =>
  rules.map((rule, i) => readPredicate(at.child("rules").item(i), rule));

function readHeaders(
  at: Field,
  kind: "requestHeaders" | "responseHeaders",
  match: HttpHeadersMatch,
): TapPredicate {
  return { kind, headers: readHeaderMatchers(at.child("headers"), match.headers) };
}
