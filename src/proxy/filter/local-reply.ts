// Replies that the proxy makes itself, in Envoy's forms: text, gRPC status, or nothing but a head.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import { latin1Bytes } from "#codec/latin1.ts";
import {
  CONTENT_LENGTH,
  CONTENT_TYPE,
  decimalBytes,
  GRPC_MESSAGE,
  GRPC_STATUS,
  TEXT_PLAIN,
} from "../http/header-names.ts";

const GRPC_CONTENT_TYPE = latin1Bytes("application/grpc");
const SEMICOLON = 59;
const PLUS = 43;

/** `application/grpc`, `application/grpc+proto`, `application/grpc;…`: but not `application/grpc-web`. */
export function isGrpcRequest(head: RequestHead): boolean {
  const index = head.find(CONTENT_TYPE);
  if (index === -1) return false;
  const bytes = head.bytesAt(index);
  const start = head.valueStart(index);
  const length = head.valueEnd(index) - start;
  if (length < GRPC_CONTENT_TYPE.length) return false;
  for (let i = 0; i < GRPC_CONTENT_TYPE.length; i += 1) {
    if (bytes[start + i] !== GRPC_CONTENT_TYPE[i]) return false;
  }
  if (length === GRPC_CONTENT_TYPE.length) return true;
  const next = bytes[start + GRPC_CONTENT_TYPE.length];
  return next === PLUS || next === SEMICOLON;
}

/** The gRPC status that stands for a HTTP status (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** The HTTP status that outlier detection counts a gRPC status as (Envoy, grpc/status.cc); 0: not a gRPC status. */
export function httpStatusOfGrpc(grpcStatus: number): number {
  return GRPC_TO_HTTP[grpcStatus] ?? 0;
}

const GRPC_TO_HTTP: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** What grpc-message may hold as it is (gRPC over HTTP/2, "Percent-Encoded"): printable ASCII but `%`. */
function percentEncoded(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/g, (character) => {
    const code = character.charCodeAt(0) & 0xff;
    return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

export interface LocalReply {
  readonly status: number;
  /** One byte a character. */
  readonly body: string;
  /** For a gRPC request: the status to say instead of the one that `status` stands for. */
  readonly grpcStatus: number | undefined;
}

/**
 * Turns `head`, which may already hold fields, into the head of a local reply to `request` (undefined: there was no valid request).
 * Returns the body to send, empty for none.
 */
export function writeLocalReply(
  head: ResponseHead,
  request: RequestHead | undefined,
  reply: LocalReply,
): string {
  if (request !== undefined && isGrpcRequest(request)) {
    head.status = 200;
    head.append(CONTENT_TYPE, GRPC_CONTENT_TYPE);
    head.append(GRPC_STATUS, decimalBytes(reply.grpcStatus ?? grpcStatusOf(reply.status)));
    if (reply.body !== "") head.append(GRPC_MESSAGE, percentEncoded(reply.body));
    head.framing = "length";
    head.contentLength = 0;
    return "";
  }
  head.status = reply.status;
  head.framing = "length";
  head.contentLength = reply.body.length;
  if (reply.body !== "") {
    head.append(CONTENT_LENGTH, decimalBytes(reply.body.length));
    if (!head.has(CONTENT_TYPE)) head.append(CONTENT_TYPE, TEXT_PLAIN);
  }
  if (request?.method !== "HEAD") return reply.body;
  head.requestMethod = "HEAD";
  head.framing = "none";
  return "";
}
