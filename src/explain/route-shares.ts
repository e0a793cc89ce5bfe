// How the requests that look alike divide among routes and clusters: exact odds over the one random number that each carries.
import type { RequestHead } from "#codec/http1/request-head.ts";
import { pickCluster } from "#proxy/route/pick-cluster.ts";
import type { ClusterChoice, CompiledRoute } from "#proxy/route/route-entry.ts";

/**
 * The dice of runtime fractions and of weights are the same number modulo different sides, so that they depend on each other.
 * Denominators are 100, 10,000 or a million: the largest is a multiple of the others, and its residues decide all fractions.
 */
export interface RouteShare {
  /** Place in the virtual host; undefined: no route. */
  readonly index: number | undefined;
  readonly route: CompiledRoute | undefined;
  readonly odds: number;
  /** One number that leads here. */
  readonly random: number;
  /** Residues modulo `sides` that lead here; undefined: all. */
  readonly residues: readonly number[] | undefined;
  readonly sides: number;
}

interface Contender {
  readonly index: number;
  readonly route: CompiledRoute;
}

export function routeShares(
  routes: readonly CompiledRoute[],
  head: RequestHead,
  pathEnd: number,
): readonly RouteShare[] {
  const contenders: Contender[] = [];
  for (const [index, route] of routes.entries()) {
    // 0 is the luckiest throw: who does not match with it never does.
    if (!route.matches(head, pathEnd, 0)) continue;
    contenders.push({ index, route });
    if (route.route.match.runtimeFraction === undefined) break;
  }
  const [first] = contenders;
  const only = (contender: Contender | undefined): RouteShare => ({
    index: contender?.index,
    route: contender?.route,
    odds: 1,
    random: 0,
    residues: undefined,
    sides: 1,
  });
  if (first?.route.route.match.runtimeFraction === undefined) return [only(first)];
  return divide(contenders);
}

function divide(contenders: readonly Contender[]): readonly RouteShare[] {
  const sides = contenders.reduce(
    (most, { route }) => Math.max(most, route.route.match.runtimeFraction?.denominator ?? 1),
    1,
  );
  const lists: number[][] = [...contenders.map(() => []), []];
  for (let residue = 0; residue < sides; residue += 1) {
    const winner = contenders.findIndex(({ route }) => {
      const fraction = route.route.match.runtimeFraction;
      return fraction === undefined || residue % fraction.denominator < fraction.numerator;
    });
    lists[winner === -1 ? contenders.length : winner]?.push(residue);
  }
  return lists.flatMap((residues, place) => {
    const [random] = residues;
    if (random === undefined) return [];
    const { index, route } = contenders[place] ?? {};
    return [{ index, route, odds: residues.length / sides, random, residues, sides }];
  });
}

export interface ChoiceShare {
  readonly choice: ClusterChoice | undefined;
  /** Of all requests that look alike, the route's share included. */
  readonly odds: number;
}

/** Where the requests of a route's share go. */
export function choiceShares(share: RouteShare, head: RequestHead): readonly ChoiceShare[] {
  const { route, odds } = share;
  if (route?.route.action.kind !== "forward") return [{ choice: undefined, odds }];
  const { cluster } = route.route.action;
  if (cluster.kind !== "weighted")
    return [{ choice: pickCluster(route, share.random, head), odds }];
  const { totalWeight } = cluster;
  let from = 0;
  const shares: ChoiceShare[] = [];
  for (const choice of route.choices) {
    const part = oddsBetween(share, from, choice.upTo, totalWeight);
    from = choice.upTo;
    if (part > 0) shares.push({ choice, odds: part });
  }
  return shares.length > 0 ? shares : [{ choice: undefined, odds }];
}

/** How likely a number is in the share and, modulo `total`, in [from, to). */
function oddsBetween(
  { residues, sides, odds }: RouteShare,
  from: number,
  to: number,
  total: number,
): number {
  if (residues === undefined) return (odds * (to - from)) / total;
  // By the Chinese remainder theorem two residues meet when they agree modulo the greatest common divisor, and then once.
  const common = greatestCommonDivisor(sides, total);
  let meetings = 0;
  for (const residue of residues) meetings += countCongruent(from, to, residue % common, common);
  return meetings / (sides * (total / common));
}

/** Whole numbers in [from, to) that leave `rest` when divided by `divisor`. */
function countCongruent(from: number, to: number, rest: number, divisor: number): number {
  return Math.ceil((to - rest) / divisor) - Math.ceil((from - rest) / divisor);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
