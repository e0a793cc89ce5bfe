// Where requests go, against what a test expects: destinations, shares, subsets, hosts, copies.
import type { HTTPRouteDestination } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import {
  type DestinationShare,
  destinationShares,
  isCalled,
  isHost,
  shortHost,
  showCluster,
} from "../client/destination-name.ts";
import {
  type Evaluated,
  forwardsOf,
  list,
  mismatch,
  percent,
  showCalm,
  TOLERANCE,
} from "./evaluated.ts";

function isDestination(
  { destination }: HTTPRouteDestination,
  { name }: DestinationShare,
  namespaces: readonly string[],
): boolean {
  if (name === undefined || destination === undefined) return false;
  const port = destination.port?.number ?? 0;
  if (port !== 0 && port !== name.port) return false;
  return destination.subset === name.subset && isHost(destination.host, name.hostname, namespaces);
}

function showDestinations(route: readonly HTTPRouteDestination[], total: number): string {
  const shown = route.map(({ destination, weight }) => {
    const { host = "", subset = "", port } = destination ?? {};
    const name = `${shortHost(host, "default")}${subset === "" ? "" : ` ${subset}`}${port === undefined ? "" : ` port ${port.number}`}`;
    return total === 0 ? name : `${percent(weight / total)} ${name}`;
  });
  return `${route.length === 1 ? "destination" : "destinations"} ${list(shown)}`;
}

/** Weights count where the author gives any; without them only where requests go, not how many. */
export function compareRoute(
  route: readonly HTTPRouteDestination[],
  got: Evaluated,
): string | undefined {
  const total = route.reduce((sum, { weight }) => sum + weight, 0);
  const wrong = (): string => mismatch(showDestinations(route, total), showCalm(got));
  const shares = destinationShares(got.calm);
  if (shares.length === 0) return route.length === 0 ? undefined : wrong();
  const isOneOf = (share: DestinationShare): boolean =>
    route.some((one) => isDestination(one, share, got.namespaces));
  if (!shares.every(isOneOf)) return wrong();
  for (const one of route) {
    const found = shares.filter((share) => isDestination(one, share, got.namespaces));
    if (total === 0 && found.length === 0) return wrong();
    const share = found.reduce((sum, { share: part }) => sum + part, 0);
    const same = route.filter((other) =>
      found.some((share) => isDestination(other, share, got.namespaces)),
    );
    const wanted = same.reduce((sum, { weight }) => sum + weight, 0) / total;
    const ofOne = one.weight === 0 && found.length === 0 ? 0 : wanted;
    if (total > 0 && Math.abs(share - ofOne) > TOLERANCE) return wrong();
  }
  return undefined;
}

export function compareWeights(
  weights: ReadonlyMap<string, number>,
  got: Evaluated,
): string | undefined {
  const total = [...weights.values()].reduce((sum, one) => sum + one, 0);
  const shares = destinationShares(got.calm);
  const wanted = [...weights].map(([word, weight]) => `${percent(weight / total)} ${word}`);
  const wrong = (): string => mismatch(list(wanted), showCalm(got));
  if (total === 0) return shares.length === 0 ? undefined : wrong();
  let listed = 0;
  for (const [word, weight] of weights) {
    const share = shares
      .filter((one) => isCalled(word, one, got.namespaces))
      .reduce((sum, one) => sum + one.share, 0);
    if (Math.abs(share - weight / total) > TOLERANCE) return wrong();
    listed += share;
  }
  return shares.length > 0 && listed > 1 - TOLERANCE ? undefined : wrong();
}

export function compareSubset(subset: string, got: Evaluated): string | undefined {
  const shares = destinationShares(got.calm);
  const isAll = shares.length > 0 && shares.every(({ name }) => name?.subset === subset);
  return isAll ? undefined : mismatch(`subset ${subset === "" ? "none" : subset}`, showCalm(got));
}

/** An expected host may leave its port out. */
export function compareHosts(expected: readonly string[], got: Evaluated): string | undefined {
  const all = forwardsOf(got.calm).flatMap(({ hosts = [] }) => hosts);
  const seen = [
    ...new Set(all.filter(({ odds }) => odds > 0).map(({ address }) => address)),
  ].sort();
  const isThe = (address: string, word: string): boolean =>
    address === word || address.replace(/:\d+$/, "") === word;
  const isRight =
    seen.every((address) => expected.some((word) => isThe(address, word))) &&
    expected.every((word) => seen.some((address) => isThe(address, word)));
  return isRight
    ? undefined
    : mismatch(`hosts ${list(expected)}`, seen.length === 0 ? showCalm(got) : list(seen));
}

export function compareMirror(expected: readonly string[], got: Evaluated): string | undefined {
  const seen = [...new Set(forwardsOf(got.calm).flatMap(({ mirrors = [] }) => mirrors))];
  const names = destinationShares(
    seen.map((cluster) => ({ odds: 1, kind: "forward", because: "", cluster })),
  );
  const isRight =
    names.every((name) => expected.some((word) => isCalled(word, name, got.namespaces))) &&
    expected.every((word) => names.some((name) => isCalled(word, name, got.namespaces)));
  return isRight
    ? undefined
    : mismatch(
        `a copy to ${list(expected)}`,
        list(seen.map((cluster) => showCluster(cluster, got.namespaces[0]))),
      );
}
