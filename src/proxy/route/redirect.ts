// The location that a redirect sends the downstream to.
import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { RedirectAction } from "../config/route-config.ts";
import { wireText } from "./bytes.ts";
import { findValue, HeaderValue } from "./header-values.ts";
import { rewrittenPath } from "./path-rewrite.ts";
import type { RouteEntry } from "./route-entry.ts";

const SCHEME = headerName(":scheme");
const X_FORWARDED_PROTO = headerName("x-forwarded-proto");
const scratch = new HeaderValue();

/** An absolute URL. `entry` is one whose action is a redirect. */
export function redirectLocation(entry: RouteEntry, head: RequestHead): string {
  const { action, match } = entry.route;
  if (action.kind !== "redirect") return "";
  // A virtual host that wants TLS keeps host and port as they are.
  if (entry.isTlsRedirect) return `https://${head.authority()}${head.path()}`;
  const scheme = action.scheme ?? (action.httpsRedirect ? "https" : requestScheme(head));
  const port = action.port === undefined ? "" : `:${action.port}`;
  const host = action.host ?? requestHost(head, scheme, port !== "");
  const path = redirectPath(action, head.path(), match.path);
  return `${scheme}://${host}${port}${path}`;
}

function requestScheme(head: RequestHead): string {
  findValue(head, SCHEME, scratch);
  return wireText(scratch.bytes, scratch.start, scratch.end);
}

/** The port is kept, unless another is set, or it is the old scheme's default and the scheme changes. */
function requestHost(head: RequestHead, newScheme: string, hasNewPort: boolean): string {
  const host = head.authority();
  const colon = portStart(host);
  if (colon === -1) return host;
  const port = host.slice(colon);
  const oldScheme = head.value(X_FORWARDED_PROTO) ?? "http";
  const isOldDefault =
    (oldScheme === "https" && port === ":443") || (oldScheme === "http" && port === ":80");
  const remove = hasNewPort || (newScheme !== oldScheme && isOldDefault);
  return remove ? host.slice(0, colon) : host;
}

function portStart(host: string): number {
  if (!host.startsWith("[")) return host.lastIndexOf(":");
  const end = host.lastIndexOf("]:");
  return end === -1 ? -1 : end + 1;
}

function redirectPath(
  { path: rewrite, stripQuery }: RedirectAction,
  path: string,
  match: RouteEntry["route"]["match"]["path"],
): string {
  const query = path.indexOf("?");
  switch (rewrite?.kind) {
    case undefined:
      return stripped(path, stripQuery);
    case "replace":
      // A query in the configured path takes the place of the request's, and is never stripped.
      if (rewrite.path.includes("?")) return rewrite.path;
      return stripped(query === -1 ? rewrite.path : rewrite.path + path.slice(query), stripQuery);
    case "prefix": {
      const prefixed = rewrittenPath(path, match, { prefix: rewrite.prefix, regex: undefined });
      return stripped(prefixed ?? path, stripQuery);
    }
    case "regex":
      return stripped(
        rewrittenPath(path, match, { prefix: undefined, regex: rewrite }) ?? path,
        stripQuery,
      );
  }
}

function stripped(path: string, stripQuery: boolean): string {
  const query = stripQuery ? path.indexOf("?") : -1;
  return query === -1 ? path : path.slice(0, query);
}
