// The request methods that are served, as interned strings.
import { latin1 } from "../latin1.ts";

/** Envoy's list; any other method is refused 400. Mind MSEARCH, which UPnP writes with a hyphen. */
export const METHODS: readonly string[] = [
  ...["ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK"],
  ...["MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "MSEARCH", "NOTIFY", "OPTIONS"],
  ...["PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE", "PUT", "QUERY", "REBIND", "REPORT"],
  ...["SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"],
];

const INTERNED: ReadonlyMap<string, string> = new Map(METHODS.map((text) => [text, text]));
const LONGEST = Math.max(...METHODS.map((text) => text.length));
const [G, E, T, P, O, S] = [71, 69, 84, 80, 79, 83];

/** The method that is exactly bytes[start, end), else undefined. GET and POST, nearly all there is, take no string. */
export function parseMethod(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 3 && bytes[start] === G && bytes[start + 1] === E && bytes[start + 2] === T) {
    return "GET";
  }
  if (length > LONGEST) return undefined;
  if (
    length === 4 &&
    bytes[start] === P &&
    bytes[start + 1] === O &&
    bytes[start + 2] === S &&
    bytes[start + 3] === T
  ) {
    return "POST";
  }
  return INTERNED.get(latin1(bytes, start, end));
}

/** Methods whose requests get no "content-length: 0" when they have no body (Envoy's requestShouldHaveNoBody; RFC 9110 section 8.6). */
export function hasNoBodyByNature(method: string): boolean {
  switch (method) {
    case "GET":
    case "HEAD":
    case "DELETE":
    case "TRACE":
    case "CONNECT":
      return true;
    default:
      return false;
  }
}
