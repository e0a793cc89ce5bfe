// Which service and which proxies a person means; a name that the mesh does not have gets the nearest one.
import { nearest } from "#base/nearest.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import type { LoadedMesh } from "../client/mesh-names.ts";
import { plain } from "../shell/plain.ts";
import { isWorkload } from "./tap-filters.ts";
import type { TapOptions } from "./tap-session.ts";

type Mesh = Extract<LoadedMesh, { kind: "loaded" }>;

export type Resolved<T> =
  | { readonly kind: "resolved"; readonly value: T }
  | { readonly kind: "unknown"; readonly message: string };

/** The service as the mesh writes it. */
export function resolveService(
  { names }: Mesh,
  name: string | undefined,
): Resolved<string | undefined> {
  if (name === undefined) return { kind: "resolved", value: undefined };
  const value = names.serviceNamed(name);
  if (value !== undefined) return { kind: "resolved", value };
  return { kind: "unknown", message: unknownName("service", name, names.serviceNames) };
}

/** More than these are no help. */
const MAX_NAMES = 20;

function unknownName(what: string, name: string, known: readonly string[]): string {
  // "reviews" of "reviews.default", "reviews-v1" and "reviews" of "reviews-v1-1".
  const stems = known.flatMap((long) => [
    long.replace(/\..*/, ""),
    long.replace(/-[^-]*$/, ""),
    long.replace(/-.*/, ""),
  ]);
  const near = nearest(name, [...known, ...stems]);
  const shown = known
    .slice(0, MAX_NAMES)
    .map((one) => plain(one))
    .join(", ");
  const hint =
    near === undefined ? `There are ${shown || "none"}.` : `Did you mean ${plain(near)}?`;
  return `No ${what} ${JSON.stringify(name)} in the mesh. ${hint}`;
}

/** Those that `from` names; undefined: all. */
export function chooseProxies(
  { proxies }: Mesh,
  from: string | undefined,
  isInbound: boolean,
): Resolved<TapOptions["isChosen"]> {
  // Gateways are sent requests from outside only, which to them are outbound.
  if (isInbound) return { kind: "resolved", value: ({ type }) => type === "sidecar" };
  if (from === undefined) return { kind: "resolved", value: () => true };
  const isChosen = ({ name, namespace }: ProxyReport): boolean =>
    isWorkload(name, from) || `${name}.${namespace}` === from;
  if (proxies.some(isChosen)) return { kind: "resolved", value: isChosen };
  const known = proxies.map(({ name }) => name);
  return { kind: "unknown", message: unknownName("workload with a proxy", from, known) };
}
