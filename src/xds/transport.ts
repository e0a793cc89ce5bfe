// The stream ports: how the xDS engines are carried. gRPC is one adapter (io/grpc), a pair in memory another.
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";

/** State of the world, or incremental. One stream speaks one of them for all its life. */
export type XdsVariant = "sotw" | "delta";

/** A stream carries the messages of its variant only; `$typeName` tells them apart. */
export type XdsRequest = DiscoveryRequest | DeltaDiscoveryRequest;
export type XdsResponse = DiscoveryResponse | DeltaDiscoveryResponse;

/** How a stream ended: a gRPC status. */
export interface XdsStatus {
  /** One of STATUS. */
  readonly code: number;
  readonly message: string;
}

/** The gRPC status codes that xDS uses (grpc/grpc, doc/statuscodes.md). */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

// ---- client side ----

export interface XdsTransport {
  /**
   * Opens an aggregated stream. Connecting is part of it: requests sent before the connection is there wait, and a
   * failure to connect is an `onClosed`. Calls back only after `open` has returned.
   */
  open(variant: XdsVariant, handler: XdsStreamHandler): XdsStream;
  /** Closes what streams share (connections); streams still open are closed with it. */
  close(): void;
}

export interface XdsStreamHandler {
  /** The connection is there and the stream was sent out on it: what a server says next is about the stream. */
  onOpen(): void;
  onResponse(response: XdsResponse): void;
  /** Exactly once, and nothing after it. Not called after `XdsStream.close`. */
  onClosed(status: XdsStatus): void;
}

export interface XdsStream {
  send(request: XdsRequest): void;
  /** Gives the stream up; the handler hears nothing more. */
  close(): void;
}

// ---- server side ----

export interface XdsPeer {
  /** "127.0.0.1:41234", as the transport knows it; for logs and status pages. */
  readonly address: string;
}

/** What serves streams; the transport calls it once for each stream that a client opens. */
export interface XdsService {
  accept(stream: XdsServerStream, peer: XdsPeer): XdsServerHandler;
}

/** A client's stream as its server sees it. */
export interface XdsServerStream {
  readonly variant: XdsVariant;
  /** The one type of a per-type method (StreamClusters, …); undefined on an aggregated stream. The transport holds requests to it. */
  readonly typeUrl: string | undefined;
  /** True while `send` is worth calling: nothing waits in the transport's buffer. */
  readonly isWritable: boolean;
  /** Sends; false when the buffer is now full: wait for `onDrain`, however much there is to say. */
  send(response: XdsResponse): boolean;
  /** Ends the stream with a status; `onClosed` is not called. */
  close(status: XdsStatus): void;
}

export interface XdsServerHandler {
  onRequest(request: XdsRequest): void;
  onDrain(): void;
  /** The client or the connection ended the stream. Exactly once, and nothing after it. */
  onClosed(status: XdsStatus): void;
}
