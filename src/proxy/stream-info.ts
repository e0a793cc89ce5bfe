// What access logs and statistics see of one request, or of one TCP connection: plain fields that the data path fills in.
import type { SocketAddress } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";

export type Protocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/**
 * The data path's stream object implements this. Moments are on the monotonic clock (Clock.nowMs), in milliseconds; a moment
 * that has not come, like every other thing that is not known, is undefined. Header blocks are those at the end of the
 * stream's life: what filters changed is seen changed.
 */
export interface StreamInfo {
  /** Monotonic: when the first byte of the request (TCP: the connection) came. */
  readonly startMs: number;
  /** The same moment in milliseconds since 1970. */
  readonly startWallMs: number;
  /** undefined for TCP, and for bytes that are no request. */
  readonly protocol: Protocol | undefined;
  readonly requestHead: RequestHead | undefined;
  readonly responseHead: ResponseHead | undefined;
  readonly responseTrailers: HeaderBlock | undefined;
  /** The path as it came in, when a filter or the route has changed it. */
  readonly originalPath: string | undefined;

  /** 0 when no response was sent. */
  readonly responseCode: number;
  /** "via_upstream", "route_not_found", … (envoy.md section 16). */
  readonly responseCodeDetails: string | undefined;
  /** FLAGs in the order in which they were raised (`withFlag` in response-flags.ts). */
  readonly responseFlags: number;
  /** Why the connection was ended, when the proxy did it. */
  readonly connectionTerminationDetails: string | undefined;

  /** Body bytes (TCP: all bytes) from downstream, and to it. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Bytes on the wire of the request and of the response, framing included; header bytes alone. */
  readonly downstreamWireBytesReceived: number;
  readonly downstreamWireBytesSent: number;
  readonly downstreamHeaderBytesReceived: number;
  readonly downstreamHeaderBytesSent: number;
  readonly upstreamWireBytesReceived: number;
  readonly upstreamWireBytesSent: number;
  readonly upstreamHeaderBytesReceived: number;
  readonly upstreamHeaderBytesSent: number;

  /** The last byte of the request was received. */
  readonly requestCompleteMs: number | undefined;
  /** The first and last byte of the request were sent upstream. */
  readonly firstUpstreamTxMs: number | undefined;
  readonly lastUpstreamTxMs: number | undefined;
  /** The first and last byte of the response came from upstream. */
  readonly firstUpstreamRxMs: number | undefined;
  readonly lastUpstreamRxMs: number | undefined;
  /** The first and last byte of the response were sent downstream. */
  readonly firstDownstreamTxMs: number | undefined;
  readonly lastDownstreamTxMs: number | undefined;
  /** The stream ended. Logs are written then or later, so it is set. */
  readonly endMs: number | undefined;
  /** How long the pool took to hand out a connection. */
  readonly connectionPoolReadyMs: number | undefined;

  readonly routeName: string | undefined;
  readonly virtualHostName: string | undefined;
  readonly filterChainName: string | undefined;
  /** The cluster that the route named, and the one for statistics (alt_stat_name). */
  readonly upstreamCluster: string | undefined;
  readonly upstreamClusterStatName: string | undefined;
  readonly upstreamHost: SocketAddress | undefined;
  readonly upstreamHostname: string | undefined;
  /** Every host that a connection to was had, in order, where the data path keeps them (retries); left out otherwise. */
  readonly upstreamHostsAttempted?: readonly SocketAddress[] | undefined;
  readonly upstreamLocalAddress: SocketAddress | undefined;
  readonly upstreamConnectionId: number | undefined;
  readonly upstreamProtocol: Protocol | undefined;
  /** "delayed connect error: Connection refused", …: words of the last failed attempt. */
  readonly upstreamTransportFailureReason: string | undefined;
  /** Attempts made, the first included; 0 when none was. */
  readonly attemptCount: number;

  readonly downstreamRemoteAddress: SocketAddress;
  readonly downstreamLocalAddress: SocketAddress;
  /** The peer of the socket, whatever x-forwarded-for says. */
  readonly downstreamDirectRemoteAddress: SocketAddress;
  readonly downstreamDirectLocalAddress: SocketAddress;
  readonly requestedServerName: string | undefined;
  readonly connectionId: number;
  /** Unique in this process: for STREAM_ID when there is no x-request-id. */
  readonly streamId: string | undefined;
}
