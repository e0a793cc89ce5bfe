// What `sampan get` shows, whatever it is of: rows for people, and the values behind them.

export interface ListedItem {
  /** Tells it from the others, and stays while it changes. */
  readonly key: string;
  /** `-o name`: "virtualservice.networking.istio.io/reviews". */
  readonly name: string;
  readonly cells: readonly string[];
  /** Further columns of `-o wide`. */
  readonly wideCells: readonly string[];
  /** The documented shape for `-o json`. */
  readonly value: unknown;
}

export interface Listing {
  readonly columns: readonly string[];
  readonly wideColumns: readonly string[];
  readonly items: readonly ListedItem[];
}

export type LoadedListing =
  | ({ readonly kind: "loaded" } & Listing)
  | { readonly kind: "failed"; readonly message: string };
