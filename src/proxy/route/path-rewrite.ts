// What a route makes of the path and the host of a request that it forwards or redirects.
import { headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { RegexSubstitution } from "../config/parse-matchers.ts";
import type { PathMatch } from "../config/route-config.ts";
import { byteText } from "../config/values.ts";

const X_ENVOY_ORIGINAL_HOST = headerName("x-envoy-original-host");
const X_FORWARDED_HOST = headerName("x-forwarded-host");

export interface PathRewrite {
  readonly prefix: string | undefined;
  readonly regex: RegexSubstitution | undefined;
}

/** The path with its query after `rewrite`; undefined when there is nothing to rewrite. */
export function rewrittenPath(
  path: string,
  match: PathMatch,
  rewrite: PathRewrite,
): string | undefined {
  const end = queryStart(path);
  if (rewrite.prefix !== undefined) return rewrite.prefix + path.slice(matchedLength(match, end));
  if (rewrite.regex === undefined) return undefined;
  const { regex, substitution } = rewrite.regex;
  return regex.replaceAll(path.slice(0, end), substitution) + path.slice(end);
}

/** What a prefix rewrite replaces: the prefix that matched, or the whole path where the match is of all of it. */
function matchedLength(match: PathMatch, pathLength: number): number {
  switch (match.kind) {
    case "prefix":
    case "pathSeparatedPrefix":
      return byteText(match.value).length;
    case "path":
    case "regex":
      return pathLength;
  }
}

function queryStart(path: string): number {
  const at = path.search(/[?#]/);
  return at === -1 ? path.length : at;
}

/**
 * Gives the request another host. `appendForwardedHost` notes the old one in x-forwarded-host unless it stands last there already;
 * `keepOriginal` (not with suppress_envoy_headers) notes it in x-envoy-original-host.
 */
export function rewriteHost(
  head: RequestHead,
  host: string,
  options: { readonly appendForwardedHost: boolean; readonly keepOriginal: boolean },
): void {
  const old = head.authority();
  if (options.keepOriginal) head.set(X_ENVOY_ORIGINAL_HOST, old);
  if (options.appendForwardedHost && old !== "") {
    const before = head.value(X_FORWARDED_HOST) ?? "";
    const last = before.slice(before.lastIndexOf(",") + 1).trim();
    if (last !== old) head.set(X_FORWARDED_HOST, before === "" ? old : `${before},${old}`);
  }
  head.setAuthority(host);
}
