// Fields that mean nothing, or something dangerous, behind a body (RFC 9110 section 6.5.1).
import type { HeaderBlock } from "../header-block.ts";
import { type HeaderName, headerName } from "../header-name.ts";

/** Framing, routing, authentication, request modifiers, content description and control: never merged into what was decided before. */
const FORBIDDEN: readonly HeaderName[] = [
  ...["content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive"],
  ...["proxy-connection", "upgrade", "host", "authorization", "proxy-authorization"],
  ...["proxy-authenticate", "www-authenticate", "cookie", "set-cookie", "expect", "max-forwards"],
  ...["cache-control", "range", "content-encoding", "content-type", "content-range"],
  ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-client-cert"],
  ...["x-request-id", "x-envoy-internal", "x-envoy-external-address", "x-envoy-original-path"],
].map(headerName);

/** Removes them; says whether any field is left. */
export function removeForbiddenTrailers(trailers: HeaderBlock): boolean {
  for (const name of FORBIDDEN) trailers.remove(name);
  for (let i = 0; i < trailers.count; i += 1) {
    if (!trailers.isRemoved(i)) return true;
  }
  return false;
}
