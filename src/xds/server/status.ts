// What a status page, a wait command or CSDS wants to know of one stream.

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
