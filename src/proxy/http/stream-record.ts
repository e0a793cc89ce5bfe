// The facts of one request that access logs and statistics see, as plain fields; emptied and used again for the next request.
import type { SocketAddress } from "#base/net.ts";
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { Protocol, StreamInfo } from "../stream-info.ts";

/** Where a connection comes from and goes to; the same for all its requests. */
export interface ConnectionFacts {
  readonly id: number;
  readonly remoteAddress: SocketAddress;
  readonly localAddress: SocketAddress;
  readonly filterChainName: string;
  readonly requestedServerName: string | undefined;
}

export class StreamRecord implements StreamInfo {
  startMs = 0;
  startWallMs = 0;
  protocol: Protocol | undefined = undefined;
  requestHead: RequestHead | undefined = undefined;
  responseHead: ResponseHead | undefined = undefined;
  responseTrailers: HeaderBlock | undefined = undefined;
  originalPath: string | undefined = undefined;
  responseCode = 0;
  responseCodeDetails: string | undefined = undefined;
  responseFlags = 0;
  connectionTerminationDetails: string | undefined = undefined;
  bytesReceived = 0;
  bytesSent = 0;
  downstreamWireBytesReceived = 0;
  downstreamWireBytesSent = 0;
  downstreamHeaderBytesReceived = 0;
  downstreamHeaderBytesSent = 0;
  upstreamWireBytesReceived = 0;
  upstreamWireBytesSent = 0;
  upstreamHeaderBytesReceived = 0;
  upstreamHeaderBytesSent = 0;
  requestCompleteMs: number | undefined = undefined;
  firstUpstreamTxMs: number | undefined = undefined;
  lastUpstreamTxMs: number | undefined = undefined;
  firstUpstreamRxMs: number | undefined = undefined;
  lastUpstreamRxMs: number | undefined = undefined;
  firstDownstreamTxMs: number | undefined = undefined;
  lastDownstreamTxMs: number | undefined = undefined;
  endMs: number | undefined = undefined;
  connectionPoolReadyMs: number | undefined = undefined;
  routeName: string | undefined = undefined;
  virtualHostName: string | undefined = undefined;
  upstreamCluster: string | undefined = undefined;
  upstreamClusterStatName: string | undefined = undefined;
  upstreamHost: SocketAddress | undefined = undefined;
  upstreamHostname: string | undefined = undefined;
  upstreamLocalAddress: SocketAddress | undefined = undefined;
  upstreamConnectionId: number | undefined = undefined;
  upstreamProtocol: Protocol | undefined = undefined;
  upstreamTransportFailureReason: string | undefined = undefined;
  attemptCount = 0;
  /** What x-forwarded-for makes of it; the socket's peer unless the connection manager trusts more. */
  downstreamRemoteAddress: SocketAddress;
  readonly #facts: ConnectionFacts;

  constructor(facts: ConnectionFacts) {
    this.#facts = facts;
    this.downstreamRemoteAddress = facts.remoteAddress;
  }

  get downstreamLocalAddress(): SocketAddress {
    return this.#facts.localAddress;
  }

  get downstreamDirectRemoteAddress(): SocketAddress {
    return this.#facts.remoteAddress;
  }

  get downstreamDirectLocalAddress(): SocketAddress {
    return this.#facts.localAddress;
  }

  get filterChainName(): string | undefined {
    return this.#facts.filterChainName === "" ? undefined : this.#facts.filterChainName;
  }

  get requestedServerName(): string | undefined {
    return this.#facts.requestedServerName;
  }

  get connectionId(): number {
    return this.#facts.id;
  }

  get streamId(): string | undefined {
    return undefined;
  }

  /** Empties all but what belongs to the connection. */
  resetRecord(nowMs: number, wallMs: number): void {
    this.startMs = nowMs;
    this.startWallMs = wallMs;
    this.protocol = undefined;
    this.requestHead = undefined;
    this.responseHead = undefined;
    this.responseTrailers = undefined;
    this.originalPath = undefined;
    this.responseCode = 0;
    this.responseCodeDetails = undefined;
    this.responseFlags = 0;
    this.connectionTerminationDetails = undefined;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.downstreamWireBytesReceived = 0;
    this.downstreamWireBytesSent = 0;
    this.downstreamHeaderBytesReceived = 0;
    this.downstreamHeaderBytesSent = 0;
    this.upstreamWireBytesReceived = 0;
    this.upstreamWireBytesSent = 0;
    this.upstreamHeaderBytesReceived = 0;
    this.upstreamHeaderBytesSent = 0;
    this.requestCompleteMs = undefined;
    this.firstUpstreamTxMs = undefined;
    this.lastUpstreamTxMs = undefined;
    this.firstUpstreamRxMs = undefined;
    this.lastUpstreamRxMs = undefined;
    this.firstDownstreamTxMs = undefined;
    this.lastDownstreamTxMs = undefined;
    this.endMs = undefined;
    this.connectionPoolReadyMs = undefined;
    this.routeName = undefined;
    this.virtualHostName = undefined;
    this.upstreamCluster = undefined;
    this.upstreamClusterStatName = undefined;
    this.attemptCount = 0;
    this.downstreamRemoteAddress = this.#facts.remoteAddress;
    this.resetUpstream();
  }

  /** Forgets the last attempt's host. */
  resetUpstream(): void {
    this.upstreamHost = undefined;
    this.upstreamHostname = undefined;
    this.upstreamLocalAddress = undefined;
    this.upstreamConnectionId = undefined;
    this.upstreamProtocol = undefined;
    this.upstreamTransportFailureReason = undefined;
  }
}
