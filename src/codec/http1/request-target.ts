// The four forms of a request target (RFC 9112 section 3.2) -> path and authority.
import { latin1, latin1Bytes } from "../latin1.ts";
import { type ProtocolError, remoteError } from "../protocol-error.ts";
import { endOfHost, isPort, isUserinfo } from "./authority.ts";
import { equalsIgnoreCase } from "./character-class.ts";
import type { RequestHead } from "./request-head.ts";

const [SLASH, STAR, COLON, AT, QUESTION, HASH] = [47, 42, 58, 64, 63, 35];
const ROOT = latin1Bytes("/");

/** Sets path, authority and scheme of `head` from the target head.bytes[start, end), which is not empty. */
export function resolveTarget(
  head: RequestHead,
  start: number,
  end: number,
): ProtocolError | undefined {
  const bytes = head.bytes;
  if (head.method === "CONNECT") {
    const hostEnd = endOfHost(bytes, start, end);
    if (hostEnd <= start || !isPort(bytes, hostEnd + 1, end)) return INVALID_URL;
    head.setAuthorityRange(bytes, start, end);
    return undefined;
  }
  if (bytes[start] === SLASH) {
    head.setPathRange(bytes, start, end);
    return undefined;
  }
  if (bytes[start] === STAR && end - start === 1) {
    if (head.method !== "OPTIONS") return INVALID_URL;
    head.setPathRange(bytes, start, end);
    return undefined;
  }
  return resolveAbsolute(head, start, end);
}

/** "http://user@host:port/path?query": the host replaces the Host field, userinfo is dropped, a missing path is "/". */
function resolveAbsolute(head: RequestHead, start: number, end: number): ProtocolError | undefined {
  const bytes = head.bytes;
  const colon = bytes.indexOf(COLON, start);
  const hasScheme = colon > start && colon + 2 < end;
  if (!hasScheme || bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH) return NO_SLASH;
  const isHttp = equalsIgnoreCase(bytes, start, colon, "http");
  if (!isHttp && !equalsIgnoreCase(bytes, start, colon, "https")) return INVALID_SCHEME;
  const userinfoStart = colon + 3;
  let authorityStart = userinfoStart;
  let authorityEnd = userinfoStart;
  while (authorityEnd < end && !endsAuthority(bytes[authorityEnd] as number)) {
    if (bytes[authorityEnd] === AT) {
      // From its beginning: a second "@" is not userinfo either.
      if (!isUserinfo(bytes, userinfoStart, authorityEnd)) return INVALID_URL;
      authorityStart = authorityEnd + 1;
    }
    authorityEnd += 1;
  }
  const hostEnd = endOfHost(bytes, authorityStart, authorityEnd);
  if (hostEnd <= authorityStart) return INVALID_URL;
  if (hostEnd < authorityEnd && !isPort(bytes, hostEnd + 1, authorityEnd)) return INVALID_URL;
  head.scheme = isHttp ? "http" : "https";
  head.setAuthorityRange(bytes, authorityStart, authorityEnd);
  if (authorityEnd === end) head.setPathRange(ROOT, 0, 1);
  else if (bytes[authorityEnd] === SLASH) head.setPathRange(bytes, authorityEnd, end);
  else head.setPath(`/${latin1(bytes, authorityEnd, end)}`);
  return undefined;
}

function endsAuthority(byte: number): boolean {
  return byte === SLASH || byte === QUESTION || byte === HASH;
}

const INVALID_URL = remoteError(
  400,
  "http1.invalid_url",
  "Request target must fit its method and name a valid host and port",
);
const INVALID_SCHEME = remoteError(
  400,
  "http1.invalid_scheme",
  "Scheme of the request target must be http or https",
);
const NO_SLASH = remoteError(
  400,
  "http1.codec_error",
  "Path of the request target must begin with a slash",
);
