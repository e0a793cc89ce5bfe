// Everything that a matched route does to a request before it goes upstream, and to a response before it goes downstream.
import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { ForwardAction } from "../config/route-config.ts";
import type { StreamInfo } from "../stream-info.ts";
import { applyHeaderPlan } from "./header-mutator.ts";
import { rewriteHost, rewrittenPath } from "./path-rewrite.ts";
import type { ClusterChoice, RouteEntry } from "./route-entry.ts";

const X_ENVOY_ORIGINAL_PATH = headerName("x-envoy-original-path");

/**
 * Header operations first, then host, then path, as Envoy since 1.38. `auto` host rewrites wait for the upstream host: see
 * `rewriteHost`. With `suppressEnvoyHeaders` the x-envoy-original-* marks are left out.
 */
export function finalizeRequest(
  entry: RouteEntry,
  choice: ClusterChoice,
  head: RequestHead,
  info: StreamInfo,
  suppressEnvoyHeaders: boolean,
): void {
  applyHeaderPlan(choice.requestHeaders, head, info);
  const { action } = entry.route;
  if (action.kind !== "forward") return;
  const host = hostFor(action, choice, head);
  if (host !== undefined) {
    const appendForwardedHost = action.appendXForwardedHost;
    rewriteHost(head, host, { appendForwardedHost, keepOriginal: !suppressEnvoyHeaders });
  }
  if (action.prefixRewrite === undefined && action.regexRewrite === undefined) return;
  const old = head.path();
  const rewrite = { prefix: action.prefixRewrite, regex: action.regexRewrite };
  const path = rewrittenPath(old, entry.route.match.path, rewrite);
  if (path === undefined) return;
  if (!suppressEnvoyHeaders) head.set(X_ENVOY_ORIGINAL_PATH, old);
  head.setPath(path);
}

/** `choice` is undefined for responses that the proxy makes for a route without cluster. */
export function finalizeResponse(
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
  head: ResponseHead,
  info: StreamInfo,
): void {
  applyHeaderPlan((choice ?? entry).responseHeaders, head, info);
}

function hostFor(
  action: ForwardAction,
  { weighted }: ClusterChoice,
  head: RequestHead,
): string | undefined {
  if (weighted?.hostRewrite !== undefined) return weighted.hostRewrite;
  switch (action.hostRewrite?.kind) {
    case "literal":
      return action.hostRewrite.host;
    case "header": {
      const value = head.value(action.hostRewrite.name);
      return value === "" ? undefined : value;
    }
    case "auto":
    case undefined:
      return undefined;
  }
}
