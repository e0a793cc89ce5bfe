// What the client engine gives to whoever wants the resources, and what it wants to hear back.

export interface ReceivedResource {
  /** Known from the protocol in delta and in wrapped SotW resources; otherwise "" and only the body says it. */
  readonly name: string;
  /** Its own version in delta, that of the response in SotW. */
  readonly version: string;
  /** The encoded message, of the update's type. */
  readonly body: Uint8Array;
}

export interface ResourceUpdate {
  readonly typeUrl: string;
  /** version_info or system_version_info. */
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
  /** Delta: gone, or never there. */
  readonly removed: readonly string[];
  /** SotW listeners and clusters: what is not in `resources` is gone. */
  readonly isFullState: boolean;
}

/** ACK, or NACK with the words that the server's people will read: name the resource and the field, with a colon after the name. */
export type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "rejected"; readonly message: string };

export const ACCEPTED: Verdict = { kind: "accepted" };

export interface ResourceOwner {
  /** A response came. Must not throw on any content. Resources nobody asked for are to be ignored quietly. */
  handleUpdate(update: ResourceUpdate): Verdict;
}
