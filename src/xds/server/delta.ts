// The incremental shape of the protocol: DeltaDiscoveryRequest in, DeltaDiscoveryResponse out. All rules that both shapes share
// are in type-state.ts and order.ts.
import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import type { Resource } from "./resource.ts";
import type { RequestOutcome } from "./server-stream.ts";
import type { TypeState } from "./type-state.ts";

/**
 * A request may be three things at once: an answer (response_nonce), a change of the subscription, and on the first of its
 * type a list of what the client still has. A nonce that is not waited for pairs with nothing, but the subscription change
 * beside it counts all the same (Istio drops it, which loses subscriptions).
 */
export function handleRequest(
  type: TypeState,
  request: DeltaDiscoveryRequest,
  isFirst: boolean,
  nowMs: number,
): RequestOutcome {
  const { typeUrl } = type;
  const nonce = request.responseNonce;
  let outcome: RequestOutcome | undefined;
  if (nonce !== "") {
    if (request.errorDetail === undefined) {
      const version = type.handleAck(nonce, nowMs);
      if (version !== undefined) outcome = { kind: "acked", typeUrl, version };
    } else {
      const nack = type.handleNack(nonce, request.errorDetail.message, nowMs);
      if (nack !== undefined) outcome = { kind: "nacked", typeUrl, ...nack };
    }
  }
  const change = type.subscription.change(
    request.resourceNamesSubscribe,
    request.resourceNamesUnsubscribe,
    isFirst,
  );
  type.handleSubscription(change, "delta");
  if (isFirst) type.claimEach(request.initialResourceVersions, nowMs);
  const hasChanged =
    isFirst || change.added.length > 0 || change.removed.length > 0 || change.wildcardEnded;
  return outcome ?? { kind: "subscribed", typeUrl, hasChanged };
}

/** A response that may be sent now; `send` marks it as sent. undefined: nothing to say. */
export function respond(
  type: TypeState,
  changed: readonly Resource[],
  removable: readonly string[],
  isPart: boolean,
): { send(nonce: string, nowMs: number): DeltaDiscoveryResponse } | undefined {
  const removed = [...removable, ...type.missing];
  if (changed.length === 0 && removed.length === 0 && !type.isAnswerOwed) return undefined;
  return {
    send: (nonce, nowMs) =>
      create(DeltaDiscoveryResponseSchema, {
        typeUrl: type.typeUrl,
        systemVersionInfo: type.handleSent({ nonce, changed, removed, isPart }, nowMs),
        nonce,
        removedResources: removed,
        resources: changed.map((resource) =>
          create(ResourceSchema, {
            name: resource.name,
            version: resource.version,
            resource: create(AnySchema, { typeUrl: resource.typeUrl, value: resource.body }),
          }),
        ),
      }),
  };
}
