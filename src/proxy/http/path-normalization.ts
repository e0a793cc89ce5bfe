// Paths made comparable before routing (normalize_path, merge_slashes): RFC 3986 sections 6.2.2.2 and 6.2.2.3, as Envoy applies them.
import type { RequestHead } from "#codec/http1/request-head.ts";

export interface PathNormalization {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
}

/** What may be written plainly: "%61" becomes "a"; all other escapes stay as they were sent. */
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** Rewrites the path of `head` (never its query). Returns false when the request must be refused: an escaped NUL. */
export function normalizePath(head: RequestHead, options: PathNormalization): boolean {
  const target = head.path();
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  let result = path;
  if (options.normalizePath) {
    if (/%00/.test(result)) return false;
    result = removeDotSegments(decodeUnreserved(result).replaceAll("\\", "/"));
  }
  if (options.mergeSlashes) result = result.replace(/\/{2,}/g, "/");
  if (result !== path) head.setPath(query === -1 ? result : result + target.slice(query));
  return true;
}

function decodeUnreserved(path: string): string {
  return path.replace(/%[0-9a-fA-F]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape;
  });
}

/** RFC 3986 section 5.2.4, for a path that begins with a slash. */
function removeDotSegments(path: string): string {
  if (!path.includes("/.")) return path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === "." || segment === "..") {
      if (segment === "..") kept.pop();
      // "/a/." and "/a/b/.." name a folder: the slash stays.
      if (isLast) kept.push("");
    } else {
      kept.push(segment);
    }
  });
  return `/${kept.join("/")}`;
}
