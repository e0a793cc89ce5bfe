// Names and kinds of the counters and gauges that belong together, and their places in a block's array.

export type StatKind = "counter" | "gauge";

declare const GROUP: unique symbol;

/** A place in a `StatBlock` of the same group: ids of one group do not fit a block of another. */
export type StatId<G extends string = string> = number & { readonly [GROUP]?: G };

/** What the store needs to know of a group: `names[i]` of kind `kinds[i]` has id i. */
export interface StatsTable<G extends string = string> {
  readonly group: G;
  readonly names: readonly string[];
  readonly kinds: readonly StatKind[];
}

/** A group as its users see it: one id for each name (`CLUSTER.upstream_rq_total`), and the table for the store. */
export type StatsSchema<G extends string = string, N extends string = never> = {
  readonly [K in N]: StatId<G>;
} & { readonly table: StatsTable<G> };

/** Gives each name of `kinds` its id, in the order written. */
export function defineStats<G extends string, N extends string>(
  group: G,
  kinds: Readonly<Record<N, StatKind>>,
): StatsSchema<G, N> {
  const names = Object.keys(kinds) as N[];
  const table: StatsTable<G> = { group, names, kinds: names.map((name) => kinds[name]) };
  const ids = Object.fromEntries(names.map((name, id) => [name, id]));
  return { ...ids, table } as StatsSchema<G, N>;
}
