// What one page of `sampan proxy-config` shows: its columns, and a row for each resource with the message behind it.
import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { messageToDumpedJson } from "#api/json-unknown-any.ts";
import type { ProxyConfiguration } from "#explain/proxy-configuration.ts";

/**
 * A message of Envoy's API in its JSON form, names in camelCase: `-o json` prints a list of them (bootstrap: one). Endpoints and
 * secrets are objects of our own, with the columns' facts.
 */
export type EnvoyJson = JsonValue;

/** `sampan proxy-config all -o json`. */
export interface AllPages {
  /** Left out when the dump holds none. */
  readonly bootstrap?: EnvoyJson;
  readonly clusters: readonly EnvoyJson[];
  readonly listeners: readonly EnvoyJson[];
  readonly routes: readonly EnvoyJson[];
  readonly endpoints: readonly EnvoyJson[];
  readonly secrets: readonly EnvoyJson[];
}

export interface ConfigRow {
  readonly cells: readonly string[];
  /** What the flags of the page choose by: "port" -> "9080". */
  readonly keys: Readonly<Record<string, string>>;
  readonly json: () => EnvoyJson;
}

export interface ConfigPage {
  /** istioctl's. */
  readonly columns: readonly string[];
  readonly rows: (configuration: ProxyConfiguration) => readonly ConfigRow[];
}

/** The same text for all rows of one message. */
export const jsonOf =
  <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>) =>
  (): EnvoyJson =>
    messageToDumpedJson(schema, message);

/** By code units, as istioctl's tables are sorted. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** "default/reviews" of "VirtualService default/reviews" as istioctl writes it: reviews.default. */
export function shortObject(object: string | undefined): string {
  const [, namespace, name] = /^\S+ ([^/]*)\/(.+)$/.exec(object ?? "") ?? [];
  return name === undefined ? "" : `${name}.${namespace}`;
}

/** Rows that every given filter fits, case not counted; a text fits as a whole, a service also by a part of its host name. */
export function choose(
  rows: readonly ConfigRow[],
  filters: Readonly<Record<string, string | undefined>>,
): readonly ConfigRow[] {
  const wanted = Object.entries(filters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return rows.filter(({ keys }) =>
    wanted.every(([key, value]) => {
      const found = (keys[key] ?? "").toLowerCase();
      const asked = value.toLowerCase();
      return found === asked || (key === "fqdn" && found.includes(asked));
    }),
  );
}
