// The request's head as routing sees it: made like one that came in, then prepared by the connection manager's own code.
import { isIp } from "#base/ip-address.ts";
import type { SocketAddress } from "#base/net.ts";
import { headerName } from "#codec/header-name.ts";
import { RequestHead } from "#codec/http1/request-head.ts";
import { checkRequestHead } from "#codec/http1/request-policy.ts";
import { latin1Bytes } from "#codec/latin1.ts";
import type { HttpConnectionManagerConfig } from "#proxy/config/listener-config.ts";
import { byteText } from "#proxy/config/values.ts";
import { normalizePath } from "#proxy/http/path-normalization.ts";
import { prepareRequestHead } from "#proxy/http/request-headers.ts";
import { removeUnderscores } from "#proxy/http/underscores.ts";
import type { Arrived } from "./choose-entrance.ts";
import type { ExplainedRequest } from "./explanation.ts";

export type PreparedHead =
  | { readonly kind: "prepared"; readonly head: RequestHead }
  /** Refused before any route is looked at; `details` is Envoy's word for why. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly flags: string | undefined;
      readonly details: string;
    };

const X_FORWARDED_PROTO = headerName("x-forwarded-proto");

/** Ids are drawn from here: which one a request gets decides nothing that is explained. */
const NO_DICE = { u32: (): number => 0 };

/** A new one for each call: what is done to it stays with it. */
export function prepareHead(
  request: ExplainedRequest,
  config: HttpConnectionManagerConfig,
  arrived: Arrived,
): PreparedHead {
  const head = createHead(request, arrived);
  if (config.headersWithUnderscores !== "allow" && removeUnderscores(head)) {
    if (config.headersWithUnderscores === "reject") {
      return { kind: "refused", status: 400, flags: "DPE", details: "unexpected_underscore" };
    }
  }
  if (head.scheme !== "" && !config.allowAbsoluteUrl) {
    return { kind: "refused", status: 404, flags: undefined, details: "absolute_path_rejected" };
  }
  const rejection = checkRequestHead(head, config);
  if (rejection !== undefined) {
    const { status, flag, details } = rejection;
    return { kind: "refused", status, flags: flag, details };
  }
  if ((config.normalizePath || config.mergeSlashes) && !normalizePath(head, config)) {
    return { kind: "refused", status: 400, flags: undefined, details: "path_normalization_failed" };
  }
  const origin = { remoteAddress: CLIENT, localAddress: addressOf(arrived) };
  const via = config.via === "" ? undefined : latin1Bytes(config.via);
  prepareRequestHead(head, { config, via, services: { dispatcher: { random: NO_DICE } } }, origin);
  if (arrived.isTls) head.set(X_FORWARDED_PROTO, "https");
  return { kind: "prepared", head };
}

/** Who asks is not known; a program on the same machine does. */
const CLIENT: SocketAddress = { host: "127.0.0.1", port: 0 };

function addressOf({ destination, listener }: Arrived): SocketAddress {
  return isIp(destination.host) ? destination : listener.address;
}

function createHead(request: ExplainedRequest, { isProxied }: Arrived): RequestHead {
  const head = new RequestHead();
  head.method = request.method;
  head.setAuthority(byteText(request.authority));
  head.setPath(byteText(request.path));
  if (isProxied) head.scheme = request.scheme;
  for (const [name, value] of request.headers) head.append(headerName(name), byteText(value));
  const upgrade = request.headers.find(([name]) => name.toLowerCase() === "upgrade");
  if (upgrade !== undefined) head.upgrade = upgrade[1].toLowerCase();
  return head;
}
