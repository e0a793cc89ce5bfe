// Every limit of the codec, with its reason and what peers use.

export interface DecoderLimits {
  /** Bytes of one head, start line to empty line; the same again for a trailer section. */
  readonly maxHeadBytes: number;
  /** Fields of a message, trailers included. */
  readonly maxHeaderCount: number;
  /** Chunk extensions, and the leading zeros of chunk sizes, of one message in sum. */
  readonly maxChunkExtensionBytes: number;
  /** Empty lines before a start line. */
  readonly maxLeadingBlankLines: number;
  /** HTTP/1.0 requests are served; otherwise they are answered 426 like every version but 1.1. Envoy's accept_http_10. */
  readonly acceptHttp10: boolean;
}

/** The largest content-length and chunk size: beyond it numbers lose exactness. Envoy waits for 2^64-1 bytes. */
export const MAX_BODY_BYTES: number = Number.MAX_SAFE_INTEGER;

/**
 * What a downstream may send. 60 KiB and 100 fields are Envoy's max_request_headers_kb and max_headers_count (Node 16 KiB,
 * nginx 32 KiB, HAProxy 16 KiB and 101). 16 KiB of chunk extensions as Go since CVE-2023-39326; Envoy has no limit.
 * Two blank lines: RFC 9112 section 2.2 asks for tolerance of at least one; Envoy takes any number.
 */
export const REQUEST_LIMITS: DecoderLimits = {
  maxHeadBytes: 60 * 1024,
  maxHeaderCount: 100,
  maxChunkExtensionBytes: 16 * 1024,
  maxLeadingBlankLines: 2,
  acceptHttp10: false,
};

/** What an upstream may send: Envoy takes 80 KiB of response head over HTTP/1, and HTTP/1.0 responses always. */
export const RESPONSE_LIMITS: DecoderLimits = {
  maxHeadBytes: 80 * 1024,
  maxHeaderCount: 100,
  maxChunkExtensionBytes: 16 * 1024,
  maxLeadingBlankLines: 0,
  acceptHttp10: true,
};
