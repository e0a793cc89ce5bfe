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

/** ACK, or NACK. */
export type Verdict =
  | { readonly kind: "accepted" }
  | {
      readonly kind: "rejected";
      /** For the people behind the server: each refused resource by name, a colon, and what is wrong with which field. */
      readonly message: string;
      /** Names of what was refused, when everything else in the update was taken; "all" when nothing was. */
      readonly refused: ReadonlySet<string> | "all";
    };

export const ACCEPTED: Verdict = { kind: "accepted" };

export interface ResourceOwner {
  /** A response came. Must not throw on any content. Resources nobody asked for are to be ignored quietly. */
  handleUpdate(update: ResourceUpdate): Verdict;
}
