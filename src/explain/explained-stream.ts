// A stream as header formats see it, of a request that was never sent: what only a real one has is not there.
import type { SocketAddress } from "#base/net.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { StreamInfo } from "#proxy/stream-info.ts";

const NOBODY: SocketAddress = { host: "127.0.0.1", port: 0 };

const NOTHING: Omit<StreamInfo, "requestHead"> = {
  startMs: 0,
  startWallMs: 0,
  protocol: "HTTP/1.1",
  responseHead: undefined,
  responseTrailers: undefined,
  originalPath: undefined,
  responseCode: 0,
  responseCodeDetails: undefined,
  responseFlags: 0,
  connectionTerminationDetails: undefined,
  bytesReceived: 0,
  bytesSent: 0,
  downstreamWireBytesReceived: 0,
  downstreamWireBytesSent: 0,
  downstreamHeaderBytesReceived: 0,
  downstreamHeaderBytesSent: 0,
  upstreamWireBytesReceived: 0,
  upstreamWireBytesSent: 0,
  upstreamHeaderBytesReceived: 0,
  upstreamHeaderBytesSent: 0,
  requestCompleteMs: undefined,
  firstUpstreamTxMs: undefined,
  lastUpstreamTxMs: undefined,
  firstUpstreamRxMs: undefined,
  lastUpstreamRxMs: undefined,
  firstDownstreamTxMs: undefined,
  lastDownstreamTxMs: undefined,
  endMs: undefined,
  connectionPoolReadyMs: undefined,
  routeName: undefined,
  virtualHostName: undefined,
  filterChainName: undefined,
  upstreamCluster: undefined,
  upstreamClusterStatName: undefined,
  upstreamHost: undefined,
  upstreamHostname: undefined,
  upstreamLocalAddress: undefined,
  upstreamConnectionId: undefined,
  upstreamProtocol: undefined,
  upstreamTransportFailureReason: undefined,
  attemptCount: 1,
  downstreamRemoteAddress: NOBODY,
  downstreamLocalAddress: NOBODY,
  downstreamDirectRemoteAddress: NOBODY,
  downstreamDirectLocalAddress: NOBODY,
  requestedServerName: undefined,
  connectionId: 0,
  streamId: undefined,
};

export function explainedStream(requestHead: RequestHead): StreamInfo {
  return { ...NOTHING, requestHead };
}
