// The state-of-the-world shape of the protocol: DiscoveryRequest in, DiscoveryResponse out. All rules that both shapes share
// are in type-state.ts and order.ts.
import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { SetVersion } from "#xds/content-version.ts";
import { isFullState } from "#xds/type-url.ts";
import type { Resource } from "./resource.ts";
import type { RequestOutcome } from "./server-stream.ts";
import type { TypeState } from "./type-state.ts";

/**
 * ```
 *   first of its type ──► subscription (version_info: what the client still has)
 *   nonce empty ────────► subscription
 *   nonce of the last ──► ACK, or NACK with error_detail; and subscription
 *   any other nonce ────► stale, dropped: the client will answer the newer response, with all names again
 * ```
 */
export function handleRequest(
  type: TypeState,
  request: DiscoveryRequest,
  isFirst: boolean,
  nowMs: number,
): RequestOutcome {
  const { typeUrl } = type;
  const nonce = request.responseNonce;
  // A nonce before anything was sent belongs to an earlier stream; nonces do not outlive theirs.
  const isAnswer = nonce !== "" && type.sentNonce !== "";
  if (isAnswer && nonce !== type.sentNonce) return { kind: "stale", typeUrl };
  if (isFirst) type.claim(request.versionInfo);

  let outcome: RequestOutcome | undefined;
  if (isAnswer) {
    type.settleEarlier(nonce);
    if (request.errorDetail === undefined) {
      const version = type.handleAck(nonce, nowMs);
      if (version !== undefined) outcome = { kind: "acked", typeUrl, version };
    } else {
      const nack = type.handleNack(nonce, request.errorDetail.message, nowMs);
      if (nack !== undefined) outcome = { kind: "nacked", typeUrl, ...nack };
    }
  }
  const change = type.subscription.replace(request.resourceNames);
  type.handleSubscription(change, "sotw");
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
): { send(nonce: string, nowMs: number): DiscoveryResponse } | undefined {
  if (!isFullState(type.typeUrl)) {
    // Only what changed; there is no message for removal, the client lets go when the parent does.
    if (removable.length > 0 || type.missing.size > 0) type.forgetRemoved(removable);
    // A wildcard that has nothing to show is answered all the same, so that the client stops waiting.
    if (changed.length === 0 && !type.isAnswerOwed) return undefined;
    return {
      send: (nonce, nowMs) =>
        message(
          type,
          changed,
          nonce,
          type.handleSent({ nonce, changed, removed: [], isPart }, nowMs),
        ),
    };
  }
  if (changed.length === 0 && removable.length === 0 && !type.isAnswerOwed) return undefined;
  const state = fullState(type, new Set(changed), new Set(removable));
  const sum = new SetVersion();
  for (const resource of state) sum.add(resource.version);
  const response = { changed, removed: removable, fullVersion: sum.toString(), isPart };
  if (!type.isAnswerOwed && type.isAcknowledged(response.fullVersion)) {
    // The client has exactly this: what goes it never had, because it refused it; what changes goes back to the last good.
    type.adopt(changed, removable);
    return undefined;
  }
  return {
    send: (nonce, nowMs) =>
      message(type, state, nonce, type.handleSent({ nonce, ...response }, nowMs)),
  };
}

/**
 * Everything that the client shall have after this response, because what is left out is deleted: the newest world, but
 * the sent version of what must wait, the last good version of what it refused, and what must not be removed yet.
 */
function fullState(
  type: TypeState,
  changed: ReadonlySet<Resource>,
  removable: ReadonlySet<string>,
): Resource[] {
  const state: Resource[] = [];
  for (const [name, sent] of type.sent) {
    if (removable.has(name)) continue;
    if (changed.has(sent)) continue;
    const next = type.toSend.get(name);
    if (next !== undefined && changed.has(next)) continue;
    if (type.refusals.has(name) || type.isSetAside(name)) {
      // Contained: without this the whole response would be refused again and again for one resource.
      const good = type.accepted(name);
      if (good !== undefined) state.push(good);
    } else {
      state.push(sent);
    }
  }
  state.push(...changed);
  return state;
}

function message(
  type: TypeState,
  resources: readonly Resource[],
  nonce: string,
  versionInfo: string,
): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    typeUrl: type.typeUrl,
    versionInfo,
    nonce,
    resources: resources.map((resource) =>
      create(AnySchema, { typeUrl: resource.typeUrl, value: resource.body }),
    ),
  });
}
