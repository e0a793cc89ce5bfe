// One client's stream as its server sees it: requests in, responses out. Knows no transport, no clock and no content.
import type { Node } from "#api/envoy/config/core/v3/base_pb.ts";
import type { XdsRequest, XdsResponse, XdsStatus, XdsVariant } from "#xds/transport.ts";
import type { ResourceSource } from "./resource.ts";
import type { ResourceStatus, TypeStatus } from "./status.ts";

/** What a request turned out to be. */
export type RequestOutcome =
  /** First request of a type, or a change of what is subscribed to. */
  | { readonly kind: "subscribed"; readonly typeUrl: string }
  | { readonly kind: "acked"; readonly typeUrl: string; readonly version: string }
  | {
      readonly kind: "nacked";
      readonly typeUrl: string;
      readonly version: string;
      /** The client's words, cut at MAX_NACK_CHARACTERS; unescaped. */
      readonly message: string;
      /** The resources that the words name; all that were new in the response when they name none. */
      readonly names: readonly string[];
    }
  /** SotW: it answers a response that is not the last; ignored as the protocol wants. */
  | { readonly kind: "stale"; readonly typeUrl: string }
  /** The peer's fault: end the stream with this status. */
  | { readonly kind: "refused"; readonly status: XdsStatus };

export interface ServerStream {
  readonly variant: XdsVariant;
  /** From the first request; undefined before it. */
  readonly node: Node | undefined;
  handleRequest(request: XdsRequest, nowMs: number): RequestOutcome;
  /** The newest world. Replaces an older one at once; what the client already has is not sent again. */
  offer(source: ResourceSource, nowMs: number): void;
  /** The next message to send; call until undefined after anything was handled. Each call counts as sent at `nowMs`. */
  nextResponse(nowMs: number): XdsResponse | undefined;
  /** Ordering waits for acknowledgements only so long. */
  handleTimeout(nowMs: number): void;
  nextTimeoutMs(): number | undefined;
  /** One line a type that was asked for, in the order of types. */
  status(): readonly TypeStatus[];
  /** Every resource of a type that this client was sent or waits for. */
  resources(typeUrl: string): readonly ResourceStatus[];
}

export declare function createServerStream(variant: XdsVariant): ServerStream;
