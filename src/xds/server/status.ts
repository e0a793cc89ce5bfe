// What a status page, a wait command or CSDS wants to know of one stream.
import type { TypeState } from "./type-state.ts";

/** live: the client accepted everything of the newest world; behind: something is on its way; rejected: it refused something of it. */
export type SyncState = "live" | "behind" | "rejected";

export interface TypeStatus {
  readonly typeUrl: string;
  readonly isWildcard: boolean;
  /** Names subscribed to besides the wildcard. */
  readonly nameCount: number;
  readonly resourceCount: number;
  /** "" before anything was sent. */
  readonly sentVersion: string;
  readonly sentNonce: string;
  readonly sentAtMs: number | undefined;
  readonly ackedVersion: string;
  readonly ackedAtMs: number | undefined;
  /** The last refusal, kept after it was mended. */
  readonly lastNack: NackStatus | undefined;
  readonly sync: SyncState;
}

export interface NackStatus {
  /** The client's words; unescaped, cut at MAX_NACK_CHARACTERS. */
  readonly message: string;
  readonly version: string;
  readonly nonce: string;
  readonly atMs: number;
}

export interface ResourceStatus {
  readonly name: string;
  /** undefined: not sent yet. */
  readonly sentVersion: string | undefined;
  /** The last version that the client accepted. */
  readonly acceptedVersion: string | undefined;
  /** held: waits for clusters that it names; absent: asked for by name and does not exist. */
  readonly state: "pending" | "held" | "sent" | "accepted" | "refused" | "removing" | "absent";
  /** The client's words when it is refused. */
  readonly refusal: string | undefined;
}

export function typeStatus(type: TypeState): TypeStatus {
  return {
    typeUrl: type.typeUrl,
    isWildcard: type.subscription.isWildcard,
    nameCount: type.subscription.names.size,
    resourceCount: type.sent.size,
    sentVersion: type.sentVersion,
    sentNonce: type.sentNonce,
    sentAtMs: type.sentAtMs,
    ackedVersion: type.ackedVersion,
    ackedAtMs: type.ackedAtMs,
    lastNack: type.lastNack,
    sync: type.refusals.size > 0 ? "rejected" : type.isSettled ? "live" : "behind",
  };
}

export function resourceStatuses(type: TypeState): ResourceStatus[] {
  const names = new Set([
    ...type.sent.keys(),
    ...type.toSend.keys(),
    ...type.subscription.names.keys(),
  ]);
  return [...names].sort().map((name) => ({
    name,
    sentVersion: type.sent.get(name)?.version,
    acceptedVersion: type.accepted(name)?.version,
    state: stateOf(type, name),
    refusal: type.refusals.get(name),
  }));
}

function stateOf(type: TypeState, name: string): ResourceStatus["state"] {
  if (type.toRemove.has(name)) return "removing";
  if (type.heldUntilMs.has(name)) return "held";
  if (type.toSend.has(name)) return "pending";
  if (type.refusals.has(name)) return "refused";
  if (type.isAccepted(name)) return "accepted";
  return type.sent.has(name) ? "sent" : "absent";
}
