// What keeps a page in somebody's browser from changing anything here: it cannot set these headers to what we ask for.
// Names that somebody pointed at our address (DNS rebinding) are refused by the server before (io/bun/http-server.ts).
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";

const READING = new Set(["GET", "HEAD"]);

/** Bodies that a browser does not send to another site without asking first; and it is not told yes. */
const CONTENT_TYPES = new Set([
  "application/json",
  "application/yaml",
  "application/x-yaml",
  "application/merge-patch+json",
]);

/** Why a request that changes something is not listened to; undefined: it is. */
export function refuseForeign(request: HttpServiceRequest): HttpServiceResponse | undefined {
  if (READING.has(request.method)) return undefined;
  const { host = "", origin, "sec-fetch-site": site } = request.headers;
  const isOwnOrigin = origin === undefined || origin === `http://${host}`;
  if (!isOwnOrigin || (site !== undefined && site !== "same-origin" && site !== "none")) {
    return jsonResponse({ error: "requests of other sites may change nothing here" }, 403);
  }
  const contentType = contentTypeOf(request);
  if (request.body !== "" && !CONTENT_TYPES.has(contentType)) {
    const error = `the body must come as application/json or application/yaml: current value is ${JSON.stringify(contentType)}`;
    return jsonResponse({ error }, 415);
  }
  return undefined;
}

/** Without parameters, lower case. */
export function contentTypeOf({ headers }: HttpServiceRequest): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export function notAllowed(method: string, allowed: readonly string[]): HttpServiceResponse {
  const error = `method ${method} not allowed, ${allowed.join(" or ")} required`;
  return { ...jsonResponse({ error }, 405), headers: { allow: allowed.join(", ") } };
}
