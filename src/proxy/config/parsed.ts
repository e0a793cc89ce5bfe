// The outcome of parsing a message: the trusted value, or the one field for which the whole resource is refused.

export interface Rejected {
  readonly kind: "rejected";
  /** In the proto's names, from the resource down: `filter_chains[0].filters[0].typed_config.stat_prefix`; "" for the resource itself. */
  readonly path: string;
  /** What is wrong, with the value quoted, and what would be right. */
  readonly message: string;
}

export type Parsed<T> = { readonly kind: "parsed"; readonly value: T } | Rejected;

/** `path: message`, as it goes into a NACK. */
export function formatRejected(rejected: Rejected): string {
  return rejected.path === "" ? rejected.message : `${rejected.path}: ${rejected.message}`;
}
