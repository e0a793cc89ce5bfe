// One match of an http route.
import type {
  HTTPMatchRequest,
  StringMatch,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { compileRegex } from "#base/regex.ts";
import { each, type Field } from "../field.ts";
import { checkLabels, checkPort, isDnsLabel } from "../names.ts";
import { checkGatewayName } from "./gateway-name.ts";
import { isHeaderName } from "./headers.ts";

const PSEUDO_HEADERS = [":method", ":scheme", ":authority", ":path", ":status"];
/** Gateways route by JWT claims under this name. */
const CLAIMS = /^@request\.auth\.claims[.[]/;

/** Characters of an expression, as Istio counts; the program of a longer one may exceed what Envoy takes. */
const MAX_REGEX_LENGTH = 1024;

export function checkHttpMatch(match: HTTPMatchRequest, field: Field): void {
  // An empty prefix of the path is everything; of anything else Envoy refuses it.
  checkStringMatch(match.uri, field.at("uri"), { mayBeEmpty: true });
  for (const name of ["scheme", "method", "authority"] as const) {
    checkStringMatch(match[name], field.at(name));
  }
  for (const name of ["headers", "withoutHeaders"] as const) {
    for (const [header, value] of Object.entries(match[name])) {
      const at = field.at(name, header);
      const isName = isHeaderName(header) || PSEUDO_HEADERS.includes(header) || CLAIMS.test(header);
      if (!isName) at.must("be a header name", header);
      checkStringMatch(value, at);
    }
  }
  for (const [parameter, value] of Object.entries(match.queryParams)) {
    checkStringMatch(value, field.at("queryParams", parameter));
  }
  if (match.port !== 0) checkPort(match.port, field.at("port"));
  checkLabels(match.sourceLabels, field.at("sourceLabels"));
  each(match.gateways, field.at("gateways"), checkGatewayName);
  if (match.sourceNamespace !== "" && !isDnsLabel(match.sourceNamespace)) {
    field.at("sourceNamespace").must("be a namespace", match.sourceNamespace);
  }
}

export function checkStringMatch(
  match: StringMatch | undefined,
  field: Field,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean } = { mayBeEmpty: false },
): void {
  const { case: kind, value = "" } = match?.matchType ?? {};
  if (kind === "prefix" && value === "" && !mayBeEmpty)
    field.at("prefix").error("must not be empty");
  // "*" alone is no expression: it means that the header is there.
  if (kind === "regex" && value !== "*") checkRegex(value, field.at("regex"));
}

export function checkRegex(source: string, field: Field): void {
  if (source === "") {
    field.error("must not be empty");
    return;
  }
  if (source.length > MAX_REGEX_LENGTH) {
    field.error(`must have at most ${MAX_REGEX_LENGTH} characters: it has ${source.length}`);
    return;
  }
  const compiled = compileRegex(source);
  if (compiled.kind === "failed")
    field.must(`be an expression in RE2's syntax (${compiled.reason})`, source);
}
