// What is known of one request, and how comparisons speak of it.
import type { HTTPRoute } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { Outcome } from "#explain/explain.ts";
import { showCluster } from "../client/destination-name.ts";

/** What is known of one request. */
export interface Evaluated {
  /** With all that may befall it. */
  readonly outcomes: readonly Outcome[];
  /** The same as if no fault were injected: where it goes when it goes. */
  readonly calm: readonly Outcome[];
  readonly uri: string;
  /** Where names without a domain are looked for: the client's, and that of the VirtualService. */
  readonly namespaces: readonly [string, ...string[]];
  /** The http route as its author wrote it, where that is known. */
  readonly spec: HTTPRoute | undefined;
  /** The VirtualServices that it comes from: "namespace/name". */
  readonly virtualServices: readonly string[];
}

/** Shares are rounded by nobody, percentages in configuration are: a ten-thousandth is the finest there is. */
export const TOLERANCE: number = 0.0001 + 1e-9;

export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

export const list = (items: readonly string[]): string =>
  items.length === 0 ? "none" : items.join(", ");

export const mismatch = (wanted: string, got: string): string =>
  `expected ${wanted}, but got ${got}`;

export const forwardsOf = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ kind }) => kind === "forward");

/** "50 % reviews v1, 50 % reviews v3"; or what happens instead of going anywhere. */
export function showOutcomes(outcomes: readonly Outcome[], namespace: string): string {
  const shown = outcomes.map((outcome) => {
    const { kind, status, location, cluster } = outcome;
    const where = cluster === undefined ? undefined : showCluster(cluster, namespace);
    if (kind === "forward")
      return { text: where ?? "a cluster without a name", odds: outcome.odds };
    const what =
      kind === "redirect"
        ? `a redirect ${status} to ${location}`
        : `${kind === "reply" ? "the proxy's own" : kind} ${status ?? ""}`;
    const why = where === undefined ? outcome.because : `${where}: ${outcome.because}`;
    return { text: `${what.trim()} (${why})`, odds: outcome.odds };
  });
  const odds = new Map<string, number>();
  for (const one of shown) odds.set(one.text, (odds.get(one.text) ?? 0) + one.odds);
  if (odds.size === 1) return [...odds.keys()].join("");
  return [...odds].map(([text, share]) => `${percent(share)} ${text}`).join(", ");
}

export const showCalm = ({ calm, namespaces }: Evaluated): string =>
  showOutcomes(calm, namespaces[0]);

export function compareEach(
  what: string,
  wanted: string,
  got: Evaluated,
  read: (outcome: Outcome) => string,
): string | undefined {
  const forwards = forwardsOf(got.calm);
  if (forwards.length === 0) return mismatch(`${what} ${wanted}`, showCalm(got));
  const values = [...new Set(forwards.map(read))];
  return values.length === 1 && values[0] === wanted
    ? undefined
    : mismatch(`${what} ${wanted}`, list(values));
}
