// VirtualService redirect and directResponse -> the actions that answer without an upstream.
import { create } from "@bufbuild/protobuf";
import {
  type DirectResponseAction,
  DirectResponseActionSchema,
  type RedirectAction,
  RedirectActionSchema,
  RedirectAction_RedirectResponseCode as ResponseCode,
} from "#api/envoy/config/route/v3/route_components_pb.ts";
import {
  type HTTPDirectResponse,
  type HTTPRedirect,
  HTTPRedirect_RedirectPortSelection as PortSelection,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";

const CODES: ReadonlyMap<number, ResponseCode> = new Map<number, ResponseCode>([
  [0, ResponseCode.MOVED_PERMANENTLY],
  [301, ResponseCode.MOVED_PERMANENTLY],
  [302, ResponseCode.FOUND],
  [303, ResponseCode.SEE_OTHER],
  [307, ResponseCode.TEMPORARY_REDIRECT],
  [308, ResponseCode.PERMANENT_REDIRECT],
]);

/** undefined for a code that Envoy does not know: the validator refuses those, and a route without action answers 500. */
export function redirect(
  settings: HTTPRedirect,
  listenerPort: number,
  isTls: boolean,
): RedirectAction | undefined {
  const responseCode = CODES.get(settings.redirectCode);
  if (responseCode === undefined) return undefined;
  return create(RedirectActionSchema, {
    hostRedirect: settings.authority,
    portRedirect: redirectPort(settings, listenerPort, isTls),
    schemeRewriteSpecifier:
      settings.scheme === ""
        ? { case: undefined }
        : { case: "schemeRedirect", value: settings.scheme },
    pathRewriteSpecifier:
      settings.prefixRewrite === ""
        ? { case: "pathRedirect", value: settings.uri }
        : { case: "prefixRewrite", value: settings.prefixRewrite },
    responseCode,
  });
}

/** Envoy cannot take the port from the request; the listener's port is the same thing. A scheme's own port is left out. */
function redirectPort(settings: HTTPRedirect, listenerPort: number, isTls: boolean): number {
  const { redirectPort: choice } = settings;
  const port =
    choice.case === "port"
      ? choice.value
      : choice.case === "derivePort" && choice.value === PortSelection.FROM_REQUEST_PORT
        ? listenerPort
        : 0;
  const scheme = settings.scheme || (isTls ? "https" : "http");
  const isDefault = (port === 80 && scheme === "http") || (port === 443 && scheme === "https");
  return isDefault ? 0 : port;
}

export function directResponse(settings: HTTPDirectResponse): DirectResponseAction {
  const { specifier } = settings.body ?? {};
  return create(DirectResponseActionSchema, {
    status: settings.status,
    body:
      specifier?.case === "string"
        ? { specifier: { case: "inlineString", value: specifier.value } }
        : specifier?.case === "bytes"
          ? { specifier: { case: "inlineBytes", value: specifier.value } }
          : undefined,
  });
}
