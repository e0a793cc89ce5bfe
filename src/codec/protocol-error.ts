// What a peer did wrong, as a value: nothing in the codec throws for bytes from the network.

/** A violation of the protocol, found by an engine. The connection cannot be read any further. */
export interface ProtocolError {
  /** What to answer: a request's 400, 426, 431 or 501; 502 when it was the upstream's response. */
  readonly status: 400 | 426 | 431 | 501 | 502;
  /** Envoy's response code details: "http1.codec_error", … */
  readonly details: string;
  /** For people; bytes of the peer appear in it only quoted. */
  readonly message: string;
  /** Whose fault: "remote" is the peer's; "local" is ours, an engine asked for what its state forbids. */
  readonly blame: "local" | "remote";
  /** How much of the connection is lost. HTTP/1: always all of it. */
  readonly scope: "stream" | "connection";
}

/** Envoy's response code details that the HTTP/1 engine gives. */
export type CodecDetails =
  | "http1.codec_error"
  | "http1.invalid_characters"
  | "http1.too_many_headers"
  | "http1.headers_too_large"
  | "http1.connection_header_rejected"
  | "http1.invalid_url"
  | "http1.invalid_scheme"
  | "http1.invalid_transfer_encoding"
  | "http1.transfer_encoding_not_allowed"
  | "http1.content_length_not_allowed"
  | "http1.content_length_and_chunked_not_allowed"
  | "http1.body_disallowed"
  | "http.invalid_authority"
  | "low_version";

/** An error of the peer that ends its connection, with the status that answers a request. */
export function remoteError(
  status: ProtocolError["status"],
  details: CodecDetails,
  message: string,
): ProtocolError {
  return { status, details, message, blame: "remote", scope: "connection" };
}
