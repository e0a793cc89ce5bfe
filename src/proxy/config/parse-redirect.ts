// envoy.config.route.v3.RedirectAction and DirectResponseAction: routes that the proxy answers by itself.
import type { DataSource } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  RedirectAction_RedirectResponseCode as Code,
  type DirectResponseAction as DirectResponseMessage,
  type RedirectAction as RedirectMessage,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import type { Field } from "./field.ts";
import { readRegexSubstitution } from "./parse-matchers.ts";
import type { DirectResponseAction, RedirectAction } from "./route-config.ts";
import { byteText } from "./values.ts";

export function readRedirect(at: Field, message: RedirectMessage): RedirectAction {
  const scheme = message.schemeRewriteSpecifier;
  if (message.portRedirect > 65_535) {
    at.child("port_redirect").reject(`must be at most 65535: got ${message.portRedirect}`);
  }
  return {
    kind: "redirect",
    status: statusOf(message.responseCode),
    scheme:
      scheme.case === "schemeRedirect" && scheme.value !== "" ? byteText(scheme.value) : undefined,
    httpsRedirect: scheme.case === "httpsRedirect" && scheme.value,
    host: message.hostRedirect === "" ? undefined : byteText(message.hostRedirect),
    port: message.portRedirect === 0 ? undefined : message.portRedirect,
    path: readPath(at, message),
    stripQuery: message.stripQuery,
  };
}

function readPath(at: Field, message: RedirectMessage): RedirectAction["path"] {
  const specifier = message.pathRewriteSpecifier;
  switch (specifier.case) {
    case "pathRedirect":
      return specifier.value === ""
        ? undefined
        : { kind: "replace", path: byteText(specifier.value) };
    case "prefixRewrite":
      return { kind: "prefix", prefix: byteText(specifier.value) };
    case "regexRewrite":
      return {
        kind: "regex",
        ...readRegexSubstitution(at.child("regex_rewrite"), specifier.value),
      };
    default:
      return undefined;
  }
}

function statusOf(code: Code): RedirectAction["status"] {
  switch (code) {
    case Code.FOUND:
      return 302;
    case Code.SEE_OTHER:
      return 303;
    case Code.TEMPORARY_REDIRECT:
      return 307;
    case Code.PERMANENT_REDIRECT:
      return 308;
    default:
      return 301;
  }
}

const encoder = new TextEncoder();
const NO_BODY = new Uint8Array(0);

/** `maxBodyBytes`: the route configuration's max_direct_response_body_size_bytes, default 4096. */
export function readDirectResponse(
  at: Field,
  message: DirectResponseMessage,
  maxBodyBytes: number,
): DirectResponseAction {
  const body = message.body === undefined ? NO_BODY : bytesOf(message.body);
  if (body.length > maxBodyBytes) {
    at.child("body").reject(
      `response body size is ${body.length} bytes; maximum is ${maxBodyBytes}`,
    );
  }
  return { kind: "directResponse", status: message.status, body };
}

function bytesOf({ specifier }: DataSource): Uint8Array {
  if (specifier.case === "inlineBytes") return specifier.value;
  return specifier.case === "inlineString" ? encoder.encode(specifier.value) : NO_BODY;
}
